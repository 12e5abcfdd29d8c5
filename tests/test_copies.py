"""Perceptual hashes find recompressed and rounded faces, tell others apart, and are kept with the weights."""

import h5py
import numpy as np
import pytest

from benchmarks import copies as benchmark
from benchmarks.copies import as_jpeg
from data.copies import MOST_BITS, find_copies, group_copies, perceptual_hashes
from data.splits import image_hashes
from drawing.faces import draw_faces
from models.locate import find_weights
from models.seen import find_seen
from training.training_data import load_training_data


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return draw_faces(300, seed=4).images


@pytest.mark.parametrize("quality", [75, 85, 95])
def test_jpeg_copies_are_found(images, quality):
    copies = as_jpeg(images, quality)
    assert not np.isin(image_hashes(copies), image_hashes(images)).any()
    assert find_copies(perceptual_hashes(copies), perceptual_hashes(images)).mean() > 0.99


@pytest.mark.parametrize("change", [(-1, 2), (1, 2), (-1, 0)])
def test_faces_rounded_differently_are_found(images, change):
    changed = np.clip(images + np.random.default_rng(0).integers(*change, images.shape), 0, 255)
    hashes = perceptual_hashes(changed.astype(np.uint8))
    assert find_copies(hashes, perceptual_hashes(images)).mean() > 0.99


def test_other_faces_are_not_taken_for_copies(images):
    others = perceptual_hashes(draw_faces(300, seed=5).images)
    assert not find_copies(others, perceptual_hashes(images)).any()
    mirrored = perceptual_hashes(np.ascontiguousarray(images[:, :, ::-1]))
    assert find_copies(mirrored, perceptual_hashes(images)).mean() < 0.01


def test_the_search_finds_what_all_pairs_give():
    generator = np.random.default_rng(1)
    known = generator.integers(0, 2**64, (500, 2), dtype=np.uint64)
    hashes = known[generator.integers(0, 500, 400)]
    for _ in range(7):  # up to seven flipped bits
        flipped = np.uint64(1) << generator.integers(0, 64, hashes.shape, dtype=np.uint64)
        hashes = hashes ^ np.where(generator.integers(0, 2, hashes.shape) > 0, flipped, np.uint64(0))
    distances = np.bitwise_count(hashes[:, None] ^ known).sum(axis=2)
    expected = (distances <= MOST_BITS).any(axis=1)
    np.testing.assert_array_equal(find_copies(hashes, known), expected)
    assert 0.1 < expected.mean() < 0.9
    nothing = np.zeros((0, 2), np.uint64)
    assert find_copies(nothing, known).shape == (0,)
    assert not find_copies(known, nothing).any()


def test_groups_hold_copies_of_copies(images):
    chain = np.concatenate([images[:50], as_jpeg(images[:50], 90), images[:50], images[50:60]])
    exact = image_hashes(chain)
    groups = group_copies(perceptual_hashes(chain), exact)
    np.testing.assert_array_equal(groups[:50], groups[50:100])
    np.testing.assert_array_equal(groups[:50], groups[100:150])
    np.testing.assert_array_equal(groups[:50], np.minimum(exact[:50], exact[50:100]))
    np.testing.assert_array_equal(groups[150:], exact[150:])


def test_hashes_are_known_values():
    """Stored in weight files, so they may not change with a version or a machine."""
    rows, columns = np.mgrid[0:48, 0:48]
    images = np.stack([rows * columns % 251, (rows**2 + 7 * columns) % 199]).astype(np.uint8)
    hashes = perceptual_hashes(images)
    assert hashes.dtype == np.uint64
    assert [f"{word:016x}" for word in hashes.ravel()] == [
        "1ef0c09f9fcf0300",
        "1f18fe0c3f036700",
        "f23ced9814a50800",
        "b521c0f358f6aa8e",
    ]


def test_a_validation_split_shares_no_copy_with_training(tmp_path, images):
    faces = np.concatenate([images[:40], as_jpeg(images[:40], 90)])
    rows = [f"{index % 40 % 7}," + " ".join(map(str, face.ravel())) for index, face in enumerate(faces)]
    (tmp_path / "train.csv").write_text("\n".join(["label,feature", *rows]))
    data = load_training_data(str(tmp_path / "train.csv"), "0.3", seed=1, limit=None)
    sides = [perceptual_hashes(side.images) for side in (data.training, data.validation)]
    assert not find_copies(*sides).any()
    assert len(sides[0]) + len(sides[1]) == 80


def test_a_run_keeps_the_hashes_of_its_faces_and_old_files_are_read(compact_run, drawn, tmp_path):
    weights = find_weights(str(compact_run))
    trained = load_training_data(str(drawn / "fer2013.csv"), "PublicTest", seed=1, limit=None).training.images
    np.testing.assert_array_equal(weights.perceptual_hashes, perceptual_hashes(trained))
    seen = find_seen(np.concatenate([trained[:5], as_jpeg(trained[5:9], 75)]), [weights])
    assert seen.faces.all()
    assert str(seen) == "5 by the exact hash, 4 more by the perceptual hash"
    old = tmp_path / "old.weights.h5"
    old.write_bytes(weights.path.read_bytes())
    with h5py.File(old, "r+") as stored:
        del stored["perceptual_hashes"]
    seen = find_seen(np.concatenate([trained[:5], as_jpeg(trained[5:9], 75)]), [find_weights(str(old))])
    assert str(seen) == "5 by the exact hash, 0 more by the perceptual hash, which old lacks"


def test_the_benchmark_measures_both_errors(drawn, capsys, tmp_path):
    benchmark.main(["--data", str(drawn / "fer2013.csv"), "--figure", str(tmp_path / "copies.png")])
    printed = capsys.readouterr().out
    assert "JPEG, quality 75" in printed
    assert "different faces taken for copies: 0 (0.0000%)" in printed
