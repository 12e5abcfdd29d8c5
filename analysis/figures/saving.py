"""Writing a Figure so that the same figure gives the same bytes, as PNG, PDF or SVG."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from data.atomic import atomic_path

ENDINGS = (".png", ".pdf", ".svg")
# matplotlib writes the time of day into two of the formats; without it, equal figures are equal files.
_METADATA = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` (.png, .pdf or .svg), whole or not at all. Raises InputError."""
    with atomic_path(path) as temporary, mpl.rc_context({"svg.hashsalt": "fer2013"}):
        figure.savefig(temporary, dpi=150, metadata=_METADATA[path.suffix.lower()])
