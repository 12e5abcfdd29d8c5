"""Photographs and videos with their faces framed, and what a network says about each."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures import drawable
from data import CLASS_NAMES
from data.photographs import NO_FACE, Photograph, emotion_of
from data.pictures import Square, read_picture

# In inches: the longest side of the photograph, and the panel of one face.
_PHOTOGRAPH, _PANEL = 6.5, (2.4, 1.5)
_MOST_COLUMNS = 3
# Yellow and dark violet, the ends of viridis, are seen on light and dark photographs alike.
_LIGHT, _DARK = "#fde725", "#440154"
# The same for OpenCV, blue first, and a colour between them.
_YELLOW, _VIOLET, _BLUE = (37, 231, 253), (84, 1, 68), (142, 104, 49)
# Pixels of the longest side; more than the figure shows would only take time.
_SHOWN = 1200
# The faces of a video that fit into a figure, and how many frames a smoothed probability is the mean of.
_MOST_FACES, _SMOOTHED = 6, 5


def draw_photograph(photograph: Photograph, probabilities: np.ndarray, least: float = 0.0) -> Figure:
    """Draw a photograph with a frame around each of its N faces, and a panel per face with its probabilities.

    probabilities: (N, 7) float; N may be 0. Reads the file of the photograph; raises InputError.
    """
    picture, faces = read_picture(photograph.path, "RGB"), len(probabilities)
    scale = _PHOTOGRAPH / max(picture.size)
    # A narrow photograph is not wide enough for its title.
    width, height = max(3.0, scale * picture.width), scale * picture.height
    # As many rows of panels as the photograph is high, more where there are too many faces for their columns.
    rows = max(1, int(height / _PANEL[1]), math.ceil(faces / _MOST_COLUMNS))
    columns = math.ceil(faces / rows)
    size = (width + _PANEL[0] * columns, max(height, _PANEL[1] * rows) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(drawable(photograph.path.name) + f": {NO_FACE}" * (not faces), fontsize=11)
    grid = figure.add_gridspec(rows, 1 + columns, width_ratios=[width, *[_PANEL[0]] * columns])
    ax = figure.add_subplot(grid[:, 0])
    extent = (0, picture.width, picture.height, 0)
    picture.thumbnail((_SHOWN, _SHOWN))
    ax.imshow(picture, extent=extent)
    ax.set(xticks=[], yticks=[], anchor="N")
    for index, (square, values) in enumerate(zip(photograph.squares, probabilities, strict=True)):
        name = f"{index + 1} {emotion_of(values, least)}" + ", taken whole" * photograph.whole
        _draw_frame(ax, square, f"{name} {values.max():.2f}")
        _draw_bars(figure.add_subplot(grid[index % rows, 1 + index // rows]), name, values)
    return figure


def draw_timeline(table: pd.DataFrame, title: str) -> Figure:
    """Draw the probabilities of each face in a video over time, smoothed and behind it as they are.

    table: with the columns time, face, and a probability of each class. Of many faces those seen longest.
    """
    faces = sorted(table["face"].value_counts().index[:_MOST_FACES])
    figure = Figure(figsize=(10, 1 + 2.2 * max(1, len(faces))), layout="constrained")
    figure.suptitle(title if faces else f"{title}: {NO_FACE}")
    panels = figure.subplots(max(1, len(faces)), sharex=True, squeeze=False)[:, 0]
    for ax, face in zip(panels, faces, strict=False):
        values = table[table["face"] == face].set_index("time")[list(CLASS_NAMES)]
        values.plot(ax=ax, colormap="viridis", alpha=0.3, linewidth=0.8, legend=False)
        smooth = values.rolling(_SMOOTHED, center=True, min_periods=1).mean()
        smooth.plot(ax=ax, colormap="viridis", style=["-", "--"] * 3, legend=False)
        ax.set(ylabel=f"face {face}, probability", ylim=(0, 1), xlabel="seconds")
    if faces:
        lines = panels[0].get_lines()[len(CLASS_NAMES) :]
        panels[0].legend(lines, CLASS_NAMES, ncols=7, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def draw_on(
    frame: np.ndarray, squares: Sequence[Square], probabilities: np.ndarray, names: Sequence[str]
) -> None:
    """Draw N faces on a frame of a video: square, name, and a bar for each class.

    frame: (height, width, 3) BGR. probabilities: (N, 7) float. names: N texts.
    """
    import cv2

    for square, values, name in zip(squares, probabilities, names, strict=True):
        corners = cv2.boxPoints((square.centre, (square.side, square.side), square.tilt))
        cv2.polylines(frame, [np.rint(corners).astype(int)], True, _YELLOW, 2)
        left, right, height = square.left, square.left + square.side, max(square.side / 8, 12)
        for row, (text, value) in enumerate([(name, 0.0), *zip(CLASS_NAMES, values, strict=True)]):
            top, bottom = (round(square.top + square.side + (row + edge) * height) for edge in (0, 1))
            cv2.rectangle(frame, (left, top), (right, bottom), _VIOLET, cv2.FILLED)
            end = round(left + value * square.side)
            cv2.rectangle(frame, (left, top + 2), (end, bottom), _BLUE, cv2.FILLED)
            place = left + 2, round(bottom - 0.3 * height)
            cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, height / 34, _YELLOW)


def _draw_frame(ax: Axes, square: Square, text: str) -> None:
    left, top, side, tilt = square
    for colour, line_width in ((_DARK, 3.5), (_LIGHT, 1.8)):
        style = {"fill": False, "edgecolor": colour, "linewidth": line_width}
        ax.add_patch(Rectangle((left, top), side, side, angle=tilt, rotation_point="center", **style))
    # Above the face, or in its upper edge where the picture ends there, and towards the middle.
    vertical = "bottom" if top > 0.05 * ax.get_ylim()[0] else "top"
    start, horizontal = (left, "left") if left < ax.get_xlim()[1] / 2 else (left + side, "right")
    box = {"facecolor": _DARK, "edgecolor": "none", "pad": 1.5}
    drawn = ax.text(start, top, text, color=_LIGHT, fontsize=8, va=vertical, ha=horizontal, bbox=box)
    # A label may be wider than a narrow photograph, which must not become smaller for it.
    drawn.set_in_layout(False)


def _draw_bars(ax: Axes, title: str, values: np.ndarray) -> None:
    bars = ax.barh(CLASS_NAMES, values, color=[_DARK if value == values.max() else "0.6" for value in values])
    ax.bar_label(bars, fmt="%.2f", padding=2, fontsize=7)
    ax.set_title(title, fontsize=8)
    ax.set(xlim=(0, 1.2), xticks=[])
    ax.invert_yaxis()
    ax.tick_params(length=0, labelsize=7)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
