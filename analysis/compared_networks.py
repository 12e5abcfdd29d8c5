"""Naming the networks, or ensembles of them, that are measured on the same faces."""

from collections.abc import Sequence
from pathlib import Path

from data.errors import InputError
from models.locate import find_all
from models.weights_file import ENDING, WeightsFile


def find_networks(*groups: Sequence[str]) -> dict[str, list[WeightsFile]]:
    """The weight files of each group of paths, by a name for the group; an empty group is omitted.

    The name is that of the first path's file or folder; where two groups would share it, all paths as typed.
    Raises InputError as find_all does, or when two groups are the same.
    """
    given = [paths for paths in groups if paths]
    short = [_short_name(paths) for paths in given]
    typed = [" + ".join(paths) for paths in given]
    names = short if len(set(short)) == len(given) else typed
    if len(set(names)) < len(given):
        raise InputError(f"--versus {typed[0]}: is what --weights gives; give other weights")
    return {name: find_all(paths) for name, paths in zip(names, given, strict=True)}


def _short_name(paths: Sequence[str]) -> str:
    name = Path(paths[0]).resolve().name.removesuffix(ENDING)
    return name if len(paths) == 1 else f"{name} + {len(paths) - 1} more"
