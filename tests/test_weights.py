"""Finding, loading and saving weights, and what is said of files that are damaged or from elsewhere."""

import json
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from data import InputError
from data.splits import Hashes
from models import builder, weights

METADATA = {"network": "compact", "mean": 128.0, "std": 64.0, "seed": 1, "epoch": 2}
HASHES = Hashes(np.arange(3, dtype=np.uint64), np.arange(6, dtype=np.uint64).reshape(3, 2))
KERNEL = "layers/conv2d/vars/0"


@pytest.fixture(scope="module")
def compact() -> keras.Model:
    keras.utils.set_random_seed(1)
    network = builder("compact")(128.0, 64.0)
    network.compile("adam", "mse")
    network.train_on_batch(np.zeros((2, 48, 48)), np.zeros((2, 7)))
    return network


@pytest.fixture(scope="module")
def saved(compact, tmp_path_factory) -> Path:
    """A run folder with the best weights only; do not change it."""
    path = tmp_path_factory.mktemp("runs") / "first" / weights.BEST
    weights.save_network(compact, path, METADATA, HASHES)
    return path


def test_what_was_saved_is_loaded(saved, compact):
    found = weights.find_weights(str(saved.parent))
    assert (found.path, found.network, found.name) == (saved, "compact", "first")
    assert found.metadata == METADATA
    np.testing.assert_array_equal(found.hashes.exact, HASHES.exact)
    np.testing.assert_array_equal(found.hashes.perceptual, HASHES.perceptual)
    loaded = weights.load_network(found)
    for before, after in zip(compact.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert [path.name for path in saved.parent.iterdir()] == [weights.BEST]
    with h5py.File(saved) as stored:
        assert "optimizer" not in stored


def test_of_a_run_the_best_weights_are_taken_else_the_last(saved, tmp_path):
    folder = tmp_path / "second"
    folder.mkdir()
    shutil.copy(saved, folder / weights.LAST)
    assert weights.find_weights(str(folder)).path == folder / weights.LAST
    shutil.copy(saved, folder / weights.BEST)
    assert weights.find_weights(str(folder)).path == folder / weights.BEST
    # Weights of older versions lack the perceptual hashes.
    with h5py.File(folder / weights.BEST, "r+") as stored:
        del stored["perceptual_hashes"]
    old = weights.find_weights(str(folder / weights.BEST)).hashes
    assert (len(old.exact), old.perceptual.shape) == (3, (0, 2))


def test_wrong_paths_are_one_line(tmp_path):
    (tmp_path / "model.keras").touch()
    for path, words in (
        ("kompact", "kompact: no such weights; give a run folder, .weights.h5 file, or shipped"),
        (tmp_path, f"{tmp_path / weights.LAST}: no such weights"),
        ("ensemble", "ensemble: is 2 networks; give one of cnn, dnn"),
        (tmp_path / "model.keras", "only .weights.h5 files are loaded"),
    ):
        with pytest.raises(InputError, match=words):
            weights.find_weights(str(path))
    with pytest.raises(InputError, match="ensemble medium: the same weights are given twice"):
        weights.find_ensemble(["ensemble", "medium"])


UNFIT = "is damaged or does not fit the network compact"
LINK = h5py.ExternalLink("other.h5", KERNEL)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("description", None, "was not written by this suite"),
        ("description", "[" * 100_000, "was not written by this suite"),
        ("description", "{}", "it lacks the network, or the mean or deviation"),
        ("description", json.dumps(METADATA | {"network": "resnet"}), "unknown network 'resnet'"),
        ("description", json.dumps(METADATA | {"network": "medium"}), "does not fit the network medium (The"),
        ("training_hashes", None, "was not written by this suite"),
        (KERNEL, None, UNFIT),
        (KERNEL, np.zeros((3, 3, 1, 48), np.float32), f"{UNFIT} (The shape of the target variable"),
        ("layers/dense", None, f"{UNFIT} (Layer 'dense_1' expected 2 variables, but received 0"),
        ("layers/dense/vars/1", np.full(7, np.nan), "is not finite, because the training diverged"),
        # What leads out of the file is refused by Keras. Nothing in a file is code.
        (KERNEL, LINK, f"{UNFIT} (Not allowed: H5 file with ExternalLink"),
    ],
)
def test_damaged_and_strange_files_are_one_line(saved, tmp_path, name, value, words, recwarn):
    path = tmp_path / "strange.weights.h5"
    shutil.copy(saved, path)
    with h5py.File(path, "r+") as stored:
        del stored[name]
        if value is not None:
            stored[name] = value
    with pytest.raises(InputError) as raised:
        weights.load_network(weights.find_weights(str(path)))
    assert str(raised.value).startswith(f"{path}: ")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(recwarn) == 0


def test_cut_files_are_one_line(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "cut.weights.h5"
    for length in (0, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match="is damaged"):
            weights.find_weights(str(path))


def test_a_changed_bit_is_found_by_the_digest_beside_the_file(tmp_path):
    for name in ("compact.weights.h5", "compact.json"):
        shutil.copy(weights.FOLDER / name, tmp_path)
    file = tmp_path / "compact.weights.h5"
    assert weights.metadata_path(weights.find_weights(str(file)).path) == tmp_path / "compact.json"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"its sha256 is not that in compact\.json beside it"):
        weights.find_weights(str(file))
