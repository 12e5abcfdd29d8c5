"""Figures of filters: what activates each one most, and the output of each one for a face.

All pictures of a figure are pasted into canvases of its whole size, one for each colour map, because a
thousand matplotlib axes take minutes. A canvas is NaN, which is drawn transparent, between the pictures.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from analysis.filter_examples import FilterExamples
from data.dataset import IMAGE_SIZE, Dataset

# Lengths in canvas pixels. One is 3 dots of a PNG, so that no pixel of a face is drawn wider than another.
INCHES = 3 / 150
GAP = 6
LABEL = 9
TITLE = 22
FACE = 2 * IMAGE_SIZE
KERNEL = 3 * 6
LEAST_CONTRAST = 50
FONT_SIZE = 6.5
TITLE_SIZE = 9


def draw_filter_images(
    images: np.ndarray,
    activations: np.ndarray,
    dead: np.ndarray,
    names: Sequence[str],
    order: np.ndarray,
    title: str,
    better_faces: np.ndarray,
) -> Figure:
    """Draw the image that activates each filter most and the activation reached; a dead one is crossed out.

    Beneath it is the activation of a face that activates the filter more, where there is one.

    images: (F, 48, 48) grey levels 0..255, drawn with more contrast where they are faint.
    activations: (F,) float.
    dead: (F,) bool.
    names: one per filter.
    order: (F,) int, the filter in each place of the grid.
    title: str.
    better_faces: (F,) float, the activation of that face, or NaN.
    """
    beaten = np.isfinite(better_faces)
    beneath = LABEL if beaten.any() else 0
    corners = _grid(len(images), left=GAP, width=IMAGE_SIZE, height=IMAGE_SIZE + beneath)
    figure, ax = _canvas(corners[-1, 0] + IMAGE_SIZE + beneath, corners[:, 1].max() + IMAGE_SIZE, title)
    _paste(ax, _raise_contrast(images[order]), corners, cmap="gray", vmin=0, vmax=255)
    _write(ax, [f"{names[i]}   {'dead' if dead[i] else f'{activations[i]:.3g}'}" for i in order], corners)
    places = corners[beaten[order]] + np.array([IMAGE_SIZE + LABEL, 0])
    _write(ax, [f"a face: {better_faces[i]:.3g}" for i in order if beaten[i]], places)
    # A white picture would be invisible.
    top, left = corners.T - 0.5
    bottom, right = top + IMAGE_SIZE, left + IMAGE_SIZE
    frame: dict[str, Any] = {"color": "0.6", "linewidth": 0.5}
    ax.hlines([*top, *bottom], [*left, *left], [*right, *right], **frame)
    ax.vlines([*left, *right], [*top, *top], [*bottom, *bottom], **frame)
    for top, left in corners[dead[order]]:
        rows, columns = np.array([top, top + IMAGE_SIZE]) - 0.5, np.array([left, left + IMAGE_SIZE]) - 0.5
        ax.plot(columns, rows, columns, rows[::-1], color="black", linewidth=1)
    return figure


def draw_filter_outputs(
    face: np.ndarray,
    outputs: np.ndarray,
    kernels: np.ndarray | None,
    names: Sequence[str],
    order: np.ndarray,
    title: str,
) -> Figure:
    """Draw the output of each filter for one face, beside the filter's kernel if there are kernels.

    face: (48, 48) grey levels 0..255.
    outputs: (F, height, width) float, drawn in the shape of the face, with their maximum.
    kernels: (F, 3, 3) float, or None.
    names, order, title: as in draw_filter_images.
    """
    width = IMAGE_SIZE if kernels is None else IMAGE_SIZE + KERNEL + 2
    corners = _grid(len(outputs), left=FACE + 3 * GAP, width=width)
    bottom = max(corners[-1, 0] + IMAGE_SIZE, corners[0, 0] + FACE + 6 * LABEL)
    figure, ax = _canvas(bottom, corners[:, 1].max() + width, title)
    top = corners[0, 0]
    _paste(ax, [_resize(face, FACE)], np.array([[top, GAP]]), cmap="gray", vmin=0, vmax=255)
    # Each on its own scale: on a common one, all but the few filters that see brightness would be dark.
    highest = outputs.max(axis=(1, 2))
    pictures = [_resize(outputs[i] / (highest[i] or 1), IMAGE_SIZE) for i in order]
    answers = _paste(ax, pictures, corners, cmap="viridis", vmin=0, vmax=1)
    scales = {"output / the filter's highest": answers}
    _write(ax, [f"{names[i]}   {highest[i]:.3g}" for i in order], corners)
    if kernels is not None:
        pictures = [_resize(kernels[i], KERNEL) for i in order]
        limit = np.abs(kernels).max()
        corners = corners + np.array([0, IMAGE_SIZE + 2])
        scales["kernel"] = _paste(ax, pictures, corners, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for number, (name, image) in enumerate(scales.items()):
        place = (GAP, top + FACE + (2 + 3 * number) * LABEL, FACE, LABEL / 2)
        bar = figure.colorbar(
            image, cax=ax.inset_axes(place, transform=ax.transData), orientation="horizontal"
        )
        bar.ax.tick_params(labelsize=FONT_SIZE, pad=1, length=2)
        bar.ax.set_title(name, fontsize=FONT_SIZE, loc="left", pad=2)
    return figure


def draw_examples(
    images: np.ndarray,
    activations: np.ndarray,
    names: Sequence[str],
    examples: FilterExamples,
    faces: Dataset,
    order: np.ndarray,
    title: str,
) -> Figure:
    """Draw the image that activates each filter most, and on its right the faces that do.

    Of a convolution, a ring is around the place of the filter's highest output.
    images, activations, names, order, title: as in draw_filter_images.
    examples: of N faces per filter.
    faces: those that the examples were found in; above each stands its row.
    """
    chosen = examples.faces
    count = chosen.shape[1] + 1
    pitch = IMAGE_SIZE + 3
    corners = _grid(len(images), left=GAP, width=count * pitch, columns=max(1, 10 // count))
    figure, ax = _canvas(corners[-1, 0] + IMAGE_SIZE, corners[:, 1].max() + count * pitch, title)
    # (F, N + 1, 2), in the order of the figure.
    corners = corners[:, np.newaxis] + np.arange(count)[:, np.newaxis] * np.array([0, pitch])
    pictures = np.concatenate([_raise_contrast(images)[:, np.newaxis], faces.images[chosen]], axis=1)[order]
    pictures = pictures.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    _paste(ax, pictures, corners.reshape(-1, 2), cmap="gray", vmin=0, vmax=255)
    for filter_corners, i in zip(corners, order, strict=True):
        values = zip(faces.rows[chosen[i]], examples.activations[i], strict=True)
        texts = [f"{names[i]}   {activations[i]:.3g}", *(f"row {row}   {value:.3g}" for row, value in values)]
        _write(ax, texts, filter_corners)
    if examples.places is not None:
        rows, columns = np.moveaxis(corners[:, 1:] + examples.places[order], -1, 0)
        for colour, width in (("black", 2.0), ("white", 0.8)):
            ax.plot(columns.ravel(), rows.ravel(), "o", mfc="none", mec=colour, mew=width, markersize=7)
    return figure


def _grid(
    count: int, left: int, width: int, height: int = IMAGE_SIZE, columns: int | None = None
) -> np.ndarray:
    """(count, 2) integers, top and left of each picture, in rows of `columns`, by default 8, 16 or 32."""
    columns = min(count, columns or (8 if count <= 64 else 16 if count <= 256 else 32))
    rows, places = np.divmod(np.arange(count), columns)
    tops = TITLE + LABEL + rows * (LABEL + height + GAP)
    return np.stack([tops, left + places * (width + GAP)], axis=1)


def _canvas(bottom: int, right: int, title: str) -> tuple[Figure, Axes]:
    """A new figure and the invisible Axes that fills it, in canvas pixels, y downwards."""
    width, height = right + GAP, bottom + GAP
    figure = Figure(figsize=(width * INCHES, height * INCHES))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    ax.axis("off")
    ax.text(GAP, TITLE / 2, title, fontsize=TITLE_SIZE, va="center")
    return figure, ax


def _paste(ax: Axes, pictures: Iterable[np.ndarray], corners: np.ndarray, **colours: Any) -> AxesImage:
    """Draw equally large pictures with one colour map; the canvas between them stays transparent."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    canvas = np.full((round(bottom - top), round(right - left)), np.nan)
    for picture, (row, column) in zip(pictures, corners, strict=True):
        canvas[row : row + picture.shape[0], column : column + picture.shape[1]] = picture
    return ax.imshow(
        canvas, interpolation="nearest", aspect="auto", extent=(left, right, bottom, top), **colours
    )


def _write(ax: Axes, labels: Sequence[str], corners: np.ndarray) -> None:
    for label, (top, left) in zip(labels, corners, strict=True):
        ax.text(left, top - 1.5, label, fontsize=FONT_SIZE, va="bottom")


def _raise_contrast(images: np.ndarray) -> np.ndarray:
    """(F, 48, 48) grey levels of a standard deviation of at least LEAST_CONTRAST; flat ones stay flat."""
    middle = images.mean(axis=(1, 2), keepdims=True)
    contrast = images.std(axis=(1, 2), keepdims=True)
    factor = np.maximum(LEAST_CONTRAST / np.maximum(contrast, 1e-3), 1)
    return np.clip(middle + factor * (images - middle), 0, 255)


def _resize(picture: np.ndarray, side: int) -> np.ndarray:
    """To side x side by repeating pixels; a deep layer of the report's CNN has lost height but no width."""
    height, width = picture.shape
    return picture[np.arange(side) * height // side][:, np.arange(side) * width // side]
