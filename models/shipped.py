"""The trained weights that ship with the suite, by the names that --weights takes."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "weights"
# What --weights of a script takes, for its --help.
HELP = "run folder, .weights.h5 file, or shipped weights: cnn, compact or ensemble"
# A name and its files; several are averaged in probability.
SHIPPED = {
    "cnn": ("cnn",),
    "compact": ("compact-1",),
    "ensemble": ("compact-1", "compact-2", "compact-3"),
}
