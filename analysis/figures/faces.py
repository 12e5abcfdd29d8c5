"""Sheets of faces."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure


def draw_face_sheet(
    rows: Sequence[np.ndarray], row_titles: Sequence[str], column_titles: Sequence[str], title: str
) -> Figure:
    """Draw one row of faces per entry of `rows`.

    rows: each (N, 48, 48) grey levels 0..255, all with the same N.
    row_titles: one text per row.
    column_titles: N texts.
    title: str, of the figure.
    """
    columns = len(column_titles)
    figure = Figure(figsize=(1.4 + 1.3 * columns, 0.9 + 1.3 * len(rows)), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for faces, row_title, row in zip(rows, row_titles, axes, strict=True):
        for face, ax in zip(faces, row, strict=True):
            ax.imshow(face, cmap="gray", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
        row[0].set_ylabel(row_title, rotation=0, ha="right", va="center")
    for ax, column_title in zip(axes[0], column_titles, strict=True):
        ax.set_title(column_title, fontsize=10)
    return figure
