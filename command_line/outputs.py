"""The files that a script is about to write, checked before it computes for minutes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from data.errors import InputError
from data.files import without_links
from data.replacing import may_replace


def check_outputs(
    paths: Iterable[str | Path],
    endings: Sequence[str],
    inputs: Iterable[str | Path | None],
    tables: Sequence[str] = (),
) -> list[Path]:
    """The paths of output files that can be written without destroying anything. Raises InputError.

    Each has to be in a folder that exists, end in one of `endings`, differ from the other outputs and from
    all files that this command reads, and replace nothing but what this suite wrote.
    inputs: what this command reads; None stands for nothing. tables: how its CSV files begin.
    """
    taken = {without_links(path): "is read by this command" for path in inputs if path is not None}
    files = []
    for file in map(Path, paths):
        if file.is_dir():
            raise InputError(f"{file}: is a folder; name a file in it")
        if file.exists() and not file.is_file():
            raise InputError(f"{file}: is a device or a pipe, which cannot be replaced; name a file")
        if file.is_symlink() and not file.exists():
            raise InputError(f"{file}: is a broken link; name another file")
        if not file.parent.is_dir():
            raise InputError(
                f"{file}: the folder {file.parent} does not exist; create it or choose another place"
            )
        if file.suffix.lower() not in endings:
            raise InputError(f"{file}: the name must end in {' or '.join(endings)}")
        target = file.resolve()
        if target in taken:
            raise InputError(f"{file}: {taken[target]}, so it would be lost; name another file")
        if folder := next((parent for parent in target.parents if parent in taken), None):
            raise InputError(f"{file}: the folder {folder.name} {taken[folder]}; name a file elsewhere")
        if not may_replace(file, tables):
            raise InputError(
                f"{file}: was not written by this script, so it would be lost; name another file, or "
                "remove it yourself"
            )
        taken[target] = "is another output of this command"
        files.append(file)
    return files


def figure_files(
    paths: Sequence[str],
    inputs: Iterable[str | Path | None],
    *,
    more: Sequence[str] = (),
    texts: Sequence[str] = (),
    tables: Sequence[str] = (),
) -> list[Path]:
    """The files of a figure, one per format, checked together with everything that is written beside them.

    more: what is added to the stem of each for a further figure. texts: the endings of text files beside the
    first. inputs, tables: as for check_outputs. Raises InputError.
    """
    from analysis.figures.saving import ENDINGS  # which imports matplotlib

    named = [Path(path) for path in paths]
    figures = [file.with_stem(file.stem + added) for added in more for file in named]
    beside = [named[0].with_suffix(ending) for ending in texts]
    inputs = list(inputs)
    checked = check_outputs([*named, *figures], ENDINGS, inputs, tables)
    check_outputs(beside, texts, inputs, tables)
    return checked[: len(named)]
