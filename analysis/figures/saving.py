"""Writing a Figure so that the same figure gives the same bytes, as PNG, PDF or SVG."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from data.atomic import atomic_path, write_text
from data.replacing import MARK

# matplotlib writes the time of day into two of the formats; without it, equal figures are equal files.
_METADATA = {
    ".png": {"Software": MARK},
    ".pdf": {"Creator": MARK, "CreationDate": None},
    ".svg": {"Creator": MARK, "Date": None},
}
ENDINGS = tuple(_METADATA)


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` (.png, .pdf or .svg), whole or not at all. Raises InputError."""
    with atomic_path(path) as temporary, mpl.rc_context({"svg.hashsalt": "fer2013"}):
        figure.savefig(temporary, dpi=150, metadata=_METADATA[path.suffix.lower()])


def save_figures(
    figures: Mapping[str, Figure],
    files: Sequence[Path],
    record: Mapping[str, Any] | None = None,
    table: str | None = None,
) -> Iterator[Path]:
    """Write figures in the formats of `files`, then numbers beside the first; give each path once written.

    figures: by what is added to the stem of each file; '' for the figure that the files are named after.
    record: what goes into a .json file. table: the text of a .csv file. Raises InputError.
    """
    for added, figure in figures.items():
        for file in files:
            path = file.with_stem(file.stem + added)
            save_figure(figure, path)
            yield path
    if record is not None:
        path = files[0].with_suffix(".json")
        write_text(path, json.dumps({"written_by": MARK} | dict(record), indent=2) + "\n")
        yield path
    if table is not None:
        path = files[0].with_suffix(".csv")
        write_text(path, table)
        yield path
