"""A cached read equals a fresh one, a changed CSV is never served stale, a broken cache never shows."""

import errno
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from data import cache
from data.cache import CACHE_FOLDER, read_cached
from data.csv_reader import read_csv
from data.dataset import NUM_PIXELS, Dataset
from data.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
PIXELS = [
    " ".join(map(str, row)) for row in np.random.default_rng(0).integers(0, 256, (6, NUM_PIXELS)).tolist()
]


@pytest.fixture
def csv_path(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    write_faces(path)
    return path


@pytest.fixture
def much_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the test count as written long ago, so that their times alone are trusted."""
    now = time.time_ns
    monkeypatch.setattr(cache.time, "time_ns", lambda: now() + 60 * 10**9)


def write_faces(path: Path, label: int = 3) -> None:
    time.sleep(0.02)  # a tick of the clock of older Linux kernels, so that the file's times differ
    path.write_text("label,feature\n" + "".join(f"{label},{pixels}\n" for pixels in PIXELS))


def entry_of(path: Path) -> Path:
    return path.parent / CACHE_FOLDER / f"{path.name}.faces"


def assert_equal(dataset: Dataset, expected: Dataset) -> None:
    assert dataset.source == expected.source
    for name in ("images", "labels", "usage", "ids"):
        values, wanted = getattr(dataset, name), getattr(expected, name)
        if wanted is None:
            assert values is None
        else:
            assert values.dtype == wanted.dtype
            np.testing.assert_array_equal(values, wanted)


def forbid_reading(monkeypatch: pytest.MonkeyPatch, *, checksum: bool = False) -> None:
    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(cache, "read_csv", refuse)
    if checksum:
        monkeypatch.setattr(cache, "_checksum", refuse)


@pytest.mark.parametrize("header", ["label,feature", "id,feature", "emotion, Usage, pixels", "pixels"])
def test_a_later_read_equals_the_first(tmp_path, monkeypatch, header):
    lines = [header]
    for row, pixels in enumerate(PIXELS):
        fields = {"label": "4", "emotion": "0", "Usage": "PrivateTest", "id": str(row)}
        lines.append(",".join(fields.get(name.strip(), pixels) for name in header.split(",")))
    path = tmp_path / "faces.csv"
    path.write_text("\n".join(lines))
    expected = read_csv(path)
    assert_equal(read_cached(path), expected)
    forbid_reading(monkeypatch)
    cached = read_cached(path)
    assert_equal(cached, expected)
    assert isinstance(cached.images, np.memmap)


def test_an_old_file_is_not_even_read_for_its_checksum(csv_path, monkeypatch, much_later):
    first = read_cached(csv_path)
    forbid_reading(monkeypatch, checksum=True)
    assert_equal(read_cached(csv_path), first)


def test_images_are_read_only_in_the_first_and_in_later_reads(csv_path):
    for _ in range(2):
        images = read_cached(csv_path).images
        assert images.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            images[0, 0, 0] = 1


@pytest.mark.parametrize("trusted", [False, True])
def test_an_edit_of_equal_size_with_the_time_put_back_is_noticed(csv_path, request, trusted):
    if trusted:
        request.getfixturevalue("much_later")
    for label in (3, 4, 5, 3):
        status = csv_path.stat()
        write_faces(csv_path, label)
        os.utime(csv_path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert csv_path.stat().st_size == status.st_size
        assert csv_path.stat().st_mtime_ns == status.st_mtime_ns
        assert (read_cached(csv_path).labels == label).all()
    assert len(list(entry_of(csv_path).parent.iterdir())) == 1


def test_an_edit_within_one_tick_of_the_clock_is_noticed(csv_path, monkeypatch):
    """The file system tells no difference at all; only the content does."""
    status = cache._status(csv_path)
    monkeypatch.setattr(cache, "_status", lambda path: status)
    assert (read_cached(csv_path).labels == 3).all()
    write_faces(csv_path, 4)
    assert (read_cached(csv_path).labels == 4).all()


def test_a_replaced_file_is_noticed(csv_path, much_later):
    read_cached(csv_path)
    other = csv_path.with_name("other.csv")
    write_faces(other, 5)
    status = csv_path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(csv_path)
    assert (read_cached(csv_path).labels == 5).all()


def test_a_touched_file_is_not_decoded_again(csv_path, monkeypatch, much_later):
    first = read_cached(csv_path)
    os.utime(csv_path)
    forbid_reading(monkeypatch)
    assert_equal(read_cached(csv_path), first)


def test_a_file_that_becomes_faulty_is_refused(csv_path):
    read_cached(csv_path)
    csv_path.write_text(csv_path.read_text()[:-4])
    with pytest.raises(InputError, match="row 7: the file ends in the middle"):
        read_cached(csv_path)
    csv_path.unlink()
    with pytest.raises(InputError, match="no such file"):
        read_cached(csv_path)


@pytest.mark.parametrize("trusted", [False, True])
def test_a_file_changed_while_it_is_read_is_not_stored(csv_path, monkeypatch, request, trusted):
    if trusted:
        request.getfixturevalue("much_later")

    def read_then_edit(path: Path) -> Dataset:
        dataset = read_csv(path)
        write_faces(path, 6)
        return dataset

    monkeypatch.setattr(cache, "read_csv", read_then_edit)
    assert (read_cached(csv_path).labels == 3).all()
    assert not entry_of(csv_path).exists()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:40], id="half a header"),
        pytest.param(lambda content: content[:64], id="header only"),
        pytest.param(lambda content: content[:-1], id="a byte less"),
        pytest.param(lambda content: content[: -(NUM_PIXELS + 24)], id="a row less"),
        pytest.param(lambda content: content + content[-(NUM_PIXELS + 24) :], id="a row more"),
        pytest.param(lambda content: b"PK\x03\x04" * 4000, id="something else"),
        pytest.param(lambda content: content[:5000] + b"\x01\x02" + content[5002:], id="two bytes"),
        pytest.param(lambda content: content[:-8] + bytes(8), id="the last column"),
        pytest.param(lambda content: content[:64] + bytes(len(content) - 64), id="zeros"),
        pytest.param(lambda content: b"\x63" + content[1:], id="another version"),
    ],
)
def test_a_damaged_entry_is_replaced(csv_path, damage, much_later):
    expected = read_cached(csv_path)
    content = entry_of(csv_path).read_bytes()
    entry_of(csv_path).write_bytes(damage(content))
    assert_equal(read_cached(csv_path), expected)
    assert entry_of(csv_path).read_bytes() == content


def test_a_folder_that_cannot_be_written_is_no_error(csv_path):
    # A file in the folder's place stops even the superuser, whom a read-only folder would not.
    entry_of(csv_path).parent.write_text("in the way")
    for _ in range(2):
        assert len(read_cached(csv_path)) == len(PIXELS)
    assert entry_of(csv_path).parent.read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write into read-only folders")
def test_a_read_only_folder_is_no_error(csv_path):
    csv_path.parent.chmod(0o500)
    try:
        assert len(read_cached(csv_path)) == len(PIXELS)
        assert not entry_of(csv_path).parent.exists()
    finally:
        csv_path.parent.chmod(0o700)


def test_a_full_disk_is_no_error_and_leaves_nothing(csv_path, monkeypatch):
    original = Path.open

    def open_on_full_disk(path: Path, mode: str = "r", *arguments, **options):
        file = original(path, mode, *arguments, **options)
        if mode == "wb":
            file.write(b"half")
            file.close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return file

    monkeypatch.setattr(Path, "open", open_on_full_disk)
    assert len(read_cached(csv_path)) == len(PIXELS)
    assert list(entry_of(csv_path).parent.iterdir()) == []


def test_no_link_in_the_cache_folder_is_followed(csv_path):
    """Neither a file nor a folder behind a link is read or replaced."""
    precious = csv_path.with_name("precious")
    precious.write_text("precious")
    entry_of(csv_path).parent.mkdir()
    entry_of(csv_path).symlink_to(precious)
    assert len(read_cached(csv_path)) == len(PIXELS)
    assert entry_of(csv_path).is_symlink()
    assert precious.read_text() == "precious"

    folder = csv_path.with_name("folder")
    folder.mkdir()
    (folder / entry_of(csv_path).name).write_text("precious")
    entry_of(csv_path).unlink()
    entry_of(csv_path).parent.rmdir()
    entry_of(csv_path).parent.symlink_to(folder)
    assert len(read_cached(csv_path)) == len(PIXELS)
    assert [path.read_text() for path in folder.iterdir()] == ["precious"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX")
def test_pipes_are_neither_read_nor_waited_for(csv_path, tmp_path):
    entry_of(csv_path).parent.mkdir()
    os.mkfifo(entry_of(csv_path))
    assert len(read_cached(csv_path)) == len(PIXELS)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="pipe or a device"):
        read_cached(tmp_path / "pipe.csv")


def test_labels_that_do_not_exist_are_not_taken_from_a_cache_file(csv_path, much_later):
    expected = read_cached(csv_path)
    content = bytearray(entry_of(csv_path).read_bytes())
    content[-3 * 8 * len(PIXELS)] = 7
    content[8:16] = zlib.crc32(content[cache.HEADER_BYTES :]).to_bytes(8, "little")
    entry_of(csv_path).write_bytes(content)
    assert_equal(read_cached(csv_path), expected)


def test_processes_that_start_at_once_agree(csv_path):
    program = (
        "import sys, hashlib; from data.cache import read_cached; sys.stdin.readline();"
        "[print(hashlib.sha256(read_cached(sys.argv[1]).images).hexdigest()) for _ in range(20)]"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(csv_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=60) for process in processes]
    assert [errors for _, errors in results] == ["", "", ""]
    assert len({line for output, _ in results for line in output.split()}) == 1
    assert [path.name for path in entry_of(csv_path).parent.iterdir()] == ["train.csv.faces"]


def test_no_pandas_nor_tensorflow_on_the_way(csv_path):
    program = (
        "import sys; from data.cache import read_cached; read_cached(sys.argv[1]);"
        "print([name for name in ('pandas', 'tensorflow', 'keras', 'sklearn') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(csv_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
