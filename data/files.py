"""Input files have to be ordinary files."""

import os
import stat
from pathlib import Path

from data.errors import InputError


def require_file(path: Path, wanted: str) -> os.stat_result:
    """The status of an ordinary file, links followed. Raises InputError for whatever else `path` names.

    Opening a pipe could wait for a writer forever, and a device may never end.
    wanted: what to give in place of a folder, such as 'the CSV file'.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (OSError, ValueError) as error:  # ValueError: no name of a file, as JSON may hold one
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason}); check the path and its permissions") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: is a folder; give {wanted} in it")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: is a pipe or a device, which can't be read twice; give a file")
    return status


def without_links(path: str | Path) -> Path:
    """The absolute path, links followed. Raises InputError when they lead in a circle."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError):  # before Python 3.13; later versions leave such links to require_file
        raise InputError(f"{path}: is a link that leads back to itself; give another path") from None
