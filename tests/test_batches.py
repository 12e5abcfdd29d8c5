"""Batches: every epoch a permutation that depends on (seed, epoch) alone."""

import numpy as np

from training.batches import steps_per_epoch, training_batches
from training.recipes import Augmentation

# Each face is one grey level, so that a batch tells which faces it holds.
IMAGES = np.broadcast_to(np.arange(50, dtype=np.uint8)[:, None, None], (50, 48, 48)).copy()
LABELS = np.arange(50) % 7


def batches(epochs: range, seed: int = 1, augmentation: Augmentation | None = None) -> list:
    pairs = training_batches(
        IMAGES, LABELS, batch_size=10, seed=seed, epochs=epochs, augmentation=augmentation
    )
    return [(faces.numpy(), targets.numpy()) for faces, targets in pairs]


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
    ranges = Augmentation(rotation=10, shift=0.1, flip=True)
    whole, tail = batches(range(0, 3), augmentation=ranges), batches(range(2, 3), augmentation=ranges)
    for (faces, targets), (same_faces, same_targets) in zip(whole[10:], tail, strict=True):
        np.testing.assert_array_equal(faces, same_faces)
        np.testing.assert_array_equal(targets, same_targets)


def test_no_two_batches_share_their_random_numbers():
    same_face = np.broadcast_to(
        np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8), (50, 48, 48)
    )
    pairs = training_batches(
        same_face, LABELS, batch_size=10, seed=1, epochs=range(2), augmentation=Augmentation(shift=0.1)
    )
    seen = np.concatenate([faces.numpy() for faces, _ in pairs])
    assert len(np.unique(seen.reshape(100, -1), axis=0)) == 100
