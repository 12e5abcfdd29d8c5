"""Later reads of an unchanged CSV: its faces, already decoded, memory-mapped from a file beside it.

A CSV has one cache file, .fer2013_cache/NAME.faces: a header of eight int64, the images, then labels, usage
and ids as int64, -1 where the CSV has no such column. A changed CSV's entry replaces the old one.

How a changed CSV is noticed is git's way: size, both times of change and inode have to be equal. The second
time, ctime, cannot be put back by a program. Only a CSV that was changed less than two seconds before it was
read could change once more within the same tick of the clock, and other systems than POSIX have no ctime.
There, and after a copy or `touch`, the CRC-32 of the whole CSV decides (0.1 s for 240 MB). Another CRC
guards the cache file itself, so that it can be trusted without having been flushed to disk.
"""

import os
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.csv_reader import read_csv, require_csv
from data.dataset import IMAGE_SIZE, NUM_CLASSES, NUM_PIXELS, USAGE_NAMES, Dataset
from data.errors import InputError

CACHE_FOLDER = ".fer2013_cache"
FORMAT_VERSION = 1
HEADER_BYTES = 64
BYTES_PER_ROW = NUM_PIXELS + 3 * 8
BUFFER_BYTES = 1 << 18
COARSEST_CLOCK_NS = 2_000_000_000  # the times of a FAT file system


class Status(NamedTuple):
    """What the file system says about a CSV; times in nanoseconds."""

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
    """What read_csv gives, from the cache if the file is unchanged; the images are read-only.

    Where the cache is damaged, a link or cannot be written, the CSV is read instead, silently.
    Raises InputError as read_csv does.
    """
    path = Path(path)
    require_csv(path)
    entry = path.parent / CACHE_FOLDER / f"{path.name}.faces"
    try:
        # Whoever packed the folder may have left a link there, to a file that would be lost.
        if entry.is_symlink() or entry.parent.is_symlink():
            return read_csv(path)
        start = time.time_ns()
        status = _status(path)
        cached = _load(entry, source=str(path))
        if cached and cached.trusted and cached.status == status:
            return cached.dataset
        checksum = _checksum(path)
        if cached and (cached.status.size, cached.checksum) == (status.size, checksum):
            return cached.dataset
    except OSError:
        return read_csv(path)  # which says what is wrong with the file
    dataset = read_csv(path)
    dataset.images.setflags(write=False)
    trusted = os.name == "posix" and start - max(status.modified, status.changed) > COARSEST_CLOCK_NS
    # OSError: the CSV was removed meanwhile. InputError: a read-only folder or a full disk.
    with suppress(OSError, InputError):
        # A CSV that changed while it was being read is not stored.
        if _status(path) == status and (trusted or _checksum(path) == checksum):
            _store(entry, Entry(status, checksum, trusted, dataset))
    return dataset


def _status(path: Path) -> Status:
    status = path.stat()
    # Some file systems number their files beyond what an int64 holds.
    return Status(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino % 2**63)


def _checksum(path: Path) -> int:
    checksum = 0
    buffer = memoryview(bytearray(BUFFER_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            checksum = zlib.crc32(buffer[:count], checksum)
    return checksum


def _store(path: Path, entry: Entry) -> None:
    dataset = entry.dataset
    columns = np.full((3, len(dataset)), -1, np.int64)
    for column, values in zip(columns, (dataset.labels, dataset.usage, dataset.ids), strict=True):
        if values is not None:
            column[:] = values
    own_checksum = zlib.crc32(columns.data, zlib.crc32(dataset.images.data))
    header = [FORMAT_VERSION, own_checksum, *entry.status, entry.checksum, entry.trusted]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for array in (np.array(header, np.int64), dataset.images, columns):
            file.write(array.data)


def _load(path: Path, source: str) -> Entry | None:
    if not path.is_file():
        return None
    try:
        content = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError):  # ValueError: an empty file
        return None
    rows, rest = divmod(len(content) - HEADER_BYTES, BYTES_PER_ROW)
    if rows < 1 or rest:
        return None
    version, own_checksum, *status, checksum, trusted = content[:HEADER_BYTES].view(np.int64).tolist()
    body = content[HEADER_BYTES:]
    if version != FORMAT_VERSION or own_checksum != zlib.crc32(body.data):
        return None
    columns = body[rows * NUM_PIXELS :].view(np.int64).reshape(3, rows)
    # Whoever wrote the file can give it a right checksum, but not labels that do not exist.
    within = (columns >= 0) & (columns < [[NUM_CLASSES], [len(USAGE_NAMES)], [2**63 - 1]])
    if not (within.all(axis=1) | (columns == -1).all(axis=1)).all():
        return None
    labels, usage, ids = (None if column[0] < 0 else np.array(column) for column in columns)
    dataset = Dataset(
        images=body[: rows * NUM_PIXELS].reshape(rows, IMAGE_SIZE, IMAGE_SIZE),
        labels=labels,
        usage=None if usage is None else usage.astype(np.uint8),
        ids=ids,
        source=source,
    )
    return Entry(Status(*status), checksum, bool(trusted), dataset)
