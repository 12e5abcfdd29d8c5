"""The validation split is complete, disjoint, stratified, repeatable, and parts no copies."""

import numpy as np
import pytest

from data.errors import InputError
from data.splits import image_hashes, split_validation

# The class shares of FER2013's training rows.
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(7), [400, 44, 410, 722, 483, 317, 497]))


def random_hashes(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2**64, count, dtype=np.uint64)


def hashes_with_copies(copies: int) -> np.ndarray:
    """Any rows are made copies of any others, so most groups carry conflicting labels."""
    hashes = random_hashes(len(LABELS))
    rows, originals = np.random.default_rng(2).integers(0, len(LABELS), (2, copies))
    hashes[rows] = hashes[originals]
    return hashes


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("copies", [0, 100, 700])
def test_split(fraction, copies):
    hashes = hashes_with_copies(copies)
    train, validation = split_validation(LABELS, hashes, fraction, seed=3)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(len(LABELS)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    assert not np.intersect1d(hashes[train], hashes[validation]).size
    wanted = fraction * np.bincount(LABELS)
    assert np.abs(np.bincount(LABELS[validation], minlength=7) - wanted).max() <= 0.5


def test_one_large_group_stays_whole():
    hashes = random_hashes(len(LABELS))
    hashes[np.flatnonzero(LABELS == 3)[::2]] = 5
    train, validation = split_validation(LABELS, hashes, 0.2, seed=0)
    assert (hashes[train] == 5).sum() in (0, (hashes == 5).sum())
    assert (LABELS[validation] == 3).sum() == round(0.2 * 722)


def test_same_seed_same_split_other_seed_other_split():
    hashes = hashes_with_copies(100)
    first = split_validation(LABELS, hashes, 0.2, seed=1)
    again = split_validation(LABELS, hashes, 0.2, seed=1)
    other = split_validation(LABELS, hashes, 0.2, seed=2)
    for part in (0, 1):
        np.testing.assert_array_equal(first[part], again[part])
    assert not np.array_equal(first[1], other[1])


def test_copies_are_as_likely_in_validation_as_single_faces():
    hashes = random_hashes(4000)
    hashes[1:1000:2] = hashes[0:1000:2]
    labels = np.arange(4000) // 2 % 7
    share = np.mean([(split_validation(labels, hashes, 0.25, seed)[1] < 1000).mean() for seed in range(20)])
    assert share == pytest.approx(0.25, abs=0.02)


def test_rare_classes_are_on_both_sides():
    labels = np.array([0, 0, 1, 1, *[2] * 96])
    train, validation = split_validation(labels, np.arange(100, dtype=np.uint64), 0.1, seed=0)
    assert set(labels[train]) == set(labels[validation]) == {0, 1, 2}


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_fraction_out_of_range(fraction):
    with pytest.raises(InputError, match="above 0 and below 1"):
        split_validation(LABELS, hashes_with_copies(0), fraction, seed=0)


def test_class_that_cannot_be_on_both_sides():
    with pytest.raises(InputError, match="class disgust: its 1 rows"):
        split_validation(np.array([0, 0, 0, 1]), np.arange(4, dtype=np.uint64), 0.5, seed=0)
    with pytest.raises(InputError, match="class happy: its 4 rows"):
        split_validation(np.full(4, 3), np.zeros(4, np.uint64), 0.5, seed=0)
    with pytest.raises(InputError, match="no rows"):
        split_validation(np.zeros(0, int), np.zeros(0, np.uint64), 0.5, seed=0)


def test_hashes_are_known_values():
    """Stored in run folders, so they may not change with a version or a machine."""
    images = np.stack(
        [np.zeros((48, 48), np.uint8), (np.arange(2304) % 256).astype(np.uint8).reshape(48, 48)]
    )
    hashes = image_hashes(images)
    assert hashes.dtype == np.uint64
    assert [f"{value:016x}" for value in hashes] == ["1f3870023622cf8b", "750681eaba60a1a4"]


def test_hashes_tell_single_grey_levels_apart():
    images = np.random.default_rng(0).integers(0, 256, (50, 48, 48), dtype=np.uint8)
    changed = images.copy()
    changed[:, 20, 20] ^= 1
    assert len(np.unique(image_hashes(np.concatenate([images, changed, images])))) == 100
    transposed = np.asfortranarray(images)
    np.testing.assert_array_equal(image_hashes(transposed), image_hashes(images))
    assert image_hashes(images[:0]).shape == (0,)


def test_scaled_images_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        image_hashes(np.zeros((1, 48, 48), np.float32))


def test_a_fraction_below_one_face_is_refused():
    labels, hashes = np.arange(700) % 7, np.arange(700, dtype=np.uint64)
    with pytest.raises(InputError, match=r"less than one of 700 faces"):
        split_validation(labels, hashes, 1e-9, 1)
    assert len(split_validation(labels, hashes, 0.01, 1)[1]) == 7
