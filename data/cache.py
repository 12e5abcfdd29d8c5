"""Later reads of unchanged data: its faces, already decoded, memory-mapped from a file beside it.

A CSV or a folder of pictures has one cache file, .fer2013_cache/NAME.faces: a header of nine int64, the
images, then labels, usage and ids as int64, -1 where the data has none, and last the ids that are names, as
lines of text. The entry of changed data replaces the old one.

Changes are noticed as git does it: size, both times of change and inode have to be equal, in a folder those
and the path of every file. The second time, ctime, cannot be reset by a program. Only a file that was changed
less than two seconds before it was read could change once more within the same tick of the clock, and other
systems than POSIX have no ctime. There, and after a copy or `touch`, the CRC-32 of all content decides (0.1 s
for 240 MB in one file, a second in 35,000 files). Another CRC guards the cache file itself, so that it need
not be flushed to disk to be trusted.
"""

import hashlib
import os
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.csv_reader import read_csv, require_csv
from data.dataset import IMAGE_SIZE, NUM_CLASSES, NUM_PIXELS, USAGE_NAMES, Dataset
from data.errors import InputError
from data.picture_folder import list_files, read_folder

CACHE_FOLDER = ".fer2013_cache"
FORMAT_VERSION = 2
HEADER_BYTES = 72
BYTES_PER_ROW = NUM_PIXELS + 3 * 8
BUFFER_BYTES = 1 << 18
COARSEST_CLOCK_NS = 2_000_000_000  # the times of a FAT file system


class Status(NamedTuple):
    """What the file system says about a CSV or a folder of pictures; times in nanoseconds.

    Of a folder: the size of all files, the latest times, and as the inode a hash of every file's path and
    status.
    """

    size: int
    modified: int
    changed: int
    inode: int


class Entry(NamedTuple):
    """What a cache file holds; `trusted` says that an equal status is enough."""

    status: Status
    checksum: int
    trusted: bool
    dataset: Dataset


def read_cached(path: str | os.PathLike[str]) -> Dataset:
    """What read_csv or, of a folder, read_folder gives, from the cache if the data is unchanged.

    The images are read-only. Where the cache is damaged, a link or cannot be written, the data is read
    instead, silently. Raises InputError as the two readers do.
    """
    path = Path(path)
    if not path.is_dir():
        require_csv(path)
    place = path.resolve() if path.name in ("", "..") else path
    entry = place.parent / CACHE_FOLDER / f"{place.name}.faces"
    try:
        # Whoever packed the folder may have left a link there, to a file that would be lost.
        if entry.is_symlink() or entry.parent.is_symlink():
            return _read(path)
        start = time.time_ns()
        status = _status(path)
        cached = _load(entry, source=str(path))
        if cached and cached.trusted and cached.status == status:
            return cached.dataset
        checksum = _checksum(path)
        is_known = cached and (cached.status.size, cached.checksum) == (status.size, checksum)
    except OSError:
        return _read(path)  # which says what is wrong with the data
    dataset = cached.dataset if cached and is_known else _read(path)
    dataset.images.setflags(write=False)
    trusted = os.name == "posix" and start - max(status.modified, status.changed) > COARSEST_CLOCK_NS
    if is_known and not trusted:
        return dataset
    # OSError: the data was removed meanwhile. InputError: a read-only folder or a full disk.
    with suppress(OSError, InputError):
        # Data that changed while it was being read is not stored.
        if _status(path) == status and (trusted or _checksum(path) == checksum):
            _store(entry, Entry(status, checksum, trusted, dataset))
    return dataset


def _read(path: Path) -> Dataset:
    return read_folder(path) if path.is_dir() else read_csv(path)


def _status(path: Path) -> Status:
    if not path.is_dir():
        status = path.stat()
        # Some file systems number their files beyond what an int64 holds.
        return Status(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino % 2**63)
    files = list_files(path)
    statuses = [status for status in files.values() if status is not None]
    columns = [
        np.fromiter(map(attrgetter(name), statuses), np.uint64 if name == "st_ino" else np.int64)
        for name in ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
    ]
    listing = b"".join(column.tobytes() for column in columns) + _lines(files)
    return Status(
        size=int(columns[0].sum()),
        modified=int(columns[1].max(initial=0)),
        changed=int(columns[2].max(initial=0)),
        inode=int.from_bytes(hashlib.blake2b(listing, digest_size=8).digest()) % 2**63,
    )


def _checksum(path: Path) -> int:
    """CRC-32 of the file, or of the paths and contents of all files in the folder."""
    if not path.is_dir():
        return _checksum_of_file(path)
    checksum = 0
    for name, status in list_files(path).items():
        checksum = zlib.crc32(_lines([name]), checksum)
        if status is not None:
            checksum = _checksum_of_file(path / name, checksum)
    return checksum


def _checksum_of_file(path: Path, checksum: int = 0) -> int:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            checksum = zlib.crc32(buffer[:count], checksum)
    return checksum


def _store(path: Path, entry: Entry) -> None:
    dataset = entry.dataset
    has_names = dataset.ids is not None and dataset.ids.dtype.kind == "U"
    columns = np.full((3, len(dataset)), -1, np.int64)
    numbers = (dataset.labels, dataset.usage, None if has_names else dataset.ids)
    for column, values in zip(columns, numbers, strict=True):
        if values is not None:
            column[:] = values
    names = _lines(dataset.ids.tolist()) if has_names else b""  # type: ignore[union-attr]
    body = (dataset.images, columns, np.frombuffer(names, np.uint8))
    own_checksum = 0
    for array in body:
        own_checksum = zlib.crc32(array.data, own_checksum)
    header = [FORMAT_VERSION, own_checksum, *entry.status, entry.checksum, entry.trusted, len(dataset)]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for array in (np.array(header, np.int64), *body):
            file.write(array.data)


def _load(path: Path, source: str) -> Entry | None:
    if not path.is_file():
        return None
    try:
        content = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError):  # ValueError: an empty file
        return None
    if len(content) < HEADER_BYTES:
        return None
    body = content[HEADER_BYTES:]
    version, own_checksum, *status, checksum, trusted, rows = content[:HEADER_BYTES].view(np.int64).tolist()
    if version != FORMAT_VERSION or own_checksum != zlib.crc32(body.data):
        return None
    if not 0 < rows <= len(body) // BYTES_PER_ROW:
        return None
    images, numbers, names = np.split(body, [rows * NUM_PIXELS, rows * BYTES_PER_ROW])
    columns = numbers.view(np.int64).reshape(3, rows)
    # Whoever wrote the file can give it a right checksum, but not labels that do not exist.
    within = (columns >= 0) & (columns < [[NUM_CLASSES], [len(USAGE_NAMES)], [2**63 - 1]])
    if not (within.all(axis=1) | (columns == -1).all(axis=1)).all():
        return None
    labels, usage, ids = (None if column[0] < 0 else np.array(column) for column in columns)
    if len(names):
        ids = np.array(names.tobytes().decode(errors="replace").splitlines())
    if ids is not None and len(ids) != rows:
        return None
    dataset = Dataset(
        images=images.reshape(rows, IMAGE_SIZE, IMAGE_SIZE),
        labels=labels,
        usage=None if usage is None else usage.astype(np.uint8),
        ids=ids,
        source=source,
    )
    return Entry(Status(*status), checksum, bool(trusted), dataset)


def _lines(names: Iterable[str]) -> bytes:
    return "".join(name + "\n" for name in names).encode(errors="surrogateescape")
