"""Where the facial parts are on an average FER2013 face, and how much saliency falls on each (question 4)."""

import numpy as np

from data.dataset import IMAGE_SIZE
from drawing.action_units import PART_NAMES

REGION_NAMES = (*PART_NAMES, "outside")

# (top, bottom, left, right) in pixels, bottom and right exclusive, in the left half of the image; read off
# the mean faces of the seven classes in Training, which are symmetric about the middle of the image.
_LEFT_BOXES = {
    "brows": ((11, 15, 9, 24),),
    "eyes": ((15, 20, 10, 21),),
    "nose": ((15, 20, 21, 24), (20, 33, 19, 24)),
    "mouth": ((34, 44, 14, 24),),
    "cheeks": ((20, 34, 6, 19),),
}


def average_parts() -> np.ndarray:
    """(5, 48, 48) bool: where PART_NAMES are on an average FER2013 face; no two overlap.

    FER2013's faces are registered, but not exactly: a part of one face may be some pixels away.
    """
    parts = np.zeros((len(PART_NAMES), IMAGE_SIZE, IMAGE_SIZE), bool)
    for part, name in zip(parts, PART_NAMES, strict=True):
        for top, bottom, left, right in _LEFT_BOXES[name]:
            part[top:bottom, left:right] = True
    return parts | parts[:, :, ::-1]


def region_shares(maps: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """(N, 6): the share of each map that falls on REGION_NAMES, the rest of the picture last; rows sum to 1.

    maps: (N, 48, 48) float, >= 0. A map of zeros counts as flat, so its shares are those of the area.
    parts: bool, (5, 48, 48) for all maps or (N, 5, 48, 48).
    """
    totals = maps.sum(axis=(1, 2), keepdims=True)
    maps = np.where(totals > 0, maps, 1.0)
    on_parts = (maps[:, None] * parts).sum(axis=(2, 3)) / maps.sum(axis=(1, 2))[:, None]
    return np.column_stack([on_parts, 1 - on_parts.sum(axis=1)])


def region_areas(parts: np.ndarray) -> np.ndarray:
    """(N, 6): the share of the picture that REGION_NAMES cover, N = 1 for parts of shape (5, 48, 48)."""
    parts = parts.reshape(-1, *parts.shape[-3:])
    return region_shares(np.ones((len(parts), IMAGE_SIZE, IMAGE_SIZE)), parts)
