"""Faces as points that are near each other where a network sees the same in them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data import CLASS_NAMES
from data.faces import Faces

# Seven colours that people with any colour vision tell apart (Okabe and Ito 2008).
COLOURS = ("#D55E00", "#000000", "#CC79A7", "#E69F00", "#0072B2", "#009E73", "#56B4E9")
_PAIRS_IN_ROW = 2


def draw_embedding(
    title: str, faces: Faces, predicted: np.ndarray, points: np.ndarray, pairs: np.ndarray
) -> Figure:
    """Draw a point for each face in the colour of its true class, hollow where it is predicted wrong.

    faces: N, with labels. predicted: (N,) int. points: (N, 2). pairs: (M, 2) int, drawn on the right.
    """
    labels = faces.require_labels()
    figure = Figure(figsize=(13.5, 8.4), layout="constrained")
    figure.suptitle(title)
    grid = figure.add_gridspec(1, 2, width_ratios=(8.4, 5.1))
    left, right = figure.add_subfigure(grid[0, 0]), figure.add_subfigure(grid[0, 1])
    _draw_points(left.subplots(), labels, labels == predicted, points)
    right.suptitle("nearest neighbours with different labels", fontsize=10)
    cells = right.subplots(max(1, -(-len(pairs) // _PAIRS_IN_ROW)), 2 * _PAIRS_IN_ROW, squeeze=False).ravel()
    for ax in cells:
        ax.set_axis_off()
    for ax, index in zip(cells, pairs.ravel(), strict=False):
        ax.imshow(faces.images[index], cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"row {faces.rows[index]}\n{CLASS_NAMES[labels[index]]}", fontsize=8)
    return figure


def _draw_points(ax: Axes, labels: np.ndarray, is_right: np.ndarray, points: np.ndarray) -> None:
    for index in np.unique(labels):
        own, colour = labels == index, COLOURS[index]
        share = f"{CLASS_NAMES[index]}: {100 * is_right[own].mean():.0f} % right"
        x, y = points[own & is_right].T
        ax.scatter(x, y, s=14, color=colour, linewidths=0, label=share)
        x, y = points[own & ~is_right].T
        ax.scatter(x, y, s=14, facecolors="none", edgecolors=colour, linewidths=0.7)
    for index in np.unique(labels):
        # Where most of the class is, rather than between its two islands.
        own = points[labels == index]
        centre = own[np.square(own - np.median(own, axis=0)).sum(axis=1).argmin()]
        box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
        ax.annotate(CLASS_NAMES[index], centre, ha="center", va="center", bbox=box, fontweight="bold")
    ax.set(xticks=[], yticks=[])
    ax.legend(title="true class; hollow: predicted wrong", loc="best", fontsize=8, title_fontsize=8)
