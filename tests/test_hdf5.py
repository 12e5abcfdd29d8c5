"""Weight files from strangers: nothing leads out of them, and nothing is read that is not expected."""

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from data.atomic import write_files
from data.errors import InputError
from models.hdf5 import hdf5_bytes, reading_hdf5
from models.locate import FOLDER, find_weights
from models.weights_file import load_network

KERNEL = "layers/dense/vars/0"
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def read(path: Path, shape: tuple[int | None, ...] = (3, 4)) -> np.ndarray:
    with reading_hdf5(path, "is damaged") as stored:
        return stored.array(KERNEL, [np.float32, np.float16], shape)


def test_arrays_and_texts_come_back(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(hdf5_bytes({KERNEL: VALUES}, {"description": "{}", "progress": "x" * 100_000}))
    np.testing.assert_array_equal(read(path), VALUES)
    np.testing.assert_array_equal(read(path, (None, 4)), VALUES)
    with reading_hdf5(path, "is damaged") as stored:
        assert stored.text("description") == "{}"
        assert len(stored.text("progress")) == 100_000


def soft_link(file: h5py.File, folder: Path) -> None:
    file["elsewhere"] = VALUES
    file[KERNEL] = h5py.SoftLink("/elsewhere")


def external_link(file: h5py.File, folder: Path) -> None:
    # Opening it would wait for a writer for ever.
    os.mkfifo(folder / "pipe")
    file[KERNEL] = h5py.ExternalLink(str(folder / "pipe"), "x")


def external_group(file: h5py.File, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    file["layers"] = h5py.ExternalLink(str(folder / "pipe"), "x")


def external_storage(file: h5py.File, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(48))
    file.create_dataset(KERNEL, (3, 4), np.float32, external=[(str(folder / "secret"), 0, 48)])


def virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout((3, 4), np.float32)
    layout[:] = h5py.VirtualSource(str(folder / "secret"), "x", (3, 4))
    file.create_virtual_dataset(KERNEL, layout)


def packed_zeros(file: h5py.File, folder: Path) -> None:
    file.create_dataset(KERNEL, (2**20, 2**20), np.float32, chunks=(2**10, 2**10), compression="gzip")


def large_piece(file: h5py.File, folder: Path) -> None:
    file.create_dataset(KERNEL, (3, 4), np.float32, chunks=(2**12, 2**12), maxshape=(None, None))


def other_filter(file: h5py.File, folder: Path) -> None:
    file.create_dataset(KERNEL, data=VALUES, chunks=(3, 4), compression="lzf")


def packed(file: h5py.File, folder: Path) -> None:
    file.create_dataset(KERNEL, data=VALUES, compression="gzip")


def complex_numbers(file: h5py.File, folder: Path) -> None:
    file[KERNEL] = VALUES.astype(np.complex64)


def group(file: h5py.File, folder: Path) -> None:
    file.create_group(KERNEL)


def nothing(file: h5py.File, folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (soft_link, "is a link"),
        (external_link, "is a link"),
        (external_group, "is a link"),
        (external_storage, "is packed, in pieces or in another file"),
        (virtual, "is packed, in pieces or in another file"),
        (packed_zeros, "is packed, in pieces or in another file"),
        (large_piece, "is packed, in pieces or in another file"),
        (other_filter, "is packed, in pieces or in another file"),
        (packed, "is packed, in pieces or in another file"),
        (complex_numbers, "is of type complex64"),
        (group, "is not an array"),
        (nothing, "is missing"),
    ],
)
def test_what_is_not_expected_is_refused_unread(tmp_path, make, words):
    path = tmp_path / "strange.h5"
    with h5py.File(path, "w") as file:
        make(file, tmp_path)
    with pytest.raises(InputError, match=words) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_array_of_any_size_is_not_read_where_it_is_too_large(tmp_path):
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(KERNEL, (2**31,), np.float32)  # 8 GB of zeros in a file of 2 KB
    with pytest.raises(InputError, match="more than any array"):
        read(path, (None,))


def test_cut_files_are_one_line(tmp_path):
    content = bytes(hdf5_bytes({KERNEL: VALUES}, {"description": "{}"}))
    for length in range(0, len(content), 97):
        path = tmp_path / f"{length}.h5"
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match="is damaged"):
            read(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "resnet"}, "unknown network 'resnet'"),
        ({"mean": True}, "mean should be a valid number"),
        ({"std": 0}, "std should be greater than"),
        ({"std": 1e999}, "std"),
        ({"measured": json.loads("[" * 90 + "]" * 90)}, ""),
    ],
)
def test_a_strange_description_is_one_line(tmp_path, change, words):
    path = tmp_path / "x.weights.h5"
    description = json.dumps({"network": "dnn", "mean": 128.0, "std": 64.0} | change)
    path.write_bytes(hdf5_bytes({"training_hashes": np.zeros(3, np.uint64)}, {"description": description}))
    if not words:  # unknown facts are kept, however they look
        assert find_weights(str(path)).network == "dnn"
        return
    with pytest.raises(InputError, match=words):
        find_weights(str(path))


def test_a_description_nested_without_end_is_one_line(tmp_path):
    path = tmp_path / "x.weights.h5"
    path.write_bytes(hdf5_bytes({"training_hashes": np.zeros(3, np.uint64)}, {"description": "[" * 100_000}))
    with pytest.raises(InputError, match="lacks the mean or deviation"):
        find_weights(str(path))


def test_weights_have_the_names_that_keras_gives_them(tmp_path):
    weights = find_weights("compact")  # which Keras wrote
    network = load_network(weights)
    network.save_weights(tmp_path / "keras.weights.h5")
    with (
        h5py.File(tmp_path / "keras.weights.h5") as by_keras,
        h5py.File(FOLDER / "compact.weights.h5") as own,
    ):
        kernel = "layers/conv2d_3/vars/0"
        np.testing.assert_array_equal(by_keras[kernel][()], own[kernel][()].astype(np.float32))


def test_files_that_belong_together_are_written_all_or_none(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_files({tmp_path / "a.csv": "a", tmp_path / "folder": "b"})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    write_files({tmp_path / "a.csv": "a", tmp_path / "b.csv": b"b"})
    assert (tmp_path / "a.csv").read_text() == "a"
