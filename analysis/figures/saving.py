"""Writing a Figure so that the same figure gives the same bytes, as PNG, PDF or SVG."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text

from data.atomic import write_files
from data.replacing import MARK
from data.shared_json import shared_json

# matplotlib writes the time of day into two of the formats; without it, equal figures are equal files.
_METADATA = {
    ".png": {"Software": MARK},
    ".pdf": {"Creator": MARK, "CreationDate": None},
    ".svg": {"Creator": MARK, "Date": None},
}
ENDINGS = tuple(_METADATA)


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` (.png, .pdf or .svg), whole or not at all. Raises InputError."""
    ending, content = path.suffix.lower(), io.BytesIO()
    _escape_texts(figure)
    with mpl.rc_context({"svg.hashsalt": "fer2013"}):
        figure.savefig(content, format=ending[1:], dpi=150, metadata=_METADATA[ending])
    write_files({path: content.getbuffer()})


def _escape_texts(figure: Figure) -> None:
    """Write what matplotlib's own font cannot draw as a person would type it in Python, such as \\u4e2d.

    A file or a run may have any name. Fonts of the machine would draw more, and each machine another figure.
    """
    drawn = get_font(findfont(FontProperties())).get_charmap()
    for text in figure.findobj(Text):
        characters = text.get_text()
        shown = "".join(
            each if each == "\n" or (each.isprintable() and ord(each) in drawn) else ascii(each)[1:-1]
            for each in characters
        )
        if shown != characters:
            text.set_text(shown)


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
        write_files({path: shared_json(record)})
        yield path
    if table is not None:
        path = files[0].with_suffix(".csv")
        write_files({path: table})
        yield path
