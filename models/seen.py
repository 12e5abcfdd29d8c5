"""Which faces a network has seen in training, by the hashes in its weight file."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def find_seen(images: np.ndarray, weights: Sequence[WeightsFile]) -> Seen:
    """Which of (N, 48, 48) uint8 images any of the weights was fitted to, as they are or as a copy."""
    exact = np.isin(image_hashes(images), np.concatenate([each.training_hashes for each in weights]))
    known = [each.perceptual_hashes for each in weights if each.perceptual_hashes is not None]
    copies = np.zeros(len(images), bool)
    if known:
        copies = find_copies(perceptual_hashes(images), np.concatenate(known))
    # A run that started from older weights holds those of its own faces only.
    lacking = tuple(
        each.name
        for each in weights
        if each.perceptual_hashes is None or len(each.perceptual_hashes) < len(each.training_hashes)
    )
    return Seen(exact, copies & ~exact, lacking)
