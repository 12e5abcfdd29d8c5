"""Batches and augmentation: known cases, the ranges of recipes, and repetition by (seed, epoch)."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from keras import ops

from training import batches
from training.batches import NUMBERS, Batches
from training.recipes import Augmentation, Recipe

# Each face is one grey level, so that a batch tells which faces it holds.
IMAGES = np.broadcast_to(np.arange(50, dtype=np.uint8)[:, None, None], (50, 48, 48)).copy()
LABELS = np.arange(50) % 7
TARGETS = np.eye(7, dtype=np.float32)[LABELS]
PLAIN = Recipe(epochs=4, batch_size=10)
NOISE = np.random.default_rng(1).integers(0, 256, (64, 48, 48), dtype=np.uint8)


def epoch(number: int, recipe: Recipe = PLAIN, images: np.ndarray = IMAGES, seed: int = 1, **more) -> list:
    pairs = Batches(images, TARGETS, recipe, seed).epoch(number, **more)
    return [(np.array(faces), np.array(targets)) for faces, targets in pairs]


def faces_of(pairs: list) -> np.ndarray:
    return np.concatenate([faces for faces, _ in pairs])


def augment(faces: np.ndarray, augmentation: Augmentation, seed: int = 1) -> np.ndarray:
    numbers = np.random.default_rng(seed).random((len(NUMBERS), len(faces)), np.float32)
    return np.array(batches.augment(faces, augmentation, numbers))


def marked(row: int, column: int) -> np.ndarray:
    """Black faces with one bright 3x3 square, whose centre of mass tells where a transform moved it."""
    faces = np.zeros((400, 48, 48), np.uint8)
    faces[:, row - 1 : row + 2, column - 1 : column + 2] = 255
    return faces


def centres(faces: np.ndarray) -> np.ndarray:
    """(2, N): rows and columns of the centre of mass, from the centre of the picture."""
    weights, pixels = faces.sum(axis=(1, 2)), np.arange(48)
    rows, columns = faces.sum(axis=2) @ pixels / weights, faces.sum(axis=1) @ pixels / weights
    return np.stack([rows, columns]) - 23.5


def test_an_epoch_shows_each_face_once_with_its_label():
    pairs = epoch(0)
    assert len(pairs) == Batches(IMAGES, TARGETS, PLAIN, 1).steps == 5
    assert sorted(faces_of(pairs)[:, 0, 0]) == list(range(50))
    for faces, targets in pairs:
        assert faces.shape == (10, 48, 48)
        assert faces.dtype == targets.dtype == np.float32
        np.testing.assert_array_equal(targets, TARGETS[faces[:, 0, 0].astype(int)])


def test_epochs_and_seeds_differ_and_an_epoch_repeats():
    ranges = Augmentation(rotation=10, shift=0.1, flip=True, alternate=True, erase=0.1, brightness=0.1)
    recipe = replace(PLAIN, augmentation=ranges, mixup=0.4, mixup_share=0.5)
    first, again = epoch(2, recipe, NOISE[:50]), epoch(2, recipe, NOISE[:50])
    np.testing.assert_array_equal(faces_of(first), faces_of(again))
    np.testing.assert_array_equal([targets for _, targets in first], [targets for _, targets in again])
    orders = [faces_of(pairs)[:, 0, 0].tolist() for pairs in (epoch(0), epoch(1), epoch(0, seed=2))]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def taught(count: int, recipe: Recipe, number: int = 0) -> list[tuple[np.ndarray, np.ndarray, int, float]]:
    """Grey levels and targets of batches with `count` teachers, the nearest teacher, and how far it is.

    The first may teach odd faces, the others even ones. The logit of a teacher's own class is a tenth of the
    mean grey level of what it sees.
    """

    def predict(own: int, levels):
        return np.exp(levels[:, None] / 10 * np.eye(7)[own]) / (6 + np.exp(levels[:, None] / 10))

    def network(own: int, faces, training: bool):
        assert not training
        return ops.one_hot(own, 7) * ops.mean(faces, axis=(1, 2))[:, None] / 10

    is_odd = np.arange(50) % 2 == 1
    teachers = [(functools.partial(network, own), ~is_odd if own else is_odd) for own in range(count)]
    found = []
    for faces, targets in Batches(IMAGES, TARGETS, recipe, 1, teachers).epoch(number):
        levels, targets = np.array(faces)[:, 0, 0], np.array(targets)
        errors = [np.abs(targets - predict(own, levels)).max() for own in range(count)]
        found.append((levels, targets, int(np.argmin(errors)), min(errors)))
    return found


def test_teachers_predict_the_very_pictures_of_the_faces_that_they_may_teach():
    recipe, orders = replace(PLAIN, teacher_share=1), []
    for number in range(3):
        batches_of_teachers = taught(3, recipe, number)
        assert len(batches_of_teachers) == 5
        for levels, _, teacher, error in batches_of_teachers:
            assert error < 1e-6
            assert set(levels % 2) == {0 if teacher else 1}
        orders.append([teacher for *_, teacher, _ in batches_of_teachers])
    assert orders[0] != orders[1]
    for levels, _, _, error in taught(2, replace(recipe, mixup=0.4)):
        assert error < 1e-6
        assert (levels % 1).any(), "they are mixed"


def test_a_teachers_predictions_are_mixed_with_the_labels():
    only_labels, only_teacher = (
        taught(2, replace(PLAIN, teacher_share=0)),
        taught(2, replace(PLAIN, teacher_share=1)),
    )
    for mixed, *parts in zip(
        taught(2, replace(PLAIN, teacher_share=0.75)), only_labels, only_teacher, strict=True
    ):
        labels, predicted = (targets for _, targets, *_ in parts)
        np.testing.assert_array_equal(labels, TARGETS[mixed[0].astype(int)])
        np.testing.assert_allclose(mixed[1], 0.25 * labels + 0.75 * predicted, atol=1e-6)


def test_no_two_faces_share_their_random_numbers():
    same_face = np.broadcast_to(NOISE[0], (50, 48, 48))
    recipe = replace(PLAIN, augmentation=Augmentation(shift=0.1))
    changed = np.concatenate([faces_of(epoch(number, recipe, same_face)) for number in range(2)])
    assert len(np.unique(changed.reshape(100, -1), axis=0)) == 100


def test_a_small_data_set_is_one_batch_and_left_over_faces_wait_for_another_epoch():
    assert Batches(IMAGES, TARGETS, replace(PLAIN, batch_size=128), 1).steps == 1
    pairs = epoch(0, replace(PLAIN, batch_size=15))
    assert [len(faces) for faces, _ in pairs] == [15, 15, 15]


def test_alternating_flips_mirror_each_face_in_every_other_epoch():
    images = IMAGES.copy()
    images[:, :, :24] //= 2  # the darker half tells which way a face looks; its other half, which it is
    recipe = replace(PLAIN, augmentation=Augmentation(flip=True, alternate=True))
    is_mirrored = np.zeros((3, 50), bool)
    for number, mirrored in enumerate(is_mirrored):
        faces = faces_of(epoch(number, recipe, images))
        left, right = faces[:, 24, 4], faces[:, 24, -4]
        mirrored[np.maximum(left, right).round().astype(int)] = left > right
    np.testing.assert_array_equal(is_mirrored[0], is_mirrored[2])
    np.testing.assert_array_equal(is_mirrored[0, 2:], ~is_mirrored[1, 2:])
    assert 12 < is_mirrored[0].sum() < 38


def test_mixup_averages_faces_and_targets_alike():
    level_of_label = 10.0 + 30 * np.arange(7)
    images = level_of_label[LABELS].astype(np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    recipe = replace(PLAIN, mixup=1.0)
    pairs = epoch(0, recipe, images)
    for faces, targets in pairs:
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)
        expected = (targets @ level_of_label)[:, None, None]
        np.testing.assert_allclose(faces, np.broadcast_to(expected, faces.shape), rtol=1e-4)
    assert min(targets.max(axis=1).min() for _, targets in pairs) < 0.7
    for (_, targets), (faces, whole) in zip(pairs, epoch(0, recipe, images, mixup=False), strict=True):
        assert not np.allclose(targets, whole)
        np.testing.assert_array_equal(whole.max(axis=1), 1)
        np.testing.assert_array_equal(faces[:, 0, 0], whole @ level_of_label)


def test_mixup_takes_a_share_of_the_batches_and_ends():
    def mixed(numbers: range, **settings: float) -> float:
        recipe = replace(PLAIN, mixup=1.0, **settings)
        pairs = [pair for number in numbers for pair in epoch(number, recipe)]
        return float(np.mean([(targets.max(axis=1) < 0.999).any() for _, targets in pairs]))

    assert 0.2 < mixed(range(4), mixup_share=0.5) < 0.8
    assert mixed(range(3), mixup_until=0.75) == 1
    assert mixed(range(3, 4), mixup_until=0.75) == 0


def test_without_ranges_nothing_changes():
    np.testing.assert_array_equal(augment(NOISE, Augmentation()), NOISE)
    np.testing.assert_allclose(augment(NOISE, Augmentation(alternate=True)), NOISE, atol=1e-3)


def test_flip_mirrors_about_half_of_the_faces():
    result = augment(NOISE, Augmentation(flip=True))
    is_kept, is_mirrored = (
        np.isclose(result, original, atol=1e-2).all(axis=(1, 2)) for original in (NOISE, NOISE[:, :, ::-1])
    )
    np.testing.assert_array_equal(is_kept, ~is_mirrored)
    assert 16 < is_mirrored.sum() < 48


def test_shift_stays_within_its_range_and_reaches_it():
    moved = centres(augment(marked(24, 24), Augmentation(shift=0.1))) - 0.5
    assert np.abs(moved).max() <= 4.8 + 0.1
    assert moved.max(axis=1).min() > 4
    assert moved.min(axis=1).max() < -4
    assert abs(np.corrcoef(moved)[0, 1]) < 0.2


def test_rotation_is_in_degrees_about_the_centre():
    rows, columns = centres(augment(marked(24, 44), Augmentation(rotation=10)))
    angles = np.degrees(np.arctan2(rows, columns) - np.arctan2(0.5, 20.5))
    assert np.abs(angles).max() <= 10.3
    assert angles.max() > 9
    assert angles.min() < -9
    np.testing.assert_allclose(np.hypot(rows, columns), np.hypot(0.5, 20.5), atol=0.3)


def test_zoom_keeps_the_centre_and_aspect_the_area():
    rows, columns = centres(augment(marked(24, 40), Augmentation(zoom=0.2)))
    scale = columns / 16.5
    assert 1 / 1.2 - 0.01 <= scale.min() < 0.87
    assert 1.2 < scale.max() <= 1 / 0.8 + 0.01
    np.testing.assert_allclose(rows, scale * 0.5, atol=0.1)
    stretched = Augmentation(aspect=0.2)
    wider = centres(augment(marked(24, 40), stretched))[1] / 16.5
    taller = centres(augment(marked(40, 24), stretched))[0] / 16.5
    assert 0.9 < wider.min() < 0.92
    assert 1.09 < wider.max() < 1.13
    np.testing.assert_allclose(wider * taller, 1, atol=0.02)


def test_uncovered_pixels_are_filled_with_the_nearest():
    ramp = np.broadcast_to(np.arange(100, 148, dtype=np.uint8), (64, 48, 48))
    result = augment(ramp, Augmentation(shift=0.2))
    assert result.min() >= 100 - 1e-3
    assert result.max() <= 147 + 1e-3
    # A face shifted to the right repeats its first column; nothing is mirrored and nothing is black.
    shifted = result[np.abs(result[:, 0, 1] - 100) < 1e-3]
    assert len(shifted) > 5
    np.testing.assert_allclose(shifted[:, :, 0], 100, atol=1e-3)


def test_brightness_moves_all_grey_levels_and_contrast_stretches_them_about_the_mean():
    ramp = np.broadcast_to(np.linspace(100, 150, 48).astype(np.uint8), (64, 48, 48))
    moved = augment(ramp, Augmentation(brightness=0.1)) - ramp
    assert np.ptp(moved, axis=(1, 2)).max() < 1e-3
    assert 20 < np.abs(moved).max() <= 25.5
    stretched = augment(ramp, Augmentation(contrast=0.4))
    np.testing.assert_allclose(stretched.mean(axis=(1, 2)), ramp.mean(), rtol=1e-4)
    factor = np.ptp(stretched, axis=(1, 2)) / np.ptp(ramp[0])
    assert 0.6 <= factor.min() < 0.7
    assert 1.3 < factor.max() <= 1.4
    assert augment(ramp, Augmentation(brightness=1.0)).max() <= 255


@pytest.mark.parametrize(("probability", "least", "most"), [(1.0, 0.9, 1.0), (0.5, 0.3, 0.7)])
def test_a_share_of_faces_gets_a_rectangle_of_their_mean(probability, least, most):
    result = augment(NOISE, Augmentation(erase=0.1, erase_probability=probability))
    changed = np.abs(result - NOISE) > 1e-3
    assert (changed.sum(axis=(1, 2)) <= 0.1 * 48 * 48 * 1.3).all()
    assert least <= changed.any(axis=(1, 2)).mean() <= most
    for face, mask, original in zip(result, changed, NOISE, strict=True):
        np.testing.assert_allclose(face[mask], original.mean(), rtol=1e-4)


def test_a_share_of_the_faces_is_stored_as_jpeg_anew_in_each_epoch():
    recipe = replace(PLAIN, augmentation=Augmentation(jpeg=0.5))
    before = NOISE.copy()
    first, second, again = (batches.as_jpeg(NOISE, 0.5, np.random.default_rng(seed)) for seed in (1, 2, 1))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(NOISE, before)
    changed = (first != NOISE).any(axis=(1, 2))
    assert 20 < changed.sum() < 44
    assert (changed != (second != NOISE).any(axis=(1, 2))).any()
    # Noise loses much, but what is left resembles it; a plain face keeps its level, but for rounding.
    for face, stored in zip(NOISE[changed], first[changed], strict=True):
        assert 0.5 < np.abs(face.astype(int) - stored).mean() < 50
        assert np.corrcoef(face.ravel(), stored.ravel())[0, 1] > 0.5
    np.testing.assert_allclose(batches.as_jpeg(IMAGES, 1.0, np.random.default_rng(1)), IMAGES, atol=1)
    faces = faces_of(epoch(0, recipe, NOISE[:50]))
    assert sorted(map(bytes, faces.round().astype(np.uint8))) != sorted(map(bytes, NOISE[:50]))
