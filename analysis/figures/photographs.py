"""A photograph with its faces framed and numbered, and beside it what a network says about each."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures.saving import save_figure
from data.dataset import CLASS_NAMES
from data.pictures import read_colour
from photographs.reading import Photograph
from photographs.table import NO_FACE

# In inches: the longest side of the photograph, and the size of the panel of one face.
PHOTOGRAPH, PANEL = 6.5, (3.3, 1.45)
# Yellow and dark violet, the ends of viridis, are seen on light and dark photographs alike.
LIGHT, DARK = "#fde725", "#440154"
MOST_COLUMNS = 3
# In inches, rather more than a letter of a label takes: which labels would leave the photograph.
LETTER = 0.08
# Pixels of the longest side; more than the figure shows would only take time.
SHOWN = 1200


def annotate(
    photographs: Sequence[Photograph], probabilities: np.ndarray, files: Sequence[Path]
) -> Iterator[Path]:
    """Draw each photograph into its file; give the path once written. Raises InputError.

    probabilities: (N, 7) float, of the faces of all photographs in their order.
    """
    start = 0
    for photograph, file in zip(photographs, files, strict=True):
        picture = read_colour(photograph.path)
        longest = max(picture.size)
        picture.thumbnail((SHOWN, SHOWN))
        squares = np.array(photograph.squares, float).reshape(-1, 3) * (max(picture.size) / longest)
        stop = start + len(squares)
        title = photograph.path.name if len(squares) else f"{photograph.path.name}: {NO_FACE}"
        values = probabilities[start:stop]
        save_figure(draw_photograph(np.asarray(picture), squares, photograph.faces, values, title), file)
        yield file
        start = stop


def draw_photograph(
    photograph: np.ndarray, squares: np.ndarray, faces: np.ndarray, probabilities: np.ndarray, title: str
) -> Figure:
    """Draw a photograph with a frame around each face, and a panel per face with its probabilities.

    photograph: (height, width, 3) uint8.
    squares: (N, 3) float, left, top and side in pixels of `photograph`; N may be 0.
    faces: (N, 48, 48) grey levels.
    probabilities: (N, 7) float.
    title: str, of the figure.
    """
    height, width = (PHOTOGRAPH * length / max(photograph.shape[:2]) for length in photograph.shape[:2])
    # A narrow photograph is not wide enough for its title.
    width = max(width, 3.0)
    rows = max(1, int(height / PANEL[1]))
    columns = min(MOST_COLUMNS, -(-len(faces) // rows))
    rows = max(rows, -(-len(faces) // max(1, columns)))
    size = (width + PANEL[0] * columns + 0.2, max(height, PANEL[1] * rows) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid = figure.add_gridspec(rows, 1 + 2 * columns, width_ratios=[width, *[1.1, PANEL[0] - 1.1] * columns])
    picture = figure.add_subplot(grid[:, 0])
    picture.imshow(photograph)
    picture.set(xticks=[], yticks=[], anchor="N")
    for index, (square, face, values) in enumerate(zip(squares, faces, probabilities, strict=True)):
        text = f"{index + 1} {CLASS_NAMES[values.argmax()]} {values.max():.2f}"
        _draw_frame(picture, square, text)
        row, column = index % rows, 1 + 2 * (index // rows)
        _draw_face(figure.add_subplot(grid[row, column]), face, index + 1)
        _draw_bars(figure.add_subplot(grid[row, column + 1]), values)
    return figure


def _draw_frame(ax: Axes, square: np.ndarray, text: str) -> None:
    left, top, side = square
    for colour, line_width in ((DARK, 3.5), (LIGHT, 1.8)):
        ax.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=colour, linewidth=line_width))
    box = {"facecolor": DARK, "edgecolor": "none", "pad": 1.5}
    width, height = ax.get_xlim()[1], ax.get_ylim()[0]
    # Above the face, or in its upper edge where the picture ends there; from its left edge to the right, or
    # from its right edge to the left where the picture ends there.
    vertical = "top" if top < 0.04 * height else "bottom"
    label = LETTER * len(text) / PHOTOGRAPH * max(width, height)
    start, horizontal = (left, "left") if left + label < width else (left + side, "right")
    drawn = ax.text(start, top, text, color=LIGHT, fontsize=8, va=vertical, ha=horizontal, bbox=box)
    # A label is wider than a narrow photograph, which must not become smaller for it.
    drawn.set_in_layout(False)


def _draw_face(ax: Axes, face: np.ndarray, number: int) -> None:
    ax.imshow(face, cmap="gray", vmin=0, vmax=255)
    ax.set(xticks=[], yticks=[])
    ax.set_title(f"face {number}", fontsize=8)


def _draw_bars(ax: Axes, values: np.ndarray) -> None:
    colours = [DARK if value == values.max() else "#9a9a9a" for value in values]
    ax.barh(range(len(values)), values, color=colours)
    for position, value in enumerate(values):
        ax.text(value + 0.03, position, f"{value:.2f}", va="center", fontsize=7)
    ax.set(xlim=(0, 1.2), xticks=[])
    ax.set_yticks(range(len(values)), CLASS_NAMES, fontsize=7)
    ax.invert_yaxis()
    ax.tick_params(length=0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
