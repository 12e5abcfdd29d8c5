"""Which files an output may replace: only those that this suite wrote, known by a mark in each."""

from collections.abc import Sequence
from pathlib import Path

# In the metadata of figures, and in the JSON beside them and beside weights.
MARK = "FER2013 suite"
# Weight files have this data set, which no other program's have.
_WEIGHTS_MARK = "training_hashes"
# The mark is near the start or the end of a file.
_SPAN = 1 << 16


def may_replace(path: Path, tables: Sequence[str] = ()) -> bool:
    """Whether `path` does not exist, is empty, or was written by this suite.

    tables: how the CSV files of this kind begin; a CSV of another kind, such as a data set, is not replaced.
    Raises OSError.
    """
    if not path.exists():
        return True
    with path.open("rb") as file:
        start = file.read(_SPAN)
        file.seek(max(0, path.stat().st_size - _SPAN))
        end = file.read(_SPAN)
    if path.suffix.lower() == ".csv":
        return not start or start.startswith(tuple(table.encode() for table in tables))
    mark = (_WEIGHTS_MARK if path.suffix == ".h5" else MARK).encode()
    return not start or mark in start or mark in end
