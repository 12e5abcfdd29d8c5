"""Naming the networks, or ensembles of them, that are measured on the same faces."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from data.errors import InputError
from data.files import without_links
from models.locate import find_all
from models.weights_file import ENDING, WeightsFile


def find_networks(*groups: Sequence[str]) -> dict[str, list[WeightsFile]]:
    """The weight files of each group of paths, by a name for the group.

    The name is that of the first path's file or folder; where two groups would share it, that of all paths,
    with as many of their folders as it takes. Raises InputError as find_all does, or when two groups are the
    same.
    """
    resolved = [[without_links(path) for path in group] for group in groups]
    for number, (group, paths) in enumerate(zip(groups, resolved, strict=True)):
        if paths in resolved[:number]:
            raise InputError(f"{' + '.join(group)}: these weights are given twice; give others, or omit them")
    most = max(len(path.parts) for path in chain(*resolved))
    choices = [[_short_name(paths) for paths in resolved]]
    choices += [[_long_name(paths, parts) for paths in resolved] for parts in range(1, most + 1)]
    names = next(names for names in choices if len(set(names)) == len(names))
    return {name: find_all(group) for name, group in zip(names, groups, strict=True)}


def _short_name(paths: Sequence[Path]) -> str:
    name = _long_name(paths[:1], parts=1)
    return name if len(paths) == 1 else f"{name} + {len(paths) - 1} more"


def _long_name(paths: Sequence[Path], parts: int) -> str:
    return " + ".join("/".join(path.parts[-parts:]).removesuffix(ENDING) for path in paths)
