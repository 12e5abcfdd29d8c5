"""How the files of a run folder are called; training/run_folder.py says what is in them."""

STATE = "run.json"
HISTORY = "history.csv"
BEST = "best.weights.h5"
LAST = "last.weights.h5"
CHECKPOINT = "checkpoint.weights.h5"
CURVES = "curves.png"
FOLD = "fold.csv"
