"""Writing a Figure so that the same figure gives the same bytes, as PNG, PDF or SVG."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from data.atomic import atomic_path, write_text

ENDINGS = (".png", ".pdf", ".svg")
# matplotlib writes the time of day into two of the formats; without it, equal figures are equal files.
_METADATA = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` (.png, .pdf or .svg), whole or not at all. Raises InputError."""
    with atomic_path(path) as temporary, mpl.rc_context({"svg.hashsalt": "fer2013"}):
        figure.savefig(temporary, dpi=150, metadata=_METADATA[path.suffix.lower()])


def save_figures(
    figures: Mapping[str, Figure], files: Sequence[Path], texts: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """Write figures in the formats of `files`, then texts beside the first file; give each path once written.

    figures: by what is added to the stem of each file; '' for the figure that the files are named after.
    texts: by the ending of the file, such as '.json'.
    Raises InputError.
    """
    for ending, figure in figures.items():
        for file in files:
            path = file.with_stem(file.stem + ending)
            save_figure(figure, path)
            yield path
    for ending, text in (texts or {}).items():
        path = files[0].with_suffix(ending)
        write_text(path, text)
        yield path
