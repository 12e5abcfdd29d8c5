"""Telling faces apart by hashes, finding duplicates, and splits that keep duplicates on one side.

The exact hash finds the same grey levels. The perceptual hash of a face is the signs of its 128 lowest
frequencies without the mean (discrete cosine transform, as in pHash). It depends on neither brightness nor
contrast, and a picture that was stored as JPEG or rounded changes few of the signs. How many duplicates it
finds and how often it is wrong: docs/results.md.

The values of both hashes are stored in weight files, so they never change.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data import CLASS_NAMES, IMAGE_SIZE, InputError

BITS = 128
WORDS = BITS // 64
# Faces whose hashes differ in more bits are different faces. Measured: docs/results.md.
MOST_BITS = 4
# Frequencies in each direction; of these 256, the 128 with the smallest sums u + v are taken.
_FREQUENCIES = 16
# Whole numbers, so that sums are exact and the same on every machine.
_ANGLES = np.pi * np.arange(_FREQUENCIES)[:, None] * (2 * np.arange(IMAGE_SIZE) + 1) / (2 * IMAGE_SIZE)
_COSINES = np.rint(1024 * np.cos(_ANGLES))
_LOWEST = sorted(np.ndindex(_FREQUENCIES, _FREQUENCIES), key=lambda uv: (sum(uv), abs(uv[0] - uv[1]), uv))
_CHOSEN = tuple(np.array(_LOWEST[1 : BITS + 1]).T)
_CHUNK = 1024


@dataclass(frozen=True)
class Hashes:
    """Hashes of faces, as weight files hold those of the faces that a network was trained on.

    exact: (N,) uint64 from image_hashes.
    perceptual: (M, 2) uint64 from perceptual_hashes. In weight files each value occurs once, so M may be less
        than N; weights of older versions have none.
    """

    exact: np.ndarray
    perceptual: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray) -> "Hashes":
        """Those of (N, 48, 48) uint8 images, in their order."""
        return cls(image_hashes(images), perceptual_hashes(images))

    def union(self, other: "Hashes") -> "Hashes":
        """The hashes of both, sorted and each once."""
        perceptual = np.unique(np.concatenate([self.perceptual, other.perceptual]), axis=0)
        return Hashes(np.union1d(self.exact, other.exact), perceptual)


def image_hashes(images: np.ndarray) -> np.ndarray:
    """(N,) uint64 BLAKE2b hashes of `images`, (N, 48, 48) uint8: equal faces have equal hashes.

    They are the same on every machine. Two different faces of a million share a hash with a probability
    below 1e-7.
    """
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def perceptual_hashes(images: np.ndarray) -> np.ndarray:
    """(N, 2) uint64 hashes of `images`, (N, 48, 48) uint8, the same on every machine.

    Those of duplicates differ in at most MOST_BITS bits, those of different photographs in more.
    """
    hashes = np.empty((len(images), WORDS), np.uint64)
    for start in range(0, len(images), _CHUNK):
        frequencies = _COSINES @ images[start : start + _CHUNK].astype(np.float64) @ _COSINES.T
        bits = np.packbits(frequencies[:, *_CHOSEN] > 0, axis=1)
        hashes[start : start + _CHUNK] = np.ascontiguousarray(bits).view("<u8")
    return hashes


def trained_on(images: np.ndarray, known: Sequence[Hashes]) -> np.ndarray:
    """(N,) bool: which faces are, by either hash, duplicates of any that these networks were trained on.

    images: (N, 48, 48) uint8. known: the hashes in each network's weight file.
    """
    hashes = Hashes.of(images)
    found = np.isin(hashes.exact, np.concatenate([each.exact for each in known]))
    perceptual = np.unique(np.concatenate([each.perceptual for each in known]), axis=0)
    for faces, _ in _near_pairs(hashes.perceptual, perceptual):
        found[faces] = True
    return found


def group_duplicates(hashes: Hashes) -> np.ndarray:
    """(N,) int, the group of each face of Hashes.of(): duplicates, their duplicates, and so on, share one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    different, index_of_face = np.unique(hashes.perceptual, axis=0, return_inverse=True)
    first, second = np.concatenate([np.stack(pair) for pair in _near_pairs(different, different)], axis=1)
    near = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(different),) * 2)
    return connected_components(near)[1][index_of_face]


def _near_pairs(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices into (N, 2) and (M, 2) hashes of the pairs that differ in at most MOST_BITS bits.

    Few different bits cannot be in all of MOST_BITS + 1 blocks, so only hashes with an equal block of 16 bits
    are compared.
    """
    for block in range(MOST_BITS + 1):
        left, right = (pd.DataFrame({"block": each.view(np.uint16)[:, block]}) for each in (first, second))
        pairs = left.reset_index().merge(right.reset_index(), on="block")
        one, other = pairs["index_x"].to_numpy(), pairs["index_y"].to_numpy()
        is_near = np.bitwise_count(first[one] ^ second[other]).sum(axis=1) <= MOST_BITS
        yield one[is_near], other[is_near]


def in_fold(exact: np.ndarray, number: int, count: int) -> np.ndarray:
    """(N,) bool: which faces are in fold `number`, from 1, of `count`; identical faces are in one fold.

    exact: (N,) uint64 from image_hashes. They alone decide, so that the folds of all runs fit together.
    """
    return exact % np.uint64(count) == number - 1


def parse_fold(text: str) -> tuple[int, int]:
    """K and N of 'K/N', the K-th of N folds, from 1. Raises InputError."""
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) and int(count) > 1:
        return int(number), int(count)
    raise InputError(f"--fold {text}: is not K/N, fold K of N, such as 1/5 to 5/5")


def split_validation(
    labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sorted row indices of the faces to learn from and of those to hold out; together they are all rows.

    labels: (N,) int indices into CLASS_NAMES. groups: (N,) int from group_duplicates; no group is on both
    sides. Each class gives about `fraction` of its faces; a group counts for the class of its first face. The
    same arguments give the same split.
    Raises InputError when the fraction is not above 0 and at most 0.5, or a class cannot be on both sides.
    """
    from sklearn.model_selection import train_test_split  # StratifiedGroupKFold takes 25 s for 28,709 faces

    if not 0 < fraction <= 0.5:
        raise InputError(f"validation fraction {fraction}: must be above 0 and at most 0.5, for example 0.2")
    _, first_of_group, group_of_face = np.unique(groups, return_index=True, return_inverse=True)
    label_of_group = labels[first_of_group]
    classes, counts = np.unique(label_of_group, return_counts=True)
    if fraction * len(label_of_group) < len(classes) or not len(classes):
        problem = f"of {len(labels):,} faces is less than one of each class"
        raise InputError(f"validation fraction {fraction}: {problem}; give a larger one, or more faces")
    if counts.min() < 2:
        rare = CLASS_NAMES[classes[counts.argmin()]]
        raise InputError(f"class {rare}: has one face, too few to split; add more, or --validation none")
    sizes = {"test_size": fraction, "random_state": seed, "stratify": label_of_group}
    _, held_out = train_test_split(np.arange(len(label_of_group)), **sizes)
    is_held_out = np.isin(group_of_face, held_out)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
