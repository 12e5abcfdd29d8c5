"""Arrays and texts in HDF5 files: made in memory, and read without following links to other files.

A full disk crashes the HDF5 library, so Python writes the bytes that the library made. A file from a stranger
may hold links to other files, or a few bytes that unpack to gigabytes: each array is compared with what is
expected before any of it is read.
"""

import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.errors import InputError
from data.files import require_file

# In bytes: three times the largest kernel, or the hashes of 28 million faces.
_LARGEST_ARRAY = 225_000_000


def hdf5_bytes(arrays: Mapping[str, Any], texts: Mapping[str, str]) -> memoryview:
    """A file that holds arrays, and texts as scalars, by names such as 'layers/dense/vars/0'."""
    file = io.BytesIO()
    with h5py.File(file, "w") as stored:
        for name, value in {**arrays, **texts}.items():
            stored[name] = value
    return file.getbuffer()


class StoredArrays:
    """An open HDF5 file; anything unexpected in it raises KeyError or ValueError."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file

    def array(self, name: str, dtypes: Collection[Any], shape: tuple[int | None, ...]) -> np.ndarray:
        """The array of this name. dtypes: those allowed. shape: None for any size."""
        stored = self._dataset(name)
        if stored.dtype not in [np.dtype(each) for each in dtypes]:
            raise ValueError(f"{name} is of type {stored.dtype}")
        sizes = zip(shape, stored.shape, strict=False)
        if len(shape) != stored.ndim or any(size not in (None, own) for size, own in sizes):
            expected = tuple("any" if size is None else size for size in shape)
            raise ValueError(f"{name} has the shape {stored.shape}, not {expected}")
        # If the size is not known beforehand, a small file could declare any: an array of zeros takes no
        # space.
        if stored.nbytes > _LARGEST_ARRAY:
            raise ValueError(f"{name} takes {stored.nbytes:,} bytes, more than any array of this suite")
        return stored[()]

    def text(self, name: str) -> str:
        """The text of this name: a scalar, or an attribute of the whole file, as older files have it."""
        if name in self.file.attrs:
            value = self.file.attrs[name] if self.file.attrs.get_id(name).shape == () else None
        else:
            stored = self._dataset(name)
            value = stored.asstr()[()] if stored.shape == () else None
        if not isinstance(value, str):
            raise ValueError(f"{name} is not a text")
        return value

    def _dataset(self, name: str) -> h5py.Dataset:
        item: Any = self.file
        for part in name.split("/"):
            link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
            if link is None:
                raise KeyError(f"{name} is missing")
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{name} is a link")
            item = item[part]
        if not isinstance(item, h5py.Dataset):
            raise ValueError(f"{name} is not an array")
        storage = item.id.get_create_plist()
        # A packed array may unpack to more than it says, and this suite packs none.
        if storage.get_layout() != h5py.h5d.CONTIGUOUS or storage.get_external_count():
            raise ValueError(f"{name} is packed, in pieces or in another file")
        return item


@contextmanager
def reading_hdf5(path: Path, wrong: str) -> Iterator[StoredArrays]:
    """Open a file to read. Errors in the block become an InputError that says `wrong` about the file."""
    require_file(path, "a weight file")
    try:
        with h5py.File(path, "r") as file:
            yield StoredArrays(file)
    except PermissionError:
        raise InputError(f"{path}: cannot be read; change its permissions") from None
    # h5py turns the library's errors into almost any of Python's.
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, MemoryError) as error:
        reason = str(error.args[0] if error.args else error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{path}: {wrong} ({reason[0][:150]}); train or copy it again") from None
