"""The folder that the report is written into."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import InputError
from data.replacing import may_replace


@contextmanager
def filled_folder(out: Path) -> Iterator[Path]:
    """Give an empty folder; if the block succeeds, move its files into `out`, else remove them.

    Other files in `out` stay. Raises InputError when `out` cannot be written, or when one to be moved has the
    name of a file that this suite did not write.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder")
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; create it or choose another --out")
    try:
        # Beside `out`, so that each file is renamed and never half there.
        with tempfile.TemporaryDirectory(prefix=".report-", dir=out.parent) as temporary:
            yield Path(temporary)
            out.mkdir(exist_ok=True)
            files = sorted(Path(temporary).iterdir())
            for file in files:
                if not may_replace(out / file.name, [file.read_bytes()[:12].decode(errors="replace")]):
                    raise InputError(f"{out / file.name}: was not written by this suite; name another folder")
            for file in files:
                file.replace(out / file.name)
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); free the disk or choose another --out"
        ) from error
