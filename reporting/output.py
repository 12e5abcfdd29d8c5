"""The folder that the report is written into."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import InputError
from data.replacing import may_replace


@contextmanager
def filled_folder(out: Path, names: Iterable[str] = ()) -> Iterator[Path]:
    """Give an empty folder; if the block succeeds, move its files into `out`, else remove them.

    Other files in `out` stay. names: of files to come, to check them before the work. Raises InputError when
    `out` cannot be written, or when one to be moved has the name of a file that this suite did not write.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder")
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; create it or choose another --out")
    for name in names:
        _require_replaceable(out / name)
    try:
        # Beside `out`, so that each file is renamed and never half there.
        temporary = tempfile.TemporaryDirectory(prefix=".report-", dir=out.parent)
    except OSError as error:
        raise _unwritable(out, error) from error
    with temporary as folder:
        yield Path(folder)
        try:
            files = sorted(Path(folder).iterdir())
            for file in files:
                _require_replaceable(out / file.name, file.read_bytes()[:12].decode(errors="replace"))
            out.mkdir(exist_ok=True)
            for file in files:
                file.replace(out / file.name)
        except OSError as error:
            raise _unwritable(out, error) from error


def _require_replaceable(file: Path, table: str = "") -> None:
    """InputError when there is such a file and this suite did not write it. table: how a CSV may begin."""
    if not may_replace(file, [table]):
        raise InputError(f"{file}: was not written by this suite; name another folder")


def _unwritable(out: Path, error: OSError) -> InputError:
    return InputError(f"{out}: cannot be written ({error.strerror}); free the disk or choose another --out")
