"""Finding copies of a face that differ in their bytes: recompressed as JPEG, or rounded differently.

The perceptual hash of a face is the signs of its 128 lowest frequencies without the mean (discrete cosine
transform, as in pHash). It depends on neither brightness nor contrast, and a picture that was stored as JPEG
or rounded changes few of the signs. benchmarks/copies.py measures how many it finds and how often it is
wrong.
"""

from collections.abc import Iterator

import numpy as np

from data.dataset import IMAGE_SIZE

BITS = 128
WORDS = BITS // 64
# Faces whose hashes differ in more bits are different faces. Measured: docs/results.md.
MOST_BITS = 4
# Frequencies in each direction; (u, v) with the smallest sums are taken, and there are more than 128 of them.
_FREQUENCIES = 16
# Whole numbers, so that sums are exact and the same on every machine.
_COSINES = np.rint(
    1024
    * np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * (2 * np.arange(IMAGE_SIZE) + 1) / (2 * IMAGE_SIZE))
)
_LOWEST = sorted(np.ndindex(_FREQUENCIES, _FREQUENCIES), key=lambda uv: (sum(uv), abs(uv[0] - uv[1]), uv))
_CHOSEN = tuple(np.array(_LOWEST[1 : BITS + 1]).T)
_CHUNK = 1024


def perceptual_hashes(images: np.ndarray) -> np.ndarray:
    """(N, 2) uint64 hashes of `images`, (N, 48, 48) uint8, the same on every machine.

    Copies of a face have hashes that differ in at most MOST_BITS bits, different photographs in more.
    """
    hashes = np.empty((len(images), WORDS), np.uint64)
    for start in range(0, len(images), _CHUNK):
        frequencies = _COSINES @ images[start : start + _CHUNK].astype(np.float64) @ _COSINES.T
        bits = np.packbits(frequencies[:, *_CHOSEN] > 0, axis=1)
        hashes[start : start + _CHUNK] = np.ascontiguousarray(bits).view("<u8")
    return hashes


def find_copies(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) bool: which faces are copies of any of M known ones. hashes: (N, 2), known: (M, 2) uint64."""
    different, index_of_face = np.unique(hashes, axis=0, return_inverse=True)
    found = np.zeros(len(different), bool)
    for copies, _ in _pairs(different, np.unique(known, axis=0)):
        found[copies] = True
    return found[index_of_face]


def group_copies(hashes: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """(N,) uint64: the smallest exact hash among a face, its copies, their copies, and so on. Faces with
    equal values belong together. hashes: (N, 2) uint64. exact: (N,) uint64 from image_hashes.
    """
    different, index_of_face = np.unique(hashes, axis=0, return_inverse=True)
    groups = np.full(len(different), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(groups, index_of_face, exact)
    pairs = list(_pairs(different, different))
    while True:
        # Each takes over the least value of its copies, until none changes.
        before = groups.copy()
        for first, second in pairs:
            np.minimum.at(groups, first, groups[second])
        if np.array_equal(before, groups):
            return groups[index_of_face]


def _pairs(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices into (N, 2) and (M, 2) hashes of the pairs that differ in at most MOST_BITS bits.

    Such a pair is equal in one of any MOST_BITS + 1 blocks of its bits. So only hashes with an equal block of
    16 bits are compared: 0.2 s for all pairs of 28,709 faces.
    """
    for block in range(MOST_BITS + 1):
        blocks, others = (each.astype("<u8").view("<u2")[:, block] for each in (first, second))
        order = np.argsort(others, kind="stable")
        starts, ends = (np.searchsorted(others[order], blocks, side) for side in ("left", "right"))
        for start in range(0, len(first), _CHUNK):
            counts = (ends - starts)[start : start + _CHUNK]
            index = np.repeat(np.arange(start, start + len(counts)), counts)
            place_in_block = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            other = order[starts[index] + place_in_block]
            is_copy = np.bitwise_count(first[index] ^ second[other]).sum(axis=1) <= MOST_BITS
            yield index[is_copy], other[is_copy]
