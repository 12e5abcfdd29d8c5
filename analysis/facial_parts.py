"""Where the facial parts are on an average FER2013 face, and how much saliency falls on each (question 4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data import CLASS_NAMES, IMAGE_SIZE

# (top, bottom, left, right) in pixels, bottom and right exclusive, in the left half of the image; read off
# the mean faces of the seven classes in Training, which are symmetric about the middle of the image.
_LEFT_BOXES = {
    "brows": ((11, 15, 9, 24),),
    "eyes": ((15, 20, 10, 21),),
    "nose": ((15, 20, 21, 24), (20, 33, 19, 24)),
    "mouth": ((34, 44, 14, 24),),
    "cheeks": ((20, 34, 6, 19),),
}
REGION_NAMES = (*_LEFT_BOXES, "outside")


def average_parts() -> np.ndarray:
    """(5, 48, 48) bool: where REGION_NAMES but the last are on an average FER2013 face; no two overlap.

    FER2013's faces are registered, but not exactly: a part of one face may be some pixels away.
    """
    parts = np.zeros((len(_LEFT_BOXES), IMAGE_SIZE, IMAGE_SIZE), bool)
    for part, boxes in zip(parts, _LEFT_BOXES.values(), strict=True):
        for top, bottom, left, right in boxes:
            part[top:bottom, left:right] = True
    return parts | parts[:, :, ::-1]


def region_shares(maps: np.ndarray) -> np.ndarray:
    """(N, 6): the share of each map that falls on REGION_NAMES, the rest of the picture last; rows sum to 1.

    maps: (N, 48, 48) float, >= 0. A map of zeros counts as flat, so its shares are those of the area.
    """
    totals = maps.sum(axis=(1, 2), keepdims=True)
    maps = np.where(totals > 0, maps, 1.0)
    on_parts = np.einsum("nij,pij->np", maps, average_parts()) / maps.sum(axis=(1, 2))[:, None]
    return np.column_stack([on_parts, 1 - on_parts.sum(axis=1)])


@dataclass(frozen=True)
class MeanSaliency:
    """K groups of faces: one per class that has faces, then 'all'.

    counts: group -> number of faces.
    faces: (K, 48, 48) mean grey levels.
    maps: method -> (K, 48, 48), means of maps that each sum to 1.
    areas: region -> the share of the picture that it covers.
    shares: method -> DataFrame of K groups by 6 regions, the mean share of the saliency.
    """

    counts: dict[str, int]
    faces: np.ndarray
    maps: dict[str, np.ndarray]
    areas: pd.Series
    shares: dict[str, pd.DataFrame]

    def __str__(self) -> str:
        heading = "share of the saliency divided by share of the area"
        ratios = {method: shares / self.areas for method, shares in self.shares.items()}
        return "\n".join(f"{method}: {heading}\n{ratio.round(2)}" for method, ratio in ratios.items())

    def record(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        shares = {method: table.to_dict(orient="index") for method, table in self.shares.items()}
        return {"faces": self.counts, "area": self.areas.to_dict(), "saliency": shares}


def mean_saliency(images: np.ndarray, names: np.ndarray, maps: dict[str, np.ndarray]) -> MeanSaliency:
    """Average (N, 48, 48) faces and maps >= 0 over each class in the (N,) class names, and over all faces."""
    groups = {name: names == name for name in CLASS_NAMES if name in names}
    groups["all"] = np.ones(len(names), bool)

    def means(values: np.ndarray) -> np.ndarray:
        return np.stack([values[group].mean(axis=0) for group in groups.values()])

    def each_sums_to_one(values: np.ndarray) -> np.ndarray:
        # So that each face counts alike, however steep its logit is.
        totals = values.sum(axis=(1, 2), keepdims=True)
        return values / np.where(totals > 0, totals, 1)

    return MeanSaliency(
        counts={name: int(group.sum()) for name, group in groups.items()},
        faces=means(images),
        maps={method: means(each_sums_to_one(values)) for method, values in maps.items()},
        areas=pd.Series(region_shares(np.ones((1, IMAGE_SIZE, IMAGE_SIZE)))[0], REGION_NAMES),
        shares={
            method: pd.DataFrame(means(region_shares(values)), list(groups), REGION_NAMES)
            for method, values in maps.items()
        },
    )
