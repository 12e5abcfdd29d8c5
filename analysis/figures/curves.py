"""Training curves: loss, accuracy and learning rate over the epochs of one run or several."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

History = Sequence[Mapping[str, float]]

_VIRIDIS = mpl.colormaps["viridis"]
_TRAINING: Final[dict[str, Any]] = {"color": _VIRIDIS(0.6), "linestyle": "--", "label": "training"}
_VALIDATION: Final[dict[str, Any]] = {"color": _VIRIDIS(0.1), "label": "validation"}
_OTHER_RUNS: Final[dict[str, Any]] = {"color": "0.8", "linewidth": 1, "zorder": 0}
_LEARNING_RATE: Final[dict[str, Any]] = {"color": "0.3"}


def draw_curves(histories: Mapping[str, History]) -> Figure:
    """Draw a row of panels per run, with a star at its best epoch; all rows have the same axes.

    Best is the first epoch of highest val_accuracy; without validation it is the last epoch, as in a run
    folder. The other runs' loss and accuracy, of validation where there is one, are grey lines behind it.
    histories: by run name, the rows of its history.csv: epoch, loss, accuracy, learning_rate and, where the
        run was validated, val_loss and val_accuracy.
    """
    runs = len(histories)
    figure = Figure(figsize=(11, 0.6 + 2.4 * runs), layout="constrained")
    grid = figure.subplots(runs, 3, sharex="all", sharey="col", squeeze=False)
    for (name, history), (loss, accuracy, learning_rate) in zip(histories.items(), grid, strict=True):
        prefix = _prefix(history)
        best = max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))
        for ax, column in ((loss, "loss"), (accuracy, "accuracy")):
            _draw_line(ax, history, column, _TRAINING)
            if prefix:
                _draw_line(ax, history, prefix + column, _VALIDATION)
            others = [rows for other, rows in histories.items() if other != name]
            for rows, label in zip(others, ("other runs", *[None] * runs), strict=False):
                _draw_line(ax, rows, _prefix(rows) + column, _OTHER_RUNS | {"label": label})
            colour = (_VALIDATION if prefix else _TRAINING)["color"]
            ax.plot(best["epoch"], best[prefix + column], "*", color=colour, markersize=13, mec="white")
        _draw_line(learning_rate, history, "learning_rate", _LEARNING_RATE)
        reached = f"{100 * best[prefix + 'accuracy']:.1f} % {'validation' if prefix else 'training'} accuracy"
        title = f"{name}: ★ {reached} in epoch {best['epoch']:.0f}"
        loss.set_title(title, loc="left", fontweight="bold", fontsize=10)
        loss.legend(fontsize=8)
        loss.set(ylabel="loss, log scale")
        accuracy.set(ylabel="accuracy")
        learning_rate.set(ylabel="learning rate")
        for ax in (loss, accuracy, learning_rate):
            ax.grid(alpha=0.3)

    last = max(row["epoch"] for history in histories.values() for row in history)
    loss, accuracy, learning_rate = grid[-1]
    for ax in grid[-1]:
        ax.set(xlabel="epoch", xlim=(0, last + 1))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    # On a linear axis one network that overfits or diverges would press all other lines together.
    loss.set_yscale("log")
    low, high = loss.get_ylim()
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 5)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_locator(NullLocator())
    accuracy.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))  # whole percents, not 12.5
    accuracy.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    learning_rate.yaxis.set_major_formatter("{x:g}")
    return figure


def _prefix(history: History) -> str:
    """Before the names of the columns that decide which epoch is the best."""
    return "val_" if "val_accuracy" in history[0] else ""


def _draw_line(ax: Axes, history: History, column: str, style: Mapping[str, Any]) -> None:
    # A line of a single epoch would be invisible.
    marker = "o" if len(history) == 1 else None
    ax.plot([row["epoch"] for row in history], [row[column] for row in history], marker=marker, **style)
