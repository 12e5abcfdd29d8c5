"""Figures: arrays in, a matplotlib Figure out, written here. The only package that imports matplotlib.

Public functions return a Figure; private ones draw one panel on the `ax` that they are given.
"""

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from data import write_file

# The same figure for everybody, whatever ~/.config/matplotlib says; `$` in a name is no formula; SVG repeats.
mpl.rcdefaults()
mpl.rcParams.update({"text.parse_math": False, "svg.hashsalt": "fer2013"})

# Matplotlib writes the time of day into two of the formats; without it, equal figures are equal files.
FORMATS: dict[str, Any] = {".png": {}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def save_figures(
    figures: Mapping[str, Figure],
    files: Sequence[Path],
    record: Mapping[str, Any] | None = None,
    tables: Mapping[str, str] = {},
) -> list[Path]:
    """Write figures, and beside the first what was measured; give the paths. Raises OSError.

    figures: by what is added to the stem of each file; '' for the figure that the files are named after.
    files: one per format, with an ending in FORMATS. record: becomes the .json. tables: the texts of CSVs, by
    what is added to the stem as for figures.
    """
    contents: dict[Path, memoryview | str] = {}
    for added, figure in figures.items():
        for file in files:
            ending, content = file.suffix.lower(), io.BytesIO()
            with warnings.catch_warnings():
                # Letters that the font lacks, of the name of a run, become boxes.
                warnings.filterwarnings("ignore", message="Glyph")
                figure.savefig(content, format=ending[1:], dpi=150, metadata=FORMATS[ending])
            contents[file.with_stem(file.stem + added)] = content.getbuffer()
    if record is not None:
        contents[files[0].with_suffix(".json")] = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    contents |= {files[0].with_name(f"{files[0].stem}{each}.csv"): tables[each] for each in tables}
    for path, text in contents.items():
        write_file(path, text)
    return list(contents)


def drawable(name: str) -> str:
    """The characters of a file's name that matplotlib's font has; of others it would draw boxes."""
    letters = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(each for each in name if ord(each) in letters)
