"""Which faces a network has seen in training, by the hashes in its weight file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.copies import find_copies, perceptual_hashes
from data.splits import image_hashes
from models.weights_file import WeightsFile


@dataclass(frozen=True)
class Seen:
    """Which of N faces any of some networks was trained on, and which hash says so.

    exact: (N,) bool, the face itself. perceptual: (N,) bool, only a copy, such as the same face as a JPEG.
    lacking: the names of the weights that lack perceptual hashes of all or some faces, as older files do.
    """

    exact: np.ndarray
    perceptual: np.ndarray
    lacking: tuple[str, ...] = ()

    @property
    def faces(self) -> np.ndarray:
        """(N,) bool: all that were seen."""
        return self.exact | self.perceptual

    def select(self, indices: np.ndarray) -> "Seen":
        """Which of these faces were seen. indices: int or bool, as of numpy arrays."""
        return Seen(self.exact[indices], self.perceptual[indices], self.lacking)

    def __str__(self) -> str:
        text = (
            f"{self.exact.sum():,} by the exact hash, {self.perceptual.sum():,} more by the perceptual hash"
        )
        if self.lacking:
            text += f", which {', '.join(self.lacking)} {'lack' if len(self.lacking) > 1 else 'lacks'}"
        return text


def seen_among(images: np.ndarray, hashes: np.ndarray, perceptual: np.ndarray | None) -> Seen:
    """Which of (N, 48, 48) uint8 images are among the faces that have these hashes.

    hashes: (M,) uint64, exact. perceptual: (K, 2) uint64, or None.
    """
    exact = np.isin(image_hashes(images), hashes)
    copies = np.zeros(len(images), bool)
    if perceptual is not None:
        copies = find_copies(perceptual_hashes(images), perceptual)
    return Seen(exact, copies & ~exact)


def find_seen(images: np.ndarray, weights: Sequence[WeightsFile]) -> Seen:
    """Which of (N, 48, 48) uint8 images any of the weights was fitted to, as they are or as a copy."""
    known = [each.perceptual_hashes for each in weights if each.perceptual_hashes is not None]
    seen = seen_among(
        images,
        np.concatenate([each.training_hashes for each in weights]),
        np.concatenate(known) if known else None,
    )
    # A run that started from older weights holds those of its own faces only.
    lacking = tuple(
        each.name
        for each in weights
        if each.perceptual_hashes is None or len(each.perceptual_hashes) < len(each.training_hashes)
    )
    return replace(seen, lacking=lacking)
