"""Training curves: loss, accuracy and learning rate over the epochs of one run or several."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

History = Sequence[Mapping[str, float]]

# One for each run in turn, so that runs are told apart in grey too.
_MARKERS = "osD^vP"
# Of more runs only validation is drawn, or training where there is none.
_MOST_WITH_TRAINING = 4


def draw_curves(
    histories: Mapping[str, History], used: Mapping[str, int], soft: Mapping[str, str], seeds: bool = False
) -> Figure:
    """Draw the loss, the accuracy and the learning rate of all runs, each in one panel.

    histories: by run name, the rows of its history.csv, at least one: epoch, loss, accuracy, learning_rate
        and, where the run was validated, val_loss and val_accuracy.
    used: by run name, the epoch whose weights are used, which a star marks.
    soft: by run name, which losses are measured against other targets than labels, or ''.
    seeds: whether the runs differ in their seed only; then their mean is drawn too, with its deviation.
    """
    figure = Figure(figsize=(8, 5.4 + 0.35 * len(histories)), layout="constrained")
    axes = figure.subplot_mosaic([["loss", "accuracy"], ["rate", "rate"]], height_ratios=(2, 1))
    panels = loss, accuracy, rate = axes["loss"], axes["accuracy"], axes["rate"]
    keys = []
    for number, (name, history) in enumerate(histories.items()):
        colour = mpl.colormaps["viridis"](0.85 * number / max(1, len(histories) - 1))
        marker = {"marker": _MARKERS[number % len(_MARKERS)], "markevery": max(1, len(history) // 8)}
        line: dict[str, Any] = {"color": colour, "markersize": 4, **marker}
        prefix = "val_" if "val_accuracy" in history[0] else ""
        best = next(row for row in history if row["epoch"] == used[name])
        epochs = [row["epoch"] for row in history]
        for ax, column in ((loss, "loss"), (accuracy, "accuracy")):
            if not prefix or len(histories) <= _MOST_WITH_TRAINING:
                ax.plot(epochs, [row[column] for row in history], **line, linestyle="--", linewidth=1)
            if prefix:
                ax.plot(epochs, [row[prefix + column] for row in history], **line)
            star = line | {"marker": "*", "markersize": 15, "mec": "black", "zorder": 3, "clip_on": False}
            ax.plot([used[name]], [best[prefix + column]], **star)
        rate.plot(epochs, [row["learning_rate"] for row in history], **line)
        label = f"{name}: ★ {100 * best[prefix + 'accuracy']:.1f} % {'validation' if prefix else 'training'}"
        label += f" accuracy in epoch {used[name]:.0f}" + (f"\n{soft[name]}" if soft[name] else "")
        keys.append(Line2D([], [], **line | {"markevery": 1}, label=label))
    if seeds:
        keys.append(_draw_mean(loss, accuracy, histories, used))
    title = "★: the epoch whose weights are used"
    if len(histories) <= _MOST_WITH_TRAINING:
        title = f"solid: validation, dashed: training; {title}"
    # Labels are given too, because a name that starts with an underscore would be left out.
    labels = [str(key.get_label()) for key in keys]
    figure.legend(keys, labels, loc="outside lower center", fontsize=10, title=title, title_fontsize=10)
    last = max(row["epoch"] for history in histories.values() for row in history)
    for ax, label in zip(panels, ("loss, log scale", "accuracy", "learning rate"), strict=True):
        # Half an epoch on each side, so that every tick is an epoch.
        ax.set(xlabel="epoch", ylabel=label, xlim=(0.5, last + 0.5))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.grid(alpha=0.3)
    rate.set_ylim(bottom=0)
    # On a linear axis one network that overfits or diverges would press all other lines together.
    loss.set_yscale("log")
    low, high = loss.get_ylim()
    few = MaxNLocator(6, steps=[1, 2, 5, 10], min_n_ticks=3)
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if high > 10 * low else few)
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_locator(NullLocator())
    accuracy.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    # As many digits as tell the ticks of a short run apart.
    accuracy.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.6g} %"))
    return figure


def best_accuracies(histories: Mapping[str, History], used: Mapping[str, int]) -> np.ndarray:
    """(R,) the accuracy of each run in the epoch whose weights are used, of validation where there is one."""
    rows = [next(row for row in rows if row["epoch"] == used[name]) for name, rows in histories.items()]
    return np.array([row.get("val_accuracy", row["accuracy"]) for row in rows])


def _draw_mean(
    loss: Axes, accuracy: Axes, histories: Mapping[str, History], used: Mapping[str, int]
) -> Line2D:
    """Draw mean and standard deviation over runs, as far as all have come; give the key of the legend."""
    runs = list(histories.values())
    prefix = "val_" if all("val_accuracy" in history[0] for history in runs) else ""
    shortest = min(map(len, runs))
    line: dict[str, Any] = {"color": "black", "linewidth": 2.5}
    for ax, column in ((loss, "loss"), (accuracy, "accuracy")):
        values = np.array([[row[prefix + column] for row in history[:shortest]] for history in runs])
        mean, deviation = values.mean(axis=0), values.std(axis=0, ddof=1)
        epochs = [row["epoch"] for row in runs[0][:shortest]]
        ax.plot(epochs, mean, **line)
        ax.fill_between(epochs, mean - deviation, mean + deviation, color="0.5", alpha=0.4, linewidth=0)
    best = 100 * best_accuracies(histories, used)
    label = f"mean and deviation of {len(runs)} seeds: ★ {best.mean():.1f} ± {best.std(ddof=1):.1f} %"
    return Line2D([], [], **line, label=label)
