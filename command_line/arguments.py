"""The argument parser of the scripts and the types of their arguments."""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from data.errors import InputError
from data.locate import FILE_NAMES
from models.run_files import HISTORY, STATE

LARGEST_NUMBER = 2**31 - 1
DATA_SETS = tuple(name for names in FILE_NAMES.values() for name in names)


class Parser(argparse.ArgumentParser):
    """argparse with defaults in --help and the suite's error contract: one line, exit code 2."""

    def __init__(self, description: str | None) -> None:
        text = (description or "").strip()
        super().__init__(description=text, formatter_class=_Help, allow_abbrev=False)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """argparse's own; an empty name or value is an InputError, since it is a shell's unset variable."""
        typed = list(sys.argv[1:] if args is None else args)
        for before, word in zip(["an argument", *typed], typed, strict=False):
            if word == "" or (word.startswith("--") and word.endswith("=")):
                self.error(f"{word.rstrip('=') or before} is followed by nothing: give a name or a value")
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")

    def add_figure_files(self, default: str) -> None:
        """Add --out of a script that draws: one file, or one per format."""
        self.add_argument(
            "--out",
            metavar="FILE",
            nargs="+",
            default=[default],
            help="the figure: .png, .pdf or .svg, or several of them",
        )

    def add_held_out(self, splits: Sequence[str]) -> None:
        """Add the options of a script that measures on faces that its weights were not trained on."""
        self.add_argument(
            "--validation",
            choices=splits,
            help="faces to use: the validation split of the run, all labelled rows, or the rows of a Usage "
            "(default: PublicTest, else PrivateTest, or all rows where there is no Usage)",
        )
        self.add_argument("--labels", metavar="CSV", help="id,label file for data without labels")
        self.add_argument(
            "--allow-seen", action="store_true", help="keep faces that the weights were trained on"
        )

    def given(self, argv: Sequence[str] | None) -> dict[str, object]:
        """Only the arguments that were typed, by name; the rest of the names are absent."""
        absent: list[object] = []  # known by its identity; a list, because the action 'extend' copies it
        names = [action.dest for action in self._actions if action.dest != "help"]
        # argparse sets a default only where the namespace has no such attribute yet.
        namespace = self.parse_args(argv, argparse.Namespace(**dict.fromkeys(names, absent)))
        return {name: value for name, value in vars(namespace).items() if value is not absent}


class _Help(argparse.RawDescriptionHelpFormatter):
    """The docstring as it is written, and the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if default in (None, False, [], argparse.SUPPRESS):
            return text
        return f"{text} (default: {' '.join(default) if isinstance(default, list) else '%(default)s'})"


def whole_number(least: int, most: int = LARGEST_NUMBER) -> Callable[[str], int]:
    """An argparse type: a whole number from `least` to `most`, by default what 31 bits hold, as for seeds."""

    def convert(text: str) -> int:
        is_number = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 11
        if not is_number or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text[:30]!r} is not a whole number of at least {least} and at most {most}"
            )
        return int(text)

    return convert


def row_numbers(text: str) -> list[int]:
    """An argparse type: row numbers with commas between them."""
    return [whole_number(0)(number) for number in text.split(",")]


def share(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan  # which is in no range
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is not a number from 0 to 1")
    return value


def output_file(path: str, endings: Sequence[str] = ()) -> Path:
    """A file that can be written: its folder exists and its ending is one of `endings`, or InputError."""
    file = Path(path)
    if not path:
        raise InputError("an output file has an empty name; give it one")
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise InputError(f"{path}: is a device or a pipe, which cannot be replaced by a file; name a file")
    if file.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    if not file.parent.is_dir():
        raise InputError(
            f"{path}: the folder {file.parent} does not exist; create it or choose another place"
        )
    if endings and file.suffix.lower() not in endings:
        raise InputError(f"{path}: the name must end in {' or '.join(endings)}")
    return file


def output_files(paths: Sequence[str], endings: Sequence[str]) -> list[Path]:
    """The same for the formats of one figure; what else a script writes is beside the first."""
    return [output_file(path, endings) for path in paths]


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[str | Path | None]) -> None:
    """InputError when two outputs are one file, or an output would replace what is no output of this suite.

    That is a file that this command reads, one that belongs to a run or to weights, or a known data set.
    """
    taken = {Path(path).resolve(): "is read by this command" for path in inputs if path is not None}
    for path in outputs:
        file = path.resolve()
        # Beside them a figure's numbers may be written, but not over them.
        if file.name in (STATE, HISTORY) and (file.parent / STATE).is_file():
            raise InputError(f"{path}: belongs to a run, so it would be lost; name another file")
        if file.name in DATA_SETS and file.is_file():
            raise InputError(f"{path}: has the name of a data set, which would be lost; name another file")
        weights = file.with_name(file.name.removesuffix(".json") + ".weights.h5")
        if file.suffix == ".json" and weights.is_file():
            raise InputError(f"{path}: describes {weights.name}, so it would be lost; name another file")
        if file in taken:
            raise InputError(f"{path}: {taken[file]}, so it would be lost; name another file")
        if folder := next((parent for parent in file.parents if parent in taken), None):
            raise InputError(f"{path}: the folder {folder.name} {taken[folder]}; name a file elsewhere")
        taken[file] = "is another output of this command"
