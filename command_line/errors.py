"""How a script starts and ends: its streams, Ctrl-C, one line on stderr and an exit code, never a traceback.

Scripts import this module before anything else; the package's docstring says why.
"""

import functools
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Protocol, TextIO

from data.errors import InputError

# A stream that the shell closed (`>&-`) is None, and the next file that is opened would take its number.
for _name, _mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
    if getattr(sys, _name) is None:
        setattr(sys, _name, Path(os.devnull).open(_mode))


class Main(Protocol):
    """A script's main: `argv` without the program's name, None for the shell's."""

    def __call__(self, argv: Sequence[str] | None = None) -> None: ...


def one_line_errors(main: Main) -> Main:
    """Decorate a script's main: InputError ends with exit code 2, Ctrl-C with 130, a closed pipe with 141.

    SIGTERM ends with 143, after temporary files are removed. Characters that stdout cannot encode are
    escaped.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    @functools.wraps(main)
    def wrapper(argv: Sequence[str] | None = None) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            main(argv)
            sys.stdout.flush()
        except SystemExit as stop:
            _end(stop.code)
        except InputError as error:
            _end(2, f"error: {error}")
        except KeyboardInterrupt:
            _end(130, "interrupted")
        except BrokenPipeError:
            _end(141)
        except MemoryError:
            _end(2, "error: out of memory; close other programs or give less data")
        except OSError as error:
            # Not caught by any earlier check: a name that is too long, or stdout on a full disk.
            place = error.filename or ("stdout" if _fails(sys.stdout, "\n") else "a file")
            _end(2, f"error: {place}: {error.strerror or error}; choose another path or free the disk")

    return wrapper


def _end(code: object, line: str = "") -> NoReturn:
    """End the script after one printable line on stderr, even if a stream cannot be written."""
    words = " ".join(line.split())
    printable = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)
    for stream, text in ((sys.stdout, ""), (sys.stderr, printable + "\n" if line else "")):
        if _fails(stream, text):
            # Otherwise Python would try again at exit, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise SystemExit(code) from None


def _fails(stream: TextIO, text: str = "") -> bool:
    """Whether `text`, or what was written to the stream before, cannot be passed on."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        return True
    return False
