"""What all scripts share on the command line: options, the files they write, error lines and exit codes."""

import argparse
import errno
import functools
import math
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from data import InputError

LARGEST_NUMBER = 2**31 - 1
OUTPUTS = ("out", "probabilities", "annotate", "crops", "run")


def one_line_errors(main: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a script's main: what stops it is one line on stderr and an exit code, never a traceback.

    2 for what the user did wrong (InputError) and what the system refused (OSError, MemoryError), 130 for
    Ctrl-C, 143 for SIGTERM, 141 for a closed pipe. A bug keeps its traceback.
    """

    @functools.wraps(main)
    def wrapper(argv: Sequence[str] | None = None) -> Any:
        # As Ctrl-C, so that half-written files are removed.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        try:
            result = main(argv)
            sys.stdout.flush()
            return result
        except InputError as error:
            _end(2, f"error: {error}")
        except KeyboardInterrupt:
            _end(130, "interrupted")
        except BrokenPipeError:
            # Python would flush once more at exit, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            _end(141)
        except MemoryError:
            _end(2, "error: out of memory; close other programs or give less data")
        except OSError as error:
            way_out = "free the disk" if error.errno == errno.ENOSPC else "check the path and its permissions"
            _end(2, f"error: {error.filename or 'a file'}: {error.strerror or error}; {way_out}")

    return wrapper


def _end(code: int, line: str = "") -> NoReturn:
    if line:
        # A file's name may hold a line break, or what is no character in any encoding.
        print(ascii(line)[1:-1] if not line.isprintable() else line, file=sys.stderr)
    raise SystemExit(code) from None


class Parser(argparse.ArgumentParser):
    """argparse with the script's docstring and all defaults in --help, and one line for wrong usage.

    inputs: what the last command line names but for outputs; check_outputs() never lets these be replaced.
    """

    inputs: ClassVar[set[Path]] = set()

    def __init__(self, description: str | None) -> None:
        super().__init__(description=description, formatter_class=_Help, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments") and " -" not in message:
            message += "; name files by an option, such as --data train.csv or --images me.jpg"
        raise InputError(f"{message}; see {self.prog} --help")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """As argparse does, but the files that are read are kept in `inputs`."""
        arguments = super().parse_args(args, namespace)
        named = [value for name, value in vars(arguments).items() if name not in OUTPUTS]
        texts = [text for value in named for text in (value if isinstance(value, list) else [value])]
        Parser.inputs = {Path(text).resolve() for text in texts if isinstance(text, str)}
        return arguments

    def add_data(self, or_images: bool = False) -> Any:
        """Add --data and how it is read; give the group that it excludes. or_images: and --images, in it."""
        source = self.add_mutually_exclusive_group()
        source.add_argument("--data", help="FER CSV or folder of pictures (default: the data set in data/)")
        if or_images:
            source.add_argument("--images", nargs="+", metavar="PATH", help="photographs, or folders of them")
        self.add_reading()
        return source

    def add_reading(self) -> None:
        """Add --faces and --classes, which say how data are read."""
        text = "of each picture the face that is found, or the whole (default: find; whole for small squares)"
        self.add_argument("--faces", choices=("find", "whole"), help=text)
        text = "what folders and labels of other names are, such as 1=surprise; contempt=- is left out"
        options: dict[str, Any] = {"nargs": "+", "action": "extend", "default": [], "metavar": "NAME=CLASS"}
        self.add_argument("--classes", help=text, **options)

    def add_overwrite(self) -> None:
        """Add --overwrite, without which no script replaces a file."""
        self.add_argument("--overwrite", action="store_true", help="replace output files that exist")

    def given(self, argv: Sequence[str] | None) -> dict[str, object]:
        """Only the arguments that were typed, by name."""
        absent = object()
        names = [action.dest for action in self._actions if action.dest != "help"]
        # argparse sets a default only where the namespace has no such attribute yet.
        namespace = argparse.Namespace(**dict.fromkeys(names, absent))
        for action in self._actions:  # 'extend' would add to `absent`
            if isinstance(action.default, list):
                setattr(namespace, action.dest, None)
        typed = vars(self.parse_args(argv, namespace))
        return {name: value for name, value in typed.items() if value is not absent and value is not None}

    @staticmethod
    def refuse(arguments: argparse.Namespace, names: Iterable[str], reason: str) -> None:
        """Raise InputError where one of these options was given. reason: such as 'goes with --data only'."""
        for name in names:
            if getattr(arguments, name) not in (None, False, []):
                raise InputError(f"--{name.replace('_', '-')} {reason}; omit it")


class _Help(argparse.RawDescriptionHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if default in (None, False, [], argparse.SUPPRESS):
            return text
        values = default if isinstance(default, list) else [default]
        return f"{text} (default: {' '.join(map(str, values))})"


def whole_number(least: int, most: int = LARGEST_NUMBER) -> Callable[[str], Any]:
    """An argparse type: a whole number from `least` to `most`."""
    return number(least, most, lambda text: int(text) if text.isdecimal() else math.nan, "whole number")


def number(least: float, most: float, read: Any = float, name: str = "number") -> Callable[[str], Any]:
    """An argparse type: a number from `least` to `most`. read: text to number. name: what errors call it."""

    def convert(text: str) -> Any:
        try:
            value = read(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a {name} from {least} to {most}")
        return value

    return convert


def check_folder(folder: str | Path) -> None:
    """Raise InputError where a folder can neither be written nor made."""
    nearest = next(each for each in (Path(folder), *Path(folder).absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise InputError(f"{folder}: {nearest} is a file, not a folder; choose another place")
    if not os.access(nearest, os.W_OK):
        raise InputError(f"{folder}: the folder {nearest} cannot be written; choose another place")


def check_outputs(
    paths: Iterable[str | Path], overwrite: bool, endings: Sequence[str] | None = None
) -> list[Path]:
    """The paths of the files that a script is about to write, checked before it computes for minutes.

    Each is a new file, unless `overwrite`, in a folder that can be written, with one of `endings`. Raises
    InputError.
    """
    files = [Path(path) for path in paths]
    for file in files:
        if endings and not file.name.lower().endswith(tuple(endings)):
            raise InputError(f"{file}: the name must end in {' or '.join(endings)}")
        if file.is_dir():
            raise InputError(f"{file}: is a folder; name a file in it")
        if file.resolve() in Parser.inputs:
            raise InputError(f"{file}: is read by this command; name another file")
        if file.exists() and not overwrite:
            raise InputError(f"{file}: exists already; name another file, or replace it by --overwrite")
        if not file.parent.is_dir():
            raise InputError(f"{file}: the folder {file.parent} does not exist; create it or name another")
        check_folder(file.parent)
    if len(set(files)) < len(files):
        raise InputError(f"{' '.join(map(str, files))}: names a file twice; name each once")
    return files
