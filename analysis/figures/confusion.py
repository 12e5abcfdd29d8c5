"""Confusion matrices as figures, and the worst mistakes (report, question 3)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.metrics import Scores, row_shares
from data.dataset import CLASS_NAMES, NUM_CLASSES

# Text is white on cells of the lower half of viridis, black on its lighter half.
_LIGHT_FROM = 0.5
_FACES_PER_ROW = 8


def draw_scores(scores: Mapping[str, Scores], faces: str) -> Figure:
    """Draw the confusion matrix of one network, or those of two and their difference.

    scores: by the name of the network, one or two.
    faces: str, what they were measured on, for the titles.
    """
    matrices = [each.matrix for each in scores.values()]
    titles = [_title(name, each, faces) for name, each in scores.items()]
    if len(scores) == 1:
        return draw_confusion(matrices[0], titles[0])
    return draw_comparison(matrices, titles, list(scores))


def draw_confusion(matrix: np.ndarray, title: str) -> Figure:
    """Draw shares and counts, with the accuracy per class on the right.

    matrix: (7, 7) int counts, rows true.
    title: str.
    """
    figure = Figure(figsize=(9, 6.6), layout="constrained")
    ax = figure.subplots()
    image = _draw_matrix(ax, matrix, title)
    _add_share_bar(figure, image, [ax])
    return figure


def draw_comparison(matrices: Sequence[np.ndarray], titles: Sequence[str], names: Sequence[str]) -> Figure:
    """Draw two matrices of counts side by side, then the second's shares minus the first's.

    matrices: two (7, 7) int arrays, rows true, of the same faces.
    titles: one text per matrix.
    names: the names of the two networks, for the title of the difference.
    """
    figure = Figure(figsize=(19, 5.8), layout="constrained")
    first, second, difference = figure.subplots(1, 3)
    _draw_matrix(first, matrices[0], titles[0])
    image = _draw_matrix(second, matrices[1], titles[1])
    _add_share_bar(figure, image, [first, second])
    difference_of_shares = row_shares(matrices[1]) - row_shares(matrices[0])
    image = _draw_difference(difference, difference_of_shares, f"{names[1]} minus {names[0]}")
    points = PercentFormatter(1, symbol="")
    figure.colorbar(image, ax=difference, shrink=0.8, format=points, label="percentage points")
    return figure


def draw_worst_faces(
    faces: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, rows: np.ndarray
) -> Figure:
    """Draw faces with their true and predicted class, in the order given; without faces, a line that says so.

    faces: (N, 48, 48) grey levels.
    labels: (N,) int, indices into CLASS_NAMES.
    probabilities: (N, 7) float.
    rows: (N,) int, the position of each face in its file, 0 for the first.
    """
    if not len(faces):
        figure = Figure(figsize=(3, 1))
        figure.text(0.5, 0.5, "no face is wrong", ha="center", va="center")
        return figure
    columns = min(len(faces), _FACES_PER_ROW)
    lines = -(-len(faces) // columns)
    figure = Figure(figsize=(2 * columns, 2.75 * lines), layout="constrained")
    cells = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax in cells:
        ax.set_axis_off()
    for ax, face, label, shares, row in zip(cells, faces, labels, probabilities, rows, strict=False):
        ax.imshow(face, cmap="gray", vmin=0, vmax=255)
        seen_as = f"seen as {CLASS_NAMES[shares.argmax()]}, {100 * shares.max():.1f} %"
        ax.set_title(f"row {row}\ntrue class {CLASS_NAMES[label]}\n{seen_as}", fontsize=9)
    return figure


def _title(name: str, scores: Scores, faces: str) -> str:
    low, high = 100 * scores.accuracy_interval
    return f"{name}: {100 * scores.accuracy:.1f} % right (95 % interval {low:.1f} to {high:.1f})\n{faces}"


def _draw_matrix(ax: Axes, matrix: np.ndarray, title: str) -> Any:
    shares = row_shares(matrix)
    image = ax.imshow(shares, cmap="viridis", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "black" if share >= _LIGHT_FROM else "white"
        text: dict[str, Any] = {"x": column, "ha": "center", "va": "center", "color": colour}
        ax.text(y=row - 0.12, s=f"{100 * share:.0f} %", fontsize=11, **text)
        ax.text(y=row + 0.22, s=f"{matrix[row, column]:,}", fontsize=8, **text)
    _label_classes(ax, title)
    _add_margin(ax, matrix)
    return image


def _add_margin(ax: Axes, matrix: np.ndarray) -> None:
    """Accuracy and number of faces per class, right of the rows."""
    ax.text(NUM_CLASSES - 0.3, -0.6, "accuracy", ha="left", va="bottom", fontsize=9)
    faces = matrix.sum(axis=1)
    for row, share in enumerate(np.diag(row_shares(matrix))):
        accuracy = f"{100 * share:.1f} %" if faces[row] else "-"
        text: dict[str, Any] = {"x": NUM_CLASSES - 0.3, "ha": "left", "va": "center"}
        ax.text(y=row - 0.12, s=accuracy, fontsize=11, **text)
        ax.text(y=row + 0.22, s=f"of {faces[row]:,}", fontsize=8, **text)


def _draw_difference(ax: Axes, difference: np.ndarray, title: str) -> Any:
    largest = max(float(np.abs(difference).max()), 0.01)
    image = ax.imshow(difference, cmap="RdBu_r", vmin=-largest, vmax=largest)
    for (row, column), points in np.ndenumerate(difference):
        colour = "white" if abs(points) > 0.65 * largest else "black"
        text = f"{100 * points:+.0f}" if round(100 * points) else "0"
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=11)
    _label_classes(ax, title)
    return image


def _label_classes(ax: Axes, title: str) -> None:
    ticks = range(NUM_CLASSES)
    ax.set_xticks(ticks, CLASS_NAMES, rotation=30, ha="right", rotation_mode="anchor")
    ax.set_yticks(ticks, CLASS_NAMES)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_title(title, pad=22, parse_math=False)


def _add_share_bar(figure: Figure, image: Any, axes: list[Axes]) -> None:
    figure.colorbar(
        image,
        ax=axes,
        shrink=0.8,
        format=PercentFormatter(1, symbol=" %"),
        label="share of the true class's faces",
    )
