"""Figures of saliency: maps beside their faces, mean maps with shares per facial part, and the checks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy.ndimage import gaussian_filter

from analysis.attribution import METHODS
from analysis.facial_parts import REGION_NAMES, MeanSaliency, average_parts
from analysis.figures import drawable
from analysis.saliency_checks import SaliencyChecks

COLOURS = "viridis"
DISPLAY_PERCENTILE = 99
COLOUR_LABEL = f"saliency, each map by itself; 1: its {DISPLAY_PERCENTILE}th percentile"
# Of a map over its face: the deviation of its blur, in pixels, and its alpha, so that the face shows through.
OVERLAY_BLUR, MOST_OPAQUE = 1.5, 0.7
EMPTY = "empty: the\nmethod finds\nnothing here"
# Longer bars are cut.
MOST_RATIO = 3
# More columns follow in a further block of rows, so that faces are legible on a narrow page too.
MOST_IN_LINE = 4
# The faces that fit into one figure.
MOST_COLUMNS = 40
# Longer names of files would run into those of the next column; of one camera's they differ at the end.
MOST_LETTERS = 20
# Of the curves of methods and orders, told apart in grey too.
STYLES = ("o-", "s--", "^-.", "D-", "v--", "p-.", "x:", "+:")


def draw_saliency(
    images: np.ndarray, maps: Mapping[str, np.ndarray], faces: Sequence[Mapping[str, Any]], title: str
) -> Figure:
    """Draw a column per face, four in a line: the face, then for each method its map, alone and over it.

    images: (N, 48, 48) grey levels.
    maps: method -> (N, 48, 48) float, >= 0. One that is zero everywhere says so, which happens with Grad-CAM.
    faces: what saliency.py records of each face; those predicted wrong have bold titles.
    title: str, of the figure.
    """
    figure, grid = _grid(len(images), [1] * (1 + 2 * len(maps)), title)
    _draw_images(grid[0], images, "face")
    for ax, face in zip(grid[0], faces, strict=True):
        ax.set_title(face_title(face), fontsize=8, fontweight="bold" if _is_wrong(face) else "normal")
    for row, (method, values) in enumerate(maps.items()):
        alone, over = grid[1 + 2 * row : 3 + 2 * row]
        _draw_images(alone, scale_for_display(values), METHODS[method], cmap=COLOURS, vmax=1)
        for ax in alone[~values.any(axis=(1, 2))]:
            ax.text(23.5, 23.5, EMPTY, color="white", fontsize=7, ha="center", va="center")
        _draw_images(over, images, "over the face, blurred")
        blurred = scale_for_display(gaussian_filter(values, (0, OVERLAY_BLUR, OVERLAY_BLUR)))
        for ax, each in zip(over, blurred, strict=True):
            ax.imshow(each, cmap=COLOURS, vmin=0, vmax=1, alpha=MOST_OPAQUE * each)
    return figure


def face_title(face: Mapping[str, Any]) -> str:
    """Where a face is and how the network classifies it, in up to five lines."""
    if "row" in face:
        place = f"row {face['row']}"
    else:
        name = drawable(Path(face["file"]).name)
        place = name if len(name) <= MOST_LETTERS else f"...{name[3 - MOST_LETTERS :]}"
        place += f"\nface {face['face']}"
    lines = [f"{place}: {face['true']}" if face["true"] else place]
    lines += [f"predicted {face['predicted']}", f"probability {face['probability']:.3f}"]
    lines += ["wrong"] * _is_wrong(face)
    lines += [f"map of {face['explained']}"] * (face["explained"] != face["predicted"])
    return "\n".join(lines)


def scale_for_display(maps: np.ndarray) -> np.ndarray:
    """(N, 48, 48) maps scaled to 0..1, each by itself: its minimum to 0, its 99th percentile and above to 1.

    A flat map becomes zeros. Where 99 % of a map are equal, its greatest value becomes 1.
    """
    least, high = np.percentile(maps, (0, DISPLAY_PERCENTILE), axis=(1, 2), keepdims=True)
    span = np.where(high > least, high, maps.max(axis=(1, 2), keepdims=True)) - least
    return np.clip((maps - least) / np.where(span > 0, span, 1), 0, 1)


def draw_mean_saliency(mean: MeanSaliency, title: str) -> Figure:
    """Draw a column per class and one for all faces: mean face, mean maps, bars of shares per facial part."""
    figure, grid = _grid(len(mean.counts), [1] + [1, 1.2] * len(mean.maps), f"{title}, mean per class")
    _draw_images(grid[0], mean.faces, "mean face and facial parts")
    for ax, (name, count) in zip(grid[0], mean.counts.items(), strict=True):
        ax.set_title(f"{name}\n{count} face{'s' * (count > 1)}", fontsize=8)
        for part in average_parts():
            ax.contour(part, levels=[0.5], colors="#fde725", linewidths=0.8)
    for row, (method, values) in enumerate(mean.maps.items()):
        maps, bars = grid[1 + 2 * row : 3 + 2 * row]
        _draw_images(maps, scale_for_display(values), METHODS[method], cmap=COLOURS, vmax=1)
        for ax, shares in zip(bars, mean.shares[method].to_numpy(), strict=True):
            _draw_bars(ax, shares, shares / mean.areas.to_numpy())
        for ax in bars[::MOST_IN_LINE]:
            ax.set_yticks(range(len(REGION_NAMES)), REGION_NAMES, fontsize=7)
    note = "bars: share of the saliency / share of the area (line: 1); numbers: share of the saliency"
    figure.supxlabel(note, fontsize=8)
    return figure


def draw_checks(checks: SaliencyChecks, network: str) -> Figure:
    """Draw the curves of deletion and insertion."""
    figure = Figure(figsize=(6.4, 10.5), layout="constrained")
    checked = f"{checks.count} face{'s' * (checks.count > 1)}"
    figure.suptitle(f"Can saliency maps of {network} be trusted? Checked on {checked}", fontsize=11)
    for ax, kind, way in zip(figure.subplots(2, 1), ("deletion", "insertion"), ("fall", "rise"), strict=True):
        _draw_curves(ax, checks, kind, f"{kind}: good maps {way} early")
    return figure


def _draw_curves(ax: Axes, checks: SaliencyChecks, kind: str, title: str) -> None:
    """Draw the mean curves of 'deletion' or 'insertion'."""
    for index, (name, both) in enumerate(checks.curves.items()):
        numbers, colour = checks.orders[name], mpl.colormaps[COLOURS](index / len(checks.curves))
        label = f"{METHODS.get(name, name)}: area {numbers[kind]:.3f} ± {numbers[f'{kind}_sd']:.3f}"
        label += f", {numbers['empty']} empty" if numbers["empty"] else ""
        y = both[0 if kind == "deletion" else 1].mean(axis=0)
        x = np.linspace(0, 1, len(y))
        ax.plot(x, y, STYLES[index], color=colour, markersize=4, markevery=3, label=label)
    done = {"deletion": "deleted", "insertion": "inserted"}[kind]
    ax.set(title=title, xlabel=f"pixels {done}, most salient first", ylim=(0, None))
    ax.set_ylabel("mean probability of the explained class")
    ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    # Below the panel: inside, it would cover curves.
    ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def _is_wrong(face: Mapping[str, Any]) -> bool:
    """Whether the prediction is known to be wrong."""
    return face["true"] not in (None, face["predicted"])


def _grid(columns: int, heights: Sequence[float], title: str) -> tuple[Figure, np.ndarray]:
    """A figure with a colour bar of maps, and its panels, one row per entry of `heights`.

    Rows of more than MOST_IN_LINE columns are drawn in blocks, one beneath the other.
    """
    in_line = min(columns, MOST_IN_LINE)
    blocks = -(-columns // in_line)
    width = 1.2 + 1.4 * in_line
    figure = Figure(figsize=(width, 1.3 + 1.45 * blocks * sum(heights)), layout="constrained")
    # With few faces, the title is longer than a line; 11 letters fit into an inch.
    figure.suptitle(fill(title, int(11 * width)), fontsize=11)
    panels = figure.subplots(blocks * len(heights), in_line, squeeze=False, height_ratios=[*heights] * blocks)
    grid = panels.reshape(blocks, len(heights), in_line).swapaxes(0, 1).reshape(len(heights), -1)
    for ax in grid[:, columns:].flat:
        ax.set_axis_off()
    scale = ScalarMappable(cmap=COLOURS)
    bar = figure.colorbar(scale, ax=panels, location="bottom", fraction=0.02, pad=0.01, aspect=40, shrink=0.6)
    bar.set_label(fill(COLOUR_LABEL, int(13 * width)), fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure, grid[:, :columns]


def _draw_images(
    axes: np.ndarray, images: np.ndarray, name: str, cmap: str = "gray", vmax: float = 255
) -> None:
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(image, cmap=cmap, vmin=0, vmax=vmax)
        ax.set(xticks=[], yticks=[])
    for ax in axes[::MOST_IN_LINE]:
        ax.set_ylabel(fill(name, 12), rotation=0, ha="right", va="center", fontsize=8)


def _draw_bars(ax: Axes, shares: np.ndarray, ratios: np.ndarray) -> None:
    ax.barh(range(len(ratios)), np.minimum(ratios, MOST_RATIO), color="#31688e")
    ax.axvline(1, color="black", linewidth=0.8)
    for position, (share, ratio) in enumerate(zip(shares, ratios, strict=True)):
        end = np.clip(ratio, 1, MOST_RATIO)
        ax.text(end + 0.1, position, f"{100 * share:.0f} %", va="center", fontsize=6)
    ax.set(yticks=[], xlim=(0, MOST_RATIO + 0.9), xticks=range(MOST_RATIO + 1))
    ax.invert_yaxis()
    ax.tick_params(labelsize=7)
    ax.spines[["top", "right"]].set_visible(False)
