"""The argument parser of the scripts and the types of their arguments."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from data.errors import InputError
from photographs.reading import FACES, SMALL_SQUARE

LARGEST_NUMBER = 2**31 - 1


class Parser(argparse.ArgumentParser):
    """argparse with defaults in --help and the suite's error contract: one line, exit code 2."""

    def __init__(self, description: str | None) -> None:
        text = (description or "").strip()
        super().__init__(description=text, formatter_class=_Help, allow_abbrev=False)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """argparse's own; an empty value, as of an unset shell variable, is an InputError."""
        typed = list(sys.argv[1:] if args is None else args)
        for before, word in zip(["an argument", *typed], typed, strict=False):
            if word == "" or (word.startswith("--") and word.endswith("=")):
                self.error(f"{word.rstrip('=') or before} has an empty value; give one that is not empty")
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")

    def add_figure_files(self, default: str) -> None:
        """Add --out for a script that draws: one file, or one per format."""
        self.add_argument(
            "--out",
            metavar="FILE",
            nargs="+",
            default=[default],
            help="the figure, as .png, .pdf or .svg; several names give several formats",
        )

    def add_images(self, group: argparse._MutuallyExclusiveGroup) -> None:
        """Add --images to `group`, and --faces, for a script that takes photographs in place of data."""
        text = "photographs, or folders of them"
        group.add_argument("--images", nargs="+", metavar="FILE_OR_FOLDER", help=text)
        text = "find the faces, or take each picture's middle square as a face (default: find, but whole for "
        text += f"squares of up to {SMALL_SQUARE} pixels)"
        self.add_argument("--faces", choices=FACES, help=text)

    def refuse_options_of_other_source(
        self, arguments: argparse.Namespace, *, data: Sequence[str], images: Sequence[str]
    ) -> None:
        """Raise InputError where an option that only goes with --data meets --images, or the other way round.

        data, images: the names of these options in `arguments`, whose value is None or False if not given.
        """
        right, other = ("--data", "--images") if arguments.images else ("--images", "--data")
        for name in data if arguments.images else images:
            if getattr(arguments, name) not in (None, False):
                raise InputError(f"--{name.replace('_', '-')} goes with {right}, not with {other}; omit it")

    def add_held_out(self, splits: Sequence[str]) -> None:
        """Add the options for measuring on faces that the weights were not trained on."""
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
        """Only the arguments that were typed, by name."""
        absent: list[object] = []  # known by its identity; a list, because the action 'extend' copies it
        names = [action.dest for action in self._actions if action.dest != "help"]
        # argparse sets a default only where the namespace has no such attribute yet.
        namespace = self.parse_args(argv, argparse.Namespace(**dict.fromkeys(names, absent)))
        return {name: value for name, value in vars(namespace).items() if value is not absent}


class _Help(argparse.RawDescriptionHelpFormatter):
    """The docstring with its line breaks, and the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if default in (None, False, [], argparse.SUPPRESS):
            return text
        return f"{text} (default: {' '.join(default) if isinstance(default, list) else '%(default)s'})"


def whole_number(least: int, most: int = LARGEST_NUMBER) -> Callable[[str], int]:
    """An argparse type: a whole number from `least` to `most`, by default the largest 31-bit number."""

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
