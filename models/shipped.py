"""The trained weights that ship with the suite, by the names that --weights takes."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "weights"
# A name and its files; several are averaged in probability.
SHIPPED = {
    "cnn": ("cnn",),
    "compact": ("compact-1",),
    "ensemble": ("compact-1", "compact-2", "compact-3"),
}
# What scripts take when no weights are named: the most accurate, and the one for figures of a single network.
DEFAULT, DEFAULT_SINGLE = "ensemble", "cnn"
# What --weights takes, for --help.
HELP = f"run folder, .weights.h5 file, or shipped weights: {', '.join(SHIPPED)}"
