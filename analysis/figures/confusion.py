"""Confusion matrices, their differences, and a network's most confident mistakes (report, question 3)."""

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from analysis.confusion import row_shares, significant
from analysis.metrics import ALL, matrix_of
from data import CLASS_NAMES, NUM_CLASSES
from data.faces import Faces

# Text is white on cells of the lower half of viridis, black on its lighter half.
_LIGHT_FROM = 0.5
_FACES_PER_ROW = 4
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


def draw_mistakes(title: str, faces: Faces, probabilities: np.ndarray) -> Figure:
    """Draw faces with their true and predicted class, in the order given; without faces, a line that says so.

    title: two lines above all faces.
    faces: Faces, with labels.
    probabilities: (N, 7) float.
    """
    columns = max(1, min(len(faces), _FACES_PER_ROW))
    lines = max(1, -(-len(faces) // columns))
    # Wide enough for the title, tall enough for its two lines.
    figure = Figure(figsize=(max(6, 2.2 * columns), 2.75 * lines + 0.5), layout="constrained")
    figure.suptitle(_wrapped(title if len(faces) else f"{title}\nno face is wrong"))
    cells = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax in cells:
        ax.set_axis_off()
    for ax, face, label, row, values in zip(
        cells, faces.images, faces.require_labels(), faces.rows, probabilities, strict=False
    ):
        ax.imshow(face, cmap="gray", vmin=0, vmax=255)
        predicted = f"predicted {CLASS_NAMES[values.argmax()]}, {100 * values.max():.1f} %"
        ax.set_title(f"row {row}\ntrue class {CLASS_NAMES[label]}\n{predicted}", fontsize=9)
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
