"""Figures of a layer's units: what activates each one most, and the output of each filter for a face.

Lengths are in pixels of a face, each of which is three dots of a PNG, so that none is drawn wider than
another.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from analysis.activation_maximisation import DARK, LIGHT, Ascent, StrongestFaces, Units
from data import IMAGE_SIZE
from data.faces import Faces

INCHES = 3 / 150
GAP, LABEL, TITLE = 6, 10, 28
FONT_SIZE = 6.5
# The face beside the outputs is drawn twice as large.
FACE = 2 * IMAGE_SIZE
# The grey level between pictures side by side.
FRAME = 160
CONDITION = "\nall at the mean and contrast of an average face"
# A face counts as better only if the three digits that are shown can differ.
TIE = 0.001


def draw_pictures(units: Units, network: str, ascent: Ascent, found: StrongestFaces | None) -> Figure:
    """Draw the picture that activates each unit most, and above it the activation, or 'dead'.

    network: its name. found: faces, of which the best one's activation is drawn where it is higher. 'dark'
    and 'light' are the `tones` of `ascent`.
    """
    title = f"{units.described(network)}: what activates each {units.kind} most, by gradient ascent\n"
    title += f"above each: {units.kind}, {units.measure}"
    beaten = np.zeros(len(units.names), bool)
    if found:
        best = found.activations[:, 0]
        beaten = best > ascent.activations * (1 + TIE)
        title += f"; pictures beaten by one of {len(found.faces):,} faces: {beaten.sum() or 'none'}"
    title += CONDITION * units.constrained
    if ascent.tones.any():
        title += f"; dark, light: plain grey of {DARK:.0f}, {LIGHT:.0f} activates it more"
    figure, axes = _grid(len(units.names), title)
    for unit, (ax, image) in enumerate(zip(axes, ascent.images, strict=True)):
        label = "dead" if ascent.dead[unit] else f"{ascent.activations[unit]:.3g}"
        label += f" (face {best[unit]:.3g})" if beaten[unit] else ""
        _draw(ax, image, f"{units.names[unit]}   {label} {ascent.tones[unit]}".rstrip())
    return figure


def draw_examples(units: Units, network: str, ascent: Ascent, found: StrongestFaces) -> Figure:
    """Draw the picture that activates each unit most, and on its right the faces that do, with their rows."""
    title = f"{units.described(network)}: the picture and the faces that activate each {units.kind} most\n"
    title += f"above each: {units.kind} or row, {units.measure}" + CONDITION * units.constrained
    count, pitch = found.indices.shape[1] + 1, IMAGE_SIZE + 2
    # One strip per unit: matplotlib takes half a minute for several hundred axes.
    figure, axes = _grid(len(units.names), title, max(1, 10 // count), width=count * pitch)
    for unit, (ax, image) in enumerate(zip(axes, ascent.images, strict=True)):
        faces = found.faces.select(found.indices[unit])
        pictures = [np.pad(each, ((0, 0), (1, 1)), constant_values=FRAME) for each in (image, *faces.images)]
        _draw(ax, np.hstack(pictures), f"{units.names[unit]}   {ascent.activations[unit]:.3g}")
        for number, row in enumerate(faces.rows):
            left, text = (number + 1) * pitch, f"row {row}   {found.activations[unit, number]:.3g}"
            ax.text(left, -2, text, fontsize=FONT_SIZE)
    return figure


def draw_outputs(units: Units, network: str, outputs: np.ndarray, face: Faces) -> Figure:
    """Draw the output of each filter for one face.

    outputs: (U, height, width), drawn in the shape of the face. face: a single one.
    """
    title = f"{units.described(network)}: outputs for one face\nabove each: filter, highest output"
    figure, axes = _grid(len(outputs), title, left=FACE + 3 * GAP)
    _draw(_axes(figure, GAP, TITLE + LABEL, FACE, FACE), face.images[0], f"row {face.rows[0]}")
    for unit, ax in enumerate(axes):
        # Each on its own scale: on a common one, all but the few filters that see brightness would be dark.
        highest = outputs[unit].max()
        output = outputs[unit] / (highest or 1)
        image = _draw(ax, output, f"{units.names[unit]}   {highest:.3g}", "viridis", most=1)
    scale = _axes(figure, GAP, TITLE + FACE + 3 * LABEL, FACE, LABEL / 2)
    figure.colorbar(image, scale, orientation="horizontal").ax.tick_params(labelsize=FONT_SIZE)
    scale.set_title("output / the filter's highest", fontsize=FONT_SIZE, loc="left")
    return figure


def _grid(
    count: int, title: str, columns: int = 8, width: int = IMAGE_SIZE, left: int = GAP
) -> tuple[Figure, list[Axes]]:
    """A new figure with `count` axes for pictures of this width, and their labels, in rows of `columns`."""
    columns, across, down = min(columns, count), width + GAP, LABEL + IMAGE_SIZE + GAP
    page = left + columns * across, TITLE + -(-count // columns) * down
    figure = Figure(figsize=(page[0] * INCHES, page[1] * INCHES))
    figure.text(GAP / page[0], 1 - TITLE / 2 / page[1], title, fontsize=9, va="center")
    places = [divmod(number, columns) for number in range(count)]
    corners = [(left + column * across, TITLE + LABEL + row * down) for row, column in places]
    return figure, [_axes(figure, *corner, width, IMAGE_SIZE) for corner in corners]


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """New axes without ticks at a place in pixels from the left and the top of the figure."""
    page = figure.get_size_inches() / INCHES
    place = (left / page[0], 1 - (top + height) / page[1], width / page[0], height / page[1])
    return figure.add_axes(place, xticks=[], yticks=[])


def _draw(ax: Axes, picture: np.ndarray, label: str, colours: str = "gray", most: float = 255) -> AxesImage:
    """Draw a picture of values from 0 to `most` with a label above it."""
    ax.spines[:].set(color="0.6", linewidth=0.5)
    ax.set_title(label, fontsize=FONT_SIZE, loc="left", pad=2)
    return ax.imshow(picture, colours, vmin=0, vmax=most, interpolation="nearest", aspect="auto")
