"""Confusion matrices as figures, and the worst mistakes (report, question 3)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from analysis.metrics import Difference, Scores, row_shares
from data.dataset import CLASS_NAMES, NUM_CLASSES

# Text is white on cells of the lower half of viridis, black on its lighter half.
_LIGHT_FROM = 0.5
_FACES_PER_ROW = 4
# Where the colours of a difference end at the least, so that a small one looks small.
_LEAST_DIFFERENCE = 0.1


def added_names(networks: int, worst: bool) -> list[str]:
    """What is added to the file name of each figure after the first network's: -2, -2-minus-1, -3, ...

    worst: whether the most confidently wrong faces are drawn, too.
    """
    names = [each for number in range(2, networks + 1) for each in (f"-{number}", f"-{number}-minus-1")]
    return names + (["-worst"] if worst else [])


def draw_networks(
    scores: Mapping[str, Mapping[str, Scores]],
    differences: Mapping[str, Mapping[str, Difference]],
    population: str,
    described: str,
) -> dict[str, Figure]:
    """draw_scores() of each network and draw_difference() of each but the first, by what added_names() says.

    scores, differences: by the name of the network and the population; differences are from the first
        network.
    population: str, the one to draw; described: str, how titles name its faces.
    """
    first, figures = next(iter(scores)), {}
    for number, (name, each) in enumerate(scores.items(), start=1):
        figures[f"-{number}" if number > 1 else ""] = draw_scores(name, each[population], described)
        if name in differences:
            title = f"{name} minus {first}\n{described}"
            figures[f"-{number}-minus-1"] = draw_difference(differences[name][population], title)
    return figures


def draw_scores(name: str, scores: Scores, faces: str) -> Figure:
    """Draw a confusion matrix as shares and counts, with the accuracy per class on the right.

    name: str, of the network.
    scores: Scores.
    faces: str, what they were measured on.
    """
    figure, ax = _figure(width=7.2)
    low, high = 100 * scores.accuracy_interval
    accuracy = f"{100 * scores.accuracy:.1f} % right (95 % interval {low:.1f} to {high:.1f})"
    shares = row_shares(scores.matrix)
    image = ax.imshow(shares, cmap="viridis", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "black" if share >= _LIGHT_FROM else "white"
        text: dict[str, Any] = {"x": column, "ha": "center", "va": "center", "color": colour}
        ax.text(y=row - 0.12, s=f"{100 * share:.0f} %", fontsize=11, **text)
        ax.text(y=row + 0.22, s=f"{scores.matrix[row, column]:,}", fontsize=8, **text)
    _label_classes(ax, f"{name}: {accuracy}\n{faces}")
    _add_margin(ax, scores)
    percent = PercentFormatter(1, symbol=" %")
    figure.colorbar(image, ax=ax, shrink=0.8, format=percent, label="share of the true class's faces")
    return figure


def draw_difference(difference: Difference, title: str) -> Figure:
    """Draw how many more of each true class's faces a second network predicts as each class than a first.

    More is better on the diagonal and worse elsewhere, and the colours say which. Cells whose 95 % interval
    includes 0 are without colour, and their numbers in parentheses.
    difference: Difference.
    title: str.
    """
    figure, ax = _figure(width=6.6)
    better = np.where(np.eye(NUM_CLASSES, dtype=bool), difference.shares, -difference.shares)
    clear = np.where(difference.within_chance, 0, better)
    largest = max(float(np.abs(clear).max()), _LEAST_DIFFERENCE)
    image = ax.imshow(clear, cmap="RdBu", vmin=-largest, vmax=largest)
    for (row, column), share in np.ndenumerate(difference.shares):
        points = f"{100 * share:+.0f}" if round(100 * share) else "0"
        is_chance = difference.within_chance[row, column]
        colour = "0.45" if is_chance else "white" if abs(share) > 0.65 * largest else "black"
        text = f"({points})" if is_chance else points
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=11)
    _label_classes(ax, title)
    points_of_bar = FuncFormatter(lambda share, _: f"{abs(100 * share):.0f}")
    label = "worse  ←  percentage points  →  better"
    figure.colorbar(image, ax=ax, shrink=0.8, format=points_of_bar, label=label)
    ax.text(0, 1.02, "in parentheses: within chance (95 %)", transform=ax.transAxes, fontsize=9)
    return figure


def draw_worst_faces(
    title: str, faces: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, rows: np.ndarray
) -> Figure:
    """Draw faces with their true and predicted class, in the order given; without faces, a line that says so.

    title: two lines above all faces.
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
    # Wide enough for the title, tall enough for its two lines.
    figure = Figure(figsize=(max(6, 2 * columns), 2.75 * lines + 0.5), layout="constrained")
    figure.suptitle(title)
    cells = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax in cells:
        ax.set_axis_off()
    for ax, face, label, shares, row in zip(cells, faces, labels, probabilities, rows, strict=False):
        ax.imshow(face, cmap="gray", vmin=0, vmax=255)
        seen_as = f"seen as {CLASS_NAMES[shares.argmax()]}, {100 * shares.max():.1f} %"
        ax.set_title(f"row {row}\ntrue class {CLASS_NAMES[label]}\n{seen_as}", fontsize=9)
    return figure


def _figure(width: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, 5.8), layout="constrained")
    return figure, figure.subplots()


def _add_margin(ax: Axes, scores: Scores) -> None:
    """Accuracy and number of faces per class, right of the rows."""
    ax.text(NUM_CLASSES - 0.3, -0.6, "accuracy", ha="left", va="bottom", fontsize=9)
    for row, (recall, faces) in enumerate(zip(scores.recall, scores.support, strict=True)):
        accuracy = f"{100 * recall:.1f} %" if faces else "-"
        text: dict[str, Any] = {"x": NUM_CLASSES - 0.3, "ha": "left", "va": "center"}
        ax.text(y=row - 0.12, s=accuracy, fontsize=11, **text)
        ax.text(y=row + 0.22, s=f"of {faces:,}", fontsize=8, **text)


def _label_classes(ax: Axes, title: str) -> None:
    ticks = range(NUM_CLASSES)
    ax.set_xticks(ticks, CLASS_NAMES, rotation=30, ha="right", rotation_mode="anchor")
    ax.set_yticks(ticks, CLASS_NAMES)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_title(title, pad=22)
