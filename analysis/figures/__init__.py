"""Figures: arrays in, a matplotlib Figure out. The only place that imports matplotlib.

Public functions return a Figure of their own; private ones draw one panel on the `ax` that they are given.
"""

import logging
import os

# With a home folder that is read-only, matplotlib would tell on stderr where it keeps its list of fonts.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
# Figures are only written to files, so no program that shows them is needed.
os.environ.pop("MPLBACKEND", None)

import matplotlib as mpl  # noqa: E402

# The same figure for everybody, whatever ~/.config/matplotlib says, and names as they are: `$` is no formula.
mpl.rcdefaults()
mpl.rcParams["text.parse_math"] = False
