"""Training curves: loss, accuracy and learning rate over the epochs of one run or several."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

History = Sequence[Mapping[str, float]]

_VIRIDIS = mpl.colormaps["viridis"]
_STYLES: dict[str, dict[str, Any]] = {
    "training": {"color": _VIRIDIS(0.6), "linestyle": "--"},
    "validation": {"color": _VIRIDIS(0.1)},
    "other runs": {"color": "0.8", "linewidth": 1, "zorder": 0},
    "learning rate": {"color": "0.3"},
}


def draw_curves(histories: Mapping[str, History]) -> Figure:
    """Draw a row of panels per run, with a star at its best epoch; all rows have the same axes.

    Best is the first epoch of highest val_accuracy; without validation it is the last epoch, as in a run
    folder. The other runs' loss and accuracy, of validation where there is one, are grey lines behind it.
    histories: by run name, the rows of its history.csv, at least one: epoch, loss, accuracy, learning_rate
        and, where the run was validated, val_loss and val_accuracy.
    """
    figure = Figure(figsize=(11, 0.6 + 2.4 * len(histories)), layout="constrained")
    grid = figure.subplots(len(histories), 3, sharex="all", sharey="col", squeeze=False)
    for (name, history), panels in zip(histories.items(), grid, strict=True):
        others = [rows for other, rows in histories.items() if other != name]
        _draw_run(panels, name, history, others)
    last = max(row["epoch"] for history in histories.values() for row in history)
    for ax in grid[-1]:
        ax.set(xlabel="epoch", xlim=(0, last + 1))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss, accuracy, _ = grid[-1]
    # On a linear axis one network that overfits or diverges would press all other lines together.
    loss.set_yscale("log")
    low, high = loss.get_ylim()
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 5)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_locator(NullLocator())
    accuracy.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))  # whole percents, not 12.5
    accuracy.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    return figure


def _draw_run(panels: Sequence[Axes], name: str, history: History, others: Sequence[History]) -> None:
    """Draw one run into its three panels, and the loss and accuracy of `others` behind it."""
    prefix = _prefix(history)
    measured = "validation" if prefix else "training"
    best = max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))
    for ax, column in zip(panels, ("loss", "accuracy"), strict=False):
        _draw_line(ax, history, column, "training")
        if prefix:
            _draw_line(ax, history, prefix + column, "validation")
        for rows in others:
            _draw_line(ax, rows, _prefix(rows) + column, "other runs")
        colour = _STYLES[measured]["color"]
        ax.plot(best["epoch"], best[prefix + column], "*", color=colour, markersize=13, mec="white")
    _draw_line(panels[2], history, "learning_rate", "learning rate")
    accuracy = f"{100 * best[prefix + 'accuracy']:.1f} % {measured} accuracy"
    title = f"{name}: ★ {accuracy} in epoch {best['epoch']:.0f}"
    panels[0].set_title(title, loc="left", fontweight="bold", fontsize=10)
    # The star has no label of its own; the other runs share one.
    labelled = {str(line.get_label()): line for line in panels[0].lines if line.get_label() in _STYLES}
    panels[0].legend(list(labelled.values()), list(labelled), fontsize=8)
    for ax, label in zip(panels, ("loss, log scale", "accuracy", "learning rate"), strict=True):
        ax.set(ylabel=label)
        ax.grid(alpha=0.3)


def _prefix(history: History) -> str:
    """Before the names of the columns that decide which epoch is the best."""
    return "val_" if "val_accuracy" in history[0] else ""


def _draw_line(ax: Axes, history: History, column: str, label: str) -> None:
    marker = "o" if len(history) == 1 else None  # a line of a single epoch would be invisible
    x, y = [row["epoch"] for row in history], [row[column] for row in history]
    ax.plot(x, y, marker=marker, label=label, **_STYLES[label])
