"""Telling faces apart by a hash, and a validation split that shares no face with the training split."""

import hashlib

import numpy as np

from data.dataset import CLASS_NAMES, NUM_CLASSES
from data.errors import InputError


def image_hashes(images: np.ndarray) -> np.ndarray:
    """(N,) uint64 BLAKE2b hashes of `images`, (N, 48, 48) uint8: equal faces have equal hashes.

    They are the same on every machine. Two different faces of a million share a hash with a probability
    below 1e-7. Raises ValueError when the images are not uint8, since scaled faces would give other hashes.
    """
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 grey levels, not {images.dtype}")
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def in_fold(hashes: np.ndarray, number: int, count: int) -> np.ndarray:
    """(N,) bool: which faces are in fold `number`, from 1, of `count`; identical faces are in one fold.

    hashes: (N,) uint64 from image_hashes, which decide alone, so that the folds of all runs fit together.
    """
    return hashes % np.uint64(count) == number - 1


def split_validation(
    labels: np.ndarray, hashes: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sorted row indices of the training and of the validation split; together they are all rows.

    labels: (N,) int indices into CLASS_NAMES. hashes: (N,) uint64 from group_copies or image_hashes.
    Each class gives `fraction` of its rows (rounded, at least one) to validation. Rows of equal hash
    stay on one side, even where their labels conflict: FER2013 holds 1,855 exact copies.
    The same arguments give the same split.
    Raises InputError when the fraction is not between 0 and 1, less than one face, or a class
    cannot be on both sides.
    """
    if not 0 < fraction < 1:
        raise InputError(
            f"validation fraction {fraction}: must be above 0 and below 1, for example 0.2 for a fifth"
        )
    if len(labels) != len(hashes):
        raise ValueError(f"{len(labels)} labels but {len(hashes)} hashes")

    _, group_of_row = np.unique(hashes, return_inverse=True)
    group_counts = np.zeros((group_of_row.max(initial=-1) + 1, NUM_CLASSES), np.int64)
    np.add.at(group_counts, (group_of_row, labels), 1)

    class_counts = group_counts.sum(axis=0)
    wanted = np.clip(np.rint(fraction * class_counts).astype(np.int64), 1, np.maximum(class_counts - 1, 0))
    chosen = np.zeros(len(group_counts), bool)
    for group in np.random.default_rng(seed).permutation(len(group_counts)):
        # A group that would overfill a class is passed over; the many single faces fill the rest exactly.
        if (group_counts[group] <= wanted).all():
            chosen[group] = True
            wanted -= group_counts[group]

    in_validation = chosen[group_of_row]
    for index, name in enumerate(CLASS_NAMES):
        sides = np.unique(in_validation[labels == index])
        if len(sides) == 1:
            raise InputError(
                f"class {name}: its {class_counts[index]} rows cannot be on both sides of a validation "
                "split; give more rows or a validation file"
            )
    if not len(labels):
        raise InputError("no rows to split; give a file with labelled faces")
    if fraction * len(labels) < 1:
        raise InputError(
            f"validation fraction {fraction}: is less than one of {len(labels):,} faces; give a larger one"
        )
    return np.flatnonzero(~in_validation), np.flatnonzero(in_validation)
