"""Files that are either whole or absent: written under a temporary name, then renamed."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from data.errors import InputError


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` if the block succeeds, else remove it.

    The temporary name keeps the ending, because Keras and matplotlib choose a format by it.
    Raises InputError when the folder cannot be written or the disk is full.
    """
    given = Path(path)
    # Through a link the file that it names is replaced, not the link; the ending is that of the link.
    path = given.resolve()
    temporary = path.with_name(f".{secrets.token_hex(4)}.tmp.{given.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{path}: cannot be written ({reason}); free the disk or choose another place"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_files(contents: Mapping[Path, bytes | memoryview | str]) -> None:
    """Write the content of each path, all of them or none. Raises InputError as atomic_path does.

    Whatever makes a file makes its bytes first: libraries crash, or say nothing clear, on a full disk.
    """
    with ExitStack() as stack:
        # All are written before the first is renamed, as the stack ends.
        for path, content in contents.items():
            # A name in a text may hold what is no character in any encoding.
            data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
            stack.enter_context(atomic_path(path)).write_bytes(data)
