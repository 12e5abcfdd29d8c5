"""Hashes are known values and find duplicates; the validation split is whole, stratified and parts none."""

import io

import numpy as np
import pytest
from PIL import Image

from data import InputError
from data.splits import (
    MOST_BITS,
    Hashes,
    group_duplicates,
    image_hashes,
    in_fold,
    parse_fold,
    perceptual_hashes,
    split_validation,
    trained_on,
)

# The class shares of FER2013's training rows.
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(7), [400, 44, 410, 722, 483, 317, 497]))


# No faces, as the hashes of a network that was trained on none.
NOTHING = Hashes(np.zeros(0, np.uint64), np.zeros((0, 2), np.uint64))


def as_jpeg(images: np.ndarray, quality: int) -> np.ndarray:
    files = [io.BytesIO() for _ in images]
    for file, image in zip(files, images, strict=True):
        Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.stack([np.asarray(Image.open(file)) for file in files])


def test_hashes_are_known_values():
    """Stored in weight files, so they may not change with a version or a machine."""
    rows, columns = np.mgrid[0:48, 0:48]
    images = np.stack([rows * columns % 251, (rows**2 + 7 * columns) % 199]).astype(np.uint8)
    words = [f"{word:016x}" for word in perceptual_hashes(images).ravel()]
    assert words == ["1ef0c09f9fcf0300", "1f18fe0c3f036700", "f23ced9814a50800", "b521c0f358f6aa8e"]
    images = np.stack([np.zeros((48, 48)), np.arange(2304).reshape(48, 48) % 256]).astype(np.uint8)
    words = [f"{word:016x}" for word in image_hashes(images)]
    assert words == ["1f3870023622cf8b", "750681eaba60a1a4"]
    assert image_hashes(images).dtype == perceptual_hashes(images).dtype == np.uint64


def test_exact_hashes_tell_single_grey_levels_apart():
    images = np.random.default_rng(0).integers(0, 256, (50, 48, 48), dtype=np.uint8)
    changed = images.copy()
    changed[:, 20, 20] ^= 1
    assert len(np.unique(image_hashes(np.concatenate([images, changed, images])))) == 100
    np.testing.assert_array_equal(image_hashes(np.asfortranarray(images)), image_hashes(images))


def test_duplicates_of_trained_faces_are_found(drawn):
    images, known = drawn.images, Hashes.of(drawn.images)
    copies = [images, as_jpeg(images, 75), as_jpeg(images, 95)]
    copies += [np.maximum(images, 1) - 1, np.minimum(images, 254) + 1]
    for changed in copies:
        assert trained_on(changed, [NOTHING, known]).mean() > 0.95
        assert not trained_on(changed, [NOTHING]).any()


def test_other_faces_are_not_taken_for_duplicates(drawn):
    first, second = Hashes.of(drawn.images[:40]), Hashes.of(drawn.images[30:50])
    both = first.union(second)
    assert (len(both.exact), len(both.perceptual)) == (50, 50)
    for known in ([first, second], [both]):
        assert trained_on(drawn.images, known).tolist() == [True] * 50 + [False] * 20
    assert not trained_on(np.ascontiguousarray(drawn.images[:, :, ::-1]), [Hashes.of(drawn.images)]).any()


def test_weights_without_perceptual_hashes_know_exact_duplicates(drawn):
    old = Hashes(image_hashes(drawn.images), NOTHING.perceptual)
    assert trained_on(drawn.images, [old]).all()
    assert not trained_on(as_jpeg(drawn.images, 75), [old]).any()


def test_groups_are_what_all_pairs_give():
    generator = np.random.default_rng(1)
    seeds = generator.integers(0, 2**64, (100, 2), dtype=np.uint64)
    perceptual = seeds[generator.integers(0, 100, 400)]
    for _ in range(2):  # up to four flipped bits in each, so up to eight between two
        flipped = np.uint64(1) << generator.integers(0, 64, perceptual.shape, dtype=np.uint64)
        perceptual = perceptual ^ flipped * generator.integers(0, 2, perceptual.shape, dtype=np.uint64)
    is_near = np.bitwise_count(perceptual[:, None] ^ perceptual).sum(axis=2) <= MOST_BITS
    expected = np.arange(400)
    for _ in range(20):  # each takes over the least number of its duplicates
        expected = np.where(is_near, expected, 400).min(axis=1)
    groups = group_duplicates(Hashes(np.arange(400, dtype=np.uint64), perceptual))
    assert len(set(zip(groups, expected, strict=True))) == len(set(groups)) == len(set(expected))
    assert 100 < len(set(groups)) < 300


def test_folds_cover_every_face_once_and_keep_identical_faces_together(drawn):
    exact = image_hashes(np.concatenate([drawn.images, drawn.images[:9]]))
    folds = np.array([in_fold(exact, *parse_fold(f"{number}/3")) for number in (1, 2, 3)])
    assert (folds.sum(axis=0) == 1).all()
    np.testing.assert_array_equal(folds[:, :9], folds[:, -9:])
    assert folds.mean(axis=1).min() > 0.15
    assert in_fold(np.array([10, 11, 12], np.uint64), 1, 5).tolist() == [True, False, False]


@pytest.mark.parametrize("text", ["0/5", "6/5", "1/1", "1", "a/b", "1/5/2", "-1/5", ""])
def test_other_folds_are_refused(text):
    with pytest.raises(InputError, match=f"--fold {text}: is not K/N"):
        parse_fold(text)


@pytest.mark.parametrize("fraction", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("copies", [0, 700])
def test_a_split_is_whole_stratified_and_repeatable(fraction, copies):
    groups = np.arange(len(LABELS))
    # Any rows are copies of any others, so most groups carry conflicting labels.
    rows, originals = np.random.default_rng(2).integers(0, len(LABELS), (2, copies))
    groups[rows] = groups[originals]
    learn, hold = split_validation(LABELS, groups, fraction, seed=3)
    assert np.array_equal(np.sort(np.concatenate([learn, hold])), np.arange(len(LABELS)))
    assert all((np.diff(rows) > 0).all() for rows in (learn, hold))
    assert not np.intersect1d(groups[learn], groups[hold]).size
    counts, wanted = np.bincount(LABELS[hold]), fraction * np.bincount(LABELS)
    assert (np.abs(counts - wanted) <= (1 if copies == 0 else 4 * np.sqrt(wanted) + 1)).all()
    assert np.array_equal(split_validation(LABELS, groups, fraction, seed=3)[1], hold)
    assert not np.array_equal(split_validation(LABELS, groups, fraction, seed=4)[1], hold)


@pytest.mark.parametrize(
    ("labels", "fraction", "words"),
    [
        *[(LABELS, fraction, "must be above 0 and at most 0.5") for fraction in (0, -0.1, 0.6, float("nan"))],
        (np.arange(70) % 7, 0.05, "of 70 faces is less than one of each class"),
        (np.zeros(0, int), 0.5, "of 0 faces"),
        (np.array([0, 0, 0, 1]), 0.5, "class disgust: has one face"),
    ],
)
def test_a_split_that_cannot_be(labels, fraction, words):
    with pytest.raises(InputError, match=words) as raised:
        split_validation(labels, np.arange(len(labels)), fraction, seed=0)
    assert "\n" not in str(raised.value)
