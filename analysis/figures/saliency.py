"""Saliency maps beside the faces, and mean maps with their shares per facial part."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from analysis.attribution import METHODS
from analysis.facial_parts import REGION_NAMES, average_parts
from analysis.mean_saliency import MeanSaliency
from analysis.saliency_faces import ExplainedFace

COLOURS = "viridis"
DISPLAY_PERCENTILE = 99
COLOUR_LABEL = f"saliency, each map by itself;\n1: its {DISPLAY_PERCENTILE}th percentile"
# The share of a face that stays undimmed, and how much contrast the rest keeps.
SALIENT_SHARE = 0.2
DIMMED_CONTRAST = 0.2
# In pixels; without it the undimmed part of a gradient map would be scattered pixels.
DIMMING_BLUR = 1.5
# Of a map over its face, so that the face shows through everywhere.
MOST_OPAQUE = 0.7
EMPTY, EMPTY_PLACE = "empty: the\nmethod finds\nnothing here", (23.5, 23.5)
# Of the title.
LETTERS_PER_INCH = 11
# Longer bars are cut.
MOST_RATIO = 3


def scale_for_display(maps: np.ndarray) -> np.ndarray:
    """(N, 48, 48) maps scaled to 0..1, each by itself: its minimum to 0, its 99th percentile and above to 1.

    A flat map becomes zeros. Where 99 % of a map are equal, its greatest value becomes 1.
    """
    least, high = np.percentile(maps, (0, DISPLAY_PERCENTILE), axis=(1, 2), keepdims=True)
    span = np.where(high > least, high, maps.max(axis=(1, 2), keepdims=True)) - least
    return np.clip((maps - least) / np.where(span > 0, span, 1), 0, 1)


def dim_least_salient(faces: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels: the fifth of the pixels with most blurred saliency as it is, the rest faint.

    Where a map is flat, the whole face is faint.
    """
    blurred = gaussian_filter(maps, (0, DIMMING_BLUR, DIMMING_BLUR))
    threshold = np.quantile(blurred, 1 - SALIENT_SHARE, axis=(1, 2), keepdims=True)
    faint = 128 + DIMMED_CONTRAST * (faces.astype(np.float32) - 128)
    return np.where(blurred > threshold, faces, faint)


def draw_saliency(
    faces: np.ndarray, maps: dict[str, np.ndarray], described: Sequence[ExplainedFace], title: str
) -> Figure:
    """Draw a column per face: the face, then for each method its map, alone and over the face, and the face
    where it is high.

    A map of zeros is marked as empty, which happens with Grad-CAM.
    faces: (N, 48, 48) grey levels.
    maps: method -> (N, 48, 48) float, >= 0.
    described: the N faces' classes; those predicted wrong have bold titles.
    title: str, of the figure.
    """
    rows = 1 + 3 * len(maps)
    figure, grid = _grid(rows, len(faces), [1] * rows, title)
    _draw_images(grid[0], faces, "face")
    for ax, face in zip(grid[0], described, strict=True):
        ax.set_title(str(face), fontsize=8, fontweight="bold" if face.wrong else "normal")
    for index, (method, values) in enumerate(maps.items()):
        _draw_images(grid[1 + 3 * index], scale_for_display(values), METHODS[method], cmap=COLOURS, vmax=1)
        for ax in grid[1 + 3 * index, ~values.any(axis=(1, 2))]:
            ax.text(*EMPTY_PLACE, EMPTY, color="white", fontsize=7, ha="center", va="center")
        _draw_overlays(grid[2 + 3 * index], faces, values)
        _draw_images(
            grid[3 + 3 * index],
            dim_least_salient(faces, values),
            f"face where it is\nhighest ({SALIENT_SHARE:.0%})",
        )
    _colour_bar(figure, grid)
    return figure


def draw_mean_saliency(mean: MeanSaliency, title: str) -> Figure:
    """Draw a column per class and one for all faces: mean face, mean maps, bars of shares per facial part."""
    figure, grid = _grid(1 + 2 * len(mean.maps), len(mean.names), [1] + [1, 1.2] * len(mean.maps), title)
    _draw_images(grid[0], mean.faces, "mean face\nand facial parts")
    for ax, name, count in zip(grid[0], mean.names, mean.counts, strict=True):
        ax.set_title(f"{name}\n{count} face{'s' * (count > 1)}", fontsize=8)
        for part in average_parts():
            ax.contour(part, levels=[0.5], colors="#fde725", linewidths=0.8)
    for index, (method, values) in enumerate(mean.maps.items()):
        maps, bars = grid[1 + 2 * index : 3 + 2 * index]
        _draw_images(maps, scale_for_display(values), METHODS[method], cmap=COLOURS, vmax=1)
        for ax, shares in zip(bars, mean.shares[method], strict=True):
            _draw_bars(ax, shares, mean.areas)
        bars[0].set_yticks(range(len(REGION_NAMES)), REGION_NAMES, fontsize=7)
    figure.supxlabel(
        "bars: share of the saliency / share of the area, 1 (line) for a uniform map; "
        "figures: share of the saliency",
        fontsize=8,
    )
    _colour_bar(figure, grid)
    return figure


def _grid(rows: int, columns: int, height_ratios: Sequence[float], title: str) -> tuple[Figure, np.ndarray]:
    width = 2.4 + 1.35 * columns
    figure = Figure(figsize=(width, 1.0 + 1.35 * sum(height_ratios)), layout="constrained")
    # With one face, the title is longer than a line.
    figure.suptitle(fill(title, int(LETTERS_PER_INCH * width)), fontsize=11)
    return figure, figure.subplots(rows, columns, squeeze=False, height_ratios=height_ratios)


def _draw_images(
    axes: np.ndarray, images: np.ndarray, name: str, cmap: str = "gray", vmax: float = 255
) -> None:
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(image, cmap=cmap, vmin=0, vmax=vmax)
        ax.set(xticks=[], yticks=[])
    axes[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)


def _draw_overlays(axes: np.ndarray, faces: np.ndarray, maps: np.ndarray) -> None:
    """Blurred maps over their faces, the more opaque the more salient."""
    blurred = scale_for_display(gaussian_filter(maps, (0, DIMMING_BLUR, DIMMING_BLUR)))
    _draw_images(axes, faces, "over the face,\nblurred")
    for ax, values in zip(axes, blurred, strict=True):
        ax.imshow(values, cmap=COLOURS, vmin=0, vmax=1, alpha=MOST_OPAQUE * values)


def _draw_bars(ax: Axes, shares: np.ndarray, areas: np.ndarray) -> None:
    ratios = np.minimum(shares / areas, MOST_RATIO)
    ax.barh(range(len(ratios)), ratios, color="#31688e")
    ax.axvline(1, color="black", linewidth=0.8)
    for position, (ratio, share) in enumerate(zip(ratios, shares, strict=True)):
        ax.text(max(ratio, 1) + 0.1, position, f"{share:.0%}", va="center", fontsize=6)
    ax.set(yticks=[], xlim=(0, MOST_RATIO + 0.9), xticks=range(MOST_RATIO + 1))
    ax.invert_yaxis()
    ax.tick_params(labelsize=7)
    ax.spines[["top", "right"]].set_visible(False)


def _colour_bar(figure: Figure, axes: np.ndarray) -> None:
    bar = figure.colorbar(
        ScalarMappable(cmap=COLOURS), ax=axes, fraction=0.02, pad=0.01, aspect=30, shrink=0.5
    )
    bar.set_label(COLOUR_LABEL, fontsize=7)
    bar.ax.tick_params(labelsize=7)
