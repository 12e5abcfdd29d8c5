"""Batches: every epoch a permutation that depends on (seed, epoch) alone."""

from dataclasses import replace

import numpy as np
import pytest

from training.batches import _beta_quantiles, steps_per_epoch, training_batches
from training.recipes import Augmentation, Recipe

# Each face is one grey level, so that a batch tells which faces it holds.
IMAGES = np.broadcast_to(np.arange(50, dtype=np.uint8)[:, None, None], (50, 48, 48)).copy()
LABELS = np.arange(50) % 7
TARGETS = np.eye(7, dtype=np.float32)[LABELS]
PLAIN = Recipe(epochs=4, validation="none", batch_size=10)


def batches(epochs: range, seed: int = 1, recipe: Recipe = PLAIN, images: np.ndarray = IMAGES) -> list:
    pairs = training_batches(images, TARGETS, recipe, seed=seed, epochs=epochs)
    return [(np.array(faces), np.array(targets)) for faces, targets in pairs]


def faces_of(pairs: list) -> list[int]:
    return [int(face[0, 0]) for faces, _ in pairs for face in faces]


def test_an_epoch_shows_each_face_once_with_its_label():
    pairs = batches(range(0, 1))
    assert len(pairs) == steps_per_epoch(50, 10) == 5
    assert sorted(faces_of(pairs)) == list(range(50))
    for faces, targets in pairs:
        assert faces.dtype == np.float32
        np.testing.assert_array_equal(targets.argmax(axis=1), faces[:, 0, 0].astype(int) % 7)
        np.testing.assert_array_equal(targets.sum(axis=1), 1)


def test_epochs_and_seeds_differ():
    first, second = (faces_of(batches(range(epoch, epoch + 1))) for epoch in (0, 1))
    assert first != second
    assert first != faces_of(batches(range(0, 1), seed=2))


def test_a_resumed_run_sees_what_it_would_have_seen():
    ranges = Augmentation(rotation=10, shift=0.1, flip=True, alternate=True, erase=0.1, brightness=0.1)
    recipe = replace(PLAIN, augmentation=ranges, mixup=0.4, mixup_share=0.5)
    whole, tail = batches(range(0, 3), recipe=recipe), batches(range(2, 3), recipe=recipe)
    for (faces, targets), (same_faces, same_targets) in zip(whole[10:], tail, strict=True):
        np.testing.assert_array_equal(faces, same_faces)
        np.testing.assert_array_equal(targets, same_targets)


def test_no_two_batches_share_their_random_numbers():
    same_face = np.broadcast_to(
        np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8), (50, 48, 48)
    )
    recipe = replace(PLAIN, augmentation=Augmentation(shift=0.1))
    seen = np.concatenate([faces for faces, _ in batches(range(2), recipe=recipe, images=same_face)])
    assert len(np.unique(seen.reshape(100, -1), axis=0)) == 100


def test_alternating_flips_mirror_each_face_in_every_other_epoch():
    images = IMAGES.copy()
    images[:, :, :24] //= 2  # the darker half tells which way a face looks; its right half, which it is
    recipe = replace(PLAIN, augmentation=Augmentation(flip=True, alternate=True))
    epochs = []
    for epoch in range(3):
        faces = np.concatenate(
            [faces for faces, _ in batches(range(epoch, epoch + 1), recipe=recipe, images=images)]
        )
        left, right = faces[:, 24, 4], faces[:, 24, -4]
        bright = np.maximum(left, right).round().astype(int)
        epochs.append(
            {number: bool(one > other) for number, one, other in zip(bright, left, right, strict=True)}
        )
    first, second, third = ([epoch[number] for number in range(2, 50)] for epoch in epochs)
    assert first == third
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert 12 < sum(first) < 36


def test_mixup_averages_faces_and_targets_alike():
    level_of_label = 10.0 + 30 * np.arange(7)
    images = level_of_label[LABELS].astype(np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    smallest = []
    for faces, targets in batches(range(1), recipe=replace(PLAIN, mixup=1.0), images=images):
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)
        expected = (targets @ level_of_label)[:, None, None]
        np.testing.assert_allclose(faces, np.broadcast_to(expected, faces.shape), rtol=1e-4)
        smallest += targets.max(axis=1).tolist()
    assert min(smallest) < 0.7


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0])
def test_weights_of_mixup_are_those_of_a_beta_distribution(alpha):
    weights = _beta_quantiles(alpha)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert np.mean(weights) == pytest.approx(0.5, abs=1e-4)
    assert np.var(weights) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=1e-3)


def test_mixup_takes_a_share_of_the_batches_and_ends():
    def mixed(epochs: range, **settings: float) -> float:
        pairs = batches(epochs, recipe=replace(PLAIN, epochs=4, mixup=1.0, **settings))
        return float(np.mean([(targets.max(axis=1) < 0.999).any() for _, targets in pairs]))

    assert 0.2 < mixed(range(4), mixup_share=0.5) < 0.8
    assert mixed(range(3), mixup_until=0.75) == 1
    assert mixed(range(3, 4), mixup_until=0.75) == 0
