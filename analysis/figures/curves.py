"""Training curves: loss, accuracy and learning rate over the epochs of one run or several."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

History = Sequence[Mapping[str, float]]

# Runs differ in marker as well as in colour, so that they can be told apart in grey.
_MARKERS = "os^DvP"
_MARKERS_PER_LINE = 12
_TRAINING: Final = "--"
_VALIDATION: Final = "-"


def draw_curves(histories: Mapping[str, History]) -> Figure:
    """Draw the curves of runs into one figure, with a star at the best epoch of each.

    Best is the first epoch of highest val_accuracy; without validation it is the last epoch, as in a run
    folder.
    histories: by run name, the rows of its history.csv: epoch, loss, accuracy, learning_rate and, where the
        run was validated, val_loss and val_accuracy.
    """
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    loss, accuracy, learning_rate = figure.subplots(1, 3)
    # One colour more than runs, since the last one is too light for a line.
    colours = mpl.colormaps["viridis"].resampled(len(histories) + 1)
    handles = []
    validated = False
    for index, (name, history) in enumerate(histories.items()):
        style: dict[str, Any] = {
            "color": colours(index),
            "marker": _MARKERS[index % len(_MARKERS)],
            "markersize": 4,
        }
        prefix = "val_" if "val_accuracy" in history[0] else ""
        validated = validated or bool(prefix)
        best = max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))
        for ax, column in ((loss, "loss"), (accuracy, "accuracy")):
            _draw_line(ax, history, column, {**style, "linestyle": _TRAINING})
            if prefix:
                _draw_line(ax, history, prefix + column, {**style, "linestyle": _VALIDATION})
            ax.plot(
                best["epoch"], best[prefix + column], "*", color=style["color"], markersize=15, mec="white"
            )
        _draw_line(learning_rate, history, "learning_rate", style)
        reached = f"{100 * best[prefix + 'accuracy']:.1f} % {'validation' if prefix else 'training'} accuracy"
        text = f"★ {name}: {reached} in epoch {best['epoch']:.0f}"
        handles.append(Line2D([], [], **style, label=text.replace("$", r"\$")))

    last = max(row["epoch"] for history in histories.values() for row in history)
    for ax, title in ((loss, "Loss"), (accuracy, "Accuracy"), (learning_rate, "Learning rate")):
        ax.set(title=title, xlabel="epoch", xlim=(0, last + 1))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
    # On a linear axis one network that overfits or diverges would press all other lines together.
    loss.set_yscale("log")
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_locator(NullLocator())
    accuracy.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    learning_rate.ticklabel_format(axis="y", scilimits=(-2, 3))
    lines = [Line2D([], [], color="0.3", linestyle=_TRAINING, label="training")]
    if validated:
        lines.append(Line2D([], [], color="0.3", linestyle=_VALIDATION, label="validation"))
    loss.legend(handles=lines)
    figure.legend(handles=handles, loc="outside lower center", ncols=min(2, len(handles)), frameon=False)
    return figure


def _draw_line(ax: Axes, history: History, column: str, style: dict[str, Any]) -> None:
    every = max(1, len(history) // _MARKERS_PER_LINE)
    ax.plot([row["epoch"] for row in history], [row[column] for row in history], markevery=every, **style)
