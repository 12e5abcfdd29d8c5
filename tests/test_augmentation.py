"""The random transforms: known cases, the report's ranges, nearest filling, and repetition by seed."""

import numpy as np
import pytest

from training import augmentation
from training.recipes import Augmentation


def augment(*arguments) -> np.ndarray:
    return np.array(augmentation.augment(*arguments))


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (64, 48, 48), dtype=np.uint8)


def marked(row: int, column: int, count: int = 400) -> np.ndarray:
    """Black faces with one bright 3x3 square, whose centre of mass tells where a transform moved it."""
    faces = np.zeros((count, 48, 48), np.uint8)
    faces[:, row - 1 : row + 2, column - 1 : column + 2] = 255
    return faces


def centres(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) rows and (N,) columns of the centre of mass."""
    weight = faces.sum(axis=(1, 2))
    pixels = np.arange(48)
    return (faces.sum(axis=2) * pixels).sum(axis=1) / weight, (faces.sum(axis=1) * pixels).sum(
        axis=1
    ) / weight


def test_no_ranges_change_nothing(faces):
    np.testing.assert_allclose(augment(faces, Augmentation(), [1, 2]), faces, atol=1e-3)


def test_flip_mirrors_about_half_of_the_faces(faces):
    result = augment(faces, Augmentation(flip=True), [1, 2])
    mirrored = [
        np.allclose(face, original[:, ::-1], atol=1e-2) for face, original in zip(result, faces, strict=True)
    ]
    kept = [np.allclose(face, original, atol=1e-2) for face, original in zip(result, faces, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 16 < sum(mirrored) < 48


def test_shift_stays_within_its_range_and_reaches_it():
    rows, columns = centres(augment(marked(24, 24), Augmentation(shift=0.1), [3, 4]))
    for moved in (rows - 24, columns - 24):
        assert np.abs(moved).max() <= 4.8 + 0.1
        assert moved.max() > 4
        assert moved.min() < -4
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2


def test_rotation_is_in_degrees_about_the_centre():
    rows, columns = centres(augment(marked(24, 44), Augmentation(rotation=10), [5, 6]))
    angles = np.degrees(np.arctan2(rows - 23.5, columns - 23.5)) - np.degrees(np.arctan2(0.5, 20.5))
    assert np.abs(angles).max() <= 10.3
    assert angles.max() > 9
    assert angles.min() < -9
    np.testing.assert_allclose(np.hypot(rows - 23.5, columns - 23.5), 20.5, atol=0.3)


def test_zoom_keeps_the_centre_and_scales_distances():
    rows, columns = centres(augment(marked(24, 40), Augmentation(zoom=0.2), [7, 8]))
    scale = (columns - 23.5) / 16.5
    assert scale.min() < 0.87
    assert scale.max() > 1.2
    assert 1 / 1.2 - 0.01 <= scale.min()
    assert scale.max() <= 1 / 0.8 + 0.01
    np.testing.assert_allclose(rows - 23.5, scale * 0.5, atol=0.1)


def test_uncovered_pixels_are_filled_with_the_nearest():
    ramp = np.broadcast_to(np.arange(100, 148, dtype=np.uint8), (64, 48, 48))
    result = augment(ramp, Augmentation(shift=0.2), [9, 1])
    assert result.min() >= 100 - 1e-3
    assert result.max() <= 147 + 1e-3
    # A face shifted to the right repeats its first column; nothing is mirrored and nothing is black.
    shifted = result[np.abs(result[:, 0, 1] - 100) < 1e-3]
    assert len(shifted) > 5
    np.testing.assert_allclose(shifted[:, :, 0], 100, atol=1e-3)


def test_aspect_widens_and_narrows_and_keeps_the_area():
    stretched = augment(marked(24, 40), Augmentation(aspect=0.2), [7, 8])
    _, columns = centres(stretched)
    scale = (columns - 23.5) / 16.5
    assert 0.9 < scale.min() < 0.92
    assert 1.09 < scale.max() < 1.13
    rows, _ = centres(augment(marked(40, 24), Augmentation(aspect=0.2), [7, 8]))
    np.testing.assert_allclose(scale * (rows - 23.5) / 16.5, 1, atol=0.02)


def test_brightness_moves_all_grey_levels_and_contrast_stretches_them_about_the_mean():
    ramp = np.broadcast_to(np.linspace(100, 150, 48).astype(np.uint8), (64, 48, 48))
    moved = augment(ramp, Augmentation(brightness=0.1), [1, 2]) - ramp
    assert np.ptp(moved, axis=(1, 2)).max() < 1e-3
    assert 20 < np.abs(moved).max() <= 25.5
    stretched = augment(ramp, Augmentation(contrast=0.4), [1, 2])
    np.testing.assert_allclose(stretched.mean(axis=(1, 2)), ramp.mean(), rtol=1e-4)
    factor = np.ptp(stretched, axis=(1, 2)) / np.ptp(ramp[0])
    assert 0.6 <= factor.min() < 0.7
    assert 1.3 < factor.max() <= 1.4
    assert augment(ramp, Augmentation(brightness=1.0), [1, 2]).max() <= 255


def test_an_erased_rectangle_holds_the_mean(faces):
    result = augment(faces, Augmentation(erase=0.1), [2, 3])
    changed = np.abs(result - faces) > 1e-3
    assert (changed.sum(axis=(1, 2)) <= 0.1 * 48 * 48 * 1.3).all()
    assert changed.any(axis=(1, 2)).mean() > 0.9
    for face, mask, original in zip(result, changed, faces, strict=True):
        np.testing.assert_allclose(face[mask], original.mean(), rtol=1e-4)


def test_erase_probability_is_the_share_of_faces_with_a_rectangle(faces):
    result = augment(faces, Augmentation(erase=0.2, erase_probability=0.5), [2, 3])
    assert 0.3 < (np.abs(result - faces) > 1e-3).any(axis=(1, 2)).mean() < 0.7


def test_seed_decides(faces):
    ranges = Augmentation(rotation=10, shift=0.1, zoom=0.1, flip=True, erase=0.05, contrast=0.2)
    first, again, other = (augment(faces, ranges, seed) for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 1
