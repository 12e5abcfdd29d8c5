"""One line on stderr and exit code 2 for what the user can fix; never a traceback."""

import functools
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Protocol

from data.errors import InputError


class Main(Protocol):
    """A script's main: `argv` without the program's name, None for the shell's."""

    def __call__(self, argv: Sequence[str] | None = None) -> None: ...


def one_line_errors(main: Main) -> Main:
    """Decorate a script's main: InputError ends with exit code 2, Ctrl-C with 130, a closed pipe with 141.

    A polite kill ends with 143, after temporary files are removed.
    """

    @functools.wraps(main)
    def wrapper(argv: Sequence[str] | None = None) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        try:
            main(argv)
        except InputError as error:
            print("error: " + " ".join(str(error).split()), file=sys.stderr)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise SystemExit(130) from None
        except BrokenPipeError:
            # `predict.py ... | head` closes our stdout; Python would complain once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(141) from None
        except OSError as error:
            # What no earlier check foresaw: a name too long, a full disk that stdout is written to.
            reason = f"{error.filename or 'a file or stdout'}: {error.strerror or error}"
            print(f"error: {reason}; choose another path or free the disk"[:500], file=sys.stderr)
            raise SystemExit(2) from None

    return wrapper
