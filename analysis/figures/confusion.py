"""Confusion matrices, their differences, and a network's most confident mistakes (report, question 3)."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from sklearn.metrics import auc, roc_curve

from analysis.confusion import row_shares, significant
from analysis.metrics import ALL, CALIBRATION_BINS, expected_calibration_error, matrix_of
from data import CLASS_NAMES, NUM_CLASSES
from data.faces import Faces

# Text is white on cells of the lower half of viridis, black on its lighter half.
_LIGHT_FROM = 0.5
_VIOLET = "#440154"
# So many faces make a mean.
_LEAST_IN_BIN = 30
# Where the colours of a difference end at the least, so that a small one looks small.
_LEAST_DIFFERENCE = 0.1


def draw_scores(name: str, scores: pd.DataFrame, described: str) -> Figure:
    """Draw a confusion matrix as shares and counts, with the accuracy of each class on the right.

    name: str, of the network.
    scores: what metrics.evaluate() gives.
    described: str, the faces that they were measured on.
    """
    figure, ax = _figure(width=7.2)
    value, low, high = 100 * scores.loc[(ALL, "accuracy")]
    _label_classes(ax, f"{name}: accuracy {value:.1f} % (95 % interval {low:.1f} to {high:.1f})\n{described}")
    matrix = matrix_of(scores)
    shares = row_shares(matrix)
    shares[~matrix.any(axis=1)] = np.nan  # white rows
    image = ax.imshow(shares, cmap="viridis", vmin=0, vmax=1)
    ax.text(NUM_CLASSES - 0.3, -0.6, "accuracy", va="bottom", fontsize=9)
    for row, count in enumerate(matrix.sum(axis=1)):
        if not count:
            ax.text(NUM_CLASSES - 0.3, row, "no faces", va="center")
            continue
        _write(ax, (NUM_CLASSES - 0.3, row), f"{100 * shares[row, row]:.1f} %", f"of {count:,.0f}")
        for column, share in enumerate(shares[row]):
            style: dict[str, Any] = {"ha": "center", "color": "black" if share >= _LIGHT_FROM else "white"}
            _write(ax, (column, row), f"{100 * share:.0f} %", f"{matrix[row, column]:,.0f}", **style)
    bar = PercentFormatter(1, symbol=" %")
    figure.colorbar(image, ax=ax, shrink=0.8, format=bar, label="share of the true class's faces")
    return figure


def draw_difference(difference: pd.DataFrame, title: str) -> Figure:
    """Draw by how many points a network predicts each true class's faces more as each class than another.

    More is better on the diagonal and worse elsewhere, and the colours say which. Cells whose 95 % interval
    includes 0 are without colour, and their numbers in parentheses.
    difference: what metrics.compare() gives.
    title: str.
    """
    figure, ax = _figure(width=6.6)
    _label_classes(ax, title)
    shares, is_significant = matrix_of(difference), significant(difference)
    better = np.where(np.eye(NUM_CLASSES, dtype=bool), shares, -shares) * is_significant
    largest = max(float(np.abs(better).max()), _LEAST_DIFFERENCE)
    image = ax.imshow(better, cmap="RdBu", vmin=-largest, vmax=largest)
    for (row, column), share in np.ndenumerate(shares):
        if CLASS_NAMES[row] not in difference.index:
            continue
        points = f"{100 * share:+.0f}" if round(100 * share) else "0"
        if is_significant[row, column]:
            colour = "white" if abs(share) > 0.65 * largest else "black"
        else:
            points, colour = f"({points})", "0.45"
        ax.text(column, row, points, ha="center", va="center", color=colour, fontsize=11)
    bar = FuncFormatter(lambda share, _: f"{abs(100 * share):.0f}")
    label = "worse  ←  percentage points  →  better"
    ticks = MaxNLocator("auto", steps=[1, 2, 5, 10])  # whole points
    figure.colorbar(image, ax=ax, shrink=0.8, format=bar, ticks=ticks, label=label)
    note = "in parentheses: not significant (95 % interval includes 0)"
    ax.text(0, 1.02, note, transform=ax.transAxes, fontsize=9)
    return figure


def draw_seeds(tables: Sequence[pd.DataFrame], statistics: pd.DataFrame, described: str) -> Figure:
    """Draw the mean confusion matrix of runs that differ in their seed, with the standard deviation below.

    tables, statistics: the scores of each run, and what confusion.seed_statistics() makes of them.
    described: str, the faces that they were measured on.
    """
    figure, ax = _figure(width=6.6)
    mean, deviation = 100 * statistics.loc[(ALL, "accuracy")]
    _label_classes(ax, f"{len(tables)} seeds: accuracy {mean:.1f} ± {deviation:.1f} %\n{described}")
    shares = np.stack([row_shares(matrix_of(table)) for table in tables])
    middle, spread = shares.mean(axis=0), shares.std(axis=0, ddof=1)
    image = ax.imshow(middle, cmap="viridis", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(middle):
        style: dict[str, Any] = {"ha": "center", "color": "black" if share >= _LIGHT_FROM else "white"}
        _write(ax, (column, row), f"{100 * share:.0f} %", f"± {100 * spread[row, column]:.1f}", **style)
    bar = PercentFormatter(1, symbol=" %")
    figure.colorbar(image, ax=ax, shrink=0.8, format=bar, label="mean share of the true class's faces")
    return figure


def draw_calibration(labels: np.ndarray, probabilities: Mapping[str, np.ndarray], title: str) -> Figure:
    """Draw the accuracy in each bin of confidence, and the accuracy of the surest faces by their share.

    labels: (N,) int. probabilities: (N, 7) float, by how they were made.
    """
    figure = Figure(figsize=(11, 5.4), layout="constrained")
    figure.suptitle(title)
    reliability, answered = figure.subplots(1, 2)
    reliability.plot([0, 1], [0, 1], color="0.7", linestyle=":", label="perfect")
    for (name, values), colour, marker in zip(probabilities.items(), ("0.5", _VIOLET), "os", strict=True):
        right, confidence = values.argmax(axis=1) == labels, values.max(axis=1)
        bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
        full = [bins == index for index in range(CALIBRATION_BINS) if (bins == index).sum() >= _LEAST_IN_BIN]
        x, y = ([each[rows].mean() for rows in full] for each in (confidence, right))
        error = expected_calibration_error(labels, values)
        reliability.plot(x, y, marker=marker, color=colour, label=f"{name}: error {error:.3f}")
        order = np.argsort(-confidence, kind="stable")
        count = np.arange(1, len(labels) + 1)
        style = {"color": colour, "linestyle": "-" if marker == "s" else "--"}
        accuracy = np.cumsum(right[order]) / count
        kept = count >= len(labels) / 20
        answered.plot(count[kept] / len(labels), accuracy[kept], label=name, **style)
    reliability.set(xlabel="probability of the predicted class", ylabel="accuracy", aspect="equal")
    reliability.set_title("reliability: mean of each bin, expected calibration error", fontsize=10)
    answered.set(xlabel="share of the faces, the surest first", ylabel="accuracy")
    answered.set_title("accuracy where the less sure faces are left out (--unsure)", fontsize=10)
    for ax in (reliability, answered):
        ax.legend()
        ax.grid(alpha=0.3)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    return figure


def draw_roc(labels: np.ndarray, probabilities: Mapping[str, np.ndarray], described: str) -> Figure:
    """Draw the ROC curves of each network in a panel of its own, each class against the rest, with areas.

    labels: (N,) int. probabilities: (N, 7) float, by the name of the network. described: str, the faces.
    Classes without faces have no curve.
    """
    figure = Figure(figsize=(5.4 * len(probabilities), 5.6), layout="constrained")
    figure.suptitle(f"ROC curves, each class against the rest\n{described}")
    panels = figure.subplots(1, len(probabilities), squeeze=False)[0]
    for ax, (name, values) in zip(panels, probabilities.items(), strict=True):
        ax.plot([0, 1], [0, 1], color="0.7", linestyle=":", label="chance: area 0.500")
        for index in (index for index in np.unique(labels) if (labels != index).any()):
            false, true, _ = roc_curve(labels == index, values[:, index])
            # Seven colours, and every other curve dashed, for readers who tell few colours apart.
            style = {"color": mpl.colormaps["viridis"](index / 7), "linestyle": ("-", "--")[index % 2]}
            ax.plot(false, true, label=f"{CLASS_NAMES[index]}: area {auc(false, true):.3f}", **style)
        ax.set(xlabel="false positive rate", ylabel="true positive rate", title=name, aspect="equal")
        ax.legend(loc="lower right", fontsize=9)
    return figure


def draw_mistakes(title: str, faces: Faces, probabilities: np.ndarray) -> Figure:
    """Draw faces with their true and predicted class, in the order given; without faces, a line that says so.

    title: two lines above all faces.
    faces: Faces, with labels.
    probabilities: (N, 7) float.
    """
    captions = [
        f"row {row}\ntrue class {CLASS_NAMES[label]}\n"
        f"predicted {CLASS_NAMES[values.argmax()]}, {100 * values.max():.1f} %"
        for row, label, values in zip(faces.rows, faces.require_labels(), probabilities, strict=True)
    ]
    return draw_captioned(title if captions else f"{title}\nno face is wrong", faces.images, captions)


def draw_captioned(title: str, images: np.ndarray, captions: Sequence[str], most_columns: int = 4) -> Figure:
    """Draw (N, 48, 48) faces, each below its caption of three lines. title: of at most three lines."""
    columns = max(1, min(len(images), most_columns))
    lines = max(1, -(-len(images) // columns))
    # Wide enough for the title, tall enough for its two lines.
    figure = Figure(figsize=(max(6, 2.2 * columns), 2.75 * lines + 0.5), layout="constrained")
    figure.suptitle(_wrapped(title))
    cells = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax in cells:
        ax.set_axis_off()
    for ax, image, caption in zip(cells, images, captions, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=255)
        ax.set_title(caption, fontsize=9)
    return figure


def _figure(width: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, 5.8), layout="constrained")
    return figure, figure.subplots()


def _write(ax: Axes, place: tuple[float, float], share: str, count: str, **style: Any) -> None:
    x, y = place
    ax.text(x, y - 0.12, share, va="center", fontsize=11, **style)
    ax.text(x, y + 0.22, count, va="center", fontsize=8, **style)


def _label_classes(ax: Axes, title: str) -> None:
    ticks = range(NUM_CLASSES)
    ax.set_xticks(ticks, CLASS_NAMES, rotation=30, ha="right", rotation_mode="anchor")
    ax.set_yticks(ticks, CLASS_NAMES)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_title(_wrapped(title), pad=22)


def _wrapped(title: str) -> str:
    """The title in lines that fit into the figures above."""
    return "\n".join(fill(line, 62) for line in title.splitlines())
