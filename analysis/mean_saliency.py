"""Mean saliency maps per class, and how much of them falls on each facial part (report, question 4)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.facial_parts import REGION_NAMES, average_parts, region_areas, region_shares
from data.dataset import CLASS_NAMES


@dataclass(frozen=True)
class MeanSaliency:
    """One entry per class that has faces, then one of all faces.

    names: K class names and 'all'.
    counts: K numbers of faces.
    faces: (K, 48, 48) mean grey levels.
    maps: method -> (K, 48, 48), means of maps that each sum to 1.
    shares: method -> (K, 6), the mean share of REGION_NAMES, 0..1.
    areas: (6,), the share of the picture that each region covers.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    faces: np.ndarray
    maps: dict[str, np.ndarray]
    shares: dict[str, np.ndarray]
    areas: np.ndarray

    def __str__(self) -> str:
        groups = [f"{name} ({count})" for name, count in zip(self.names, self.counts, strict=True)]
        lines = []
        for method, shares in self.shares.items():
            lines.append(f"{method}: percent of the saliency, and how many times the region's area that is")
            cells = np.vectorize("{:.1%} (x{:.2f})".format)(shares, shares / self.areas)
            areas = [f"{area:.1%}" for area in self.areas]
            lines.append(pd.DataFrame([areas, *cells], ["area", *groups], REGION_NAMES).to_string())
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The numbers, ready for JSON."""
        return {
            "faces": dict(zip(self.names, self.counts, strict=True)),
            "area": _by_region(self.areas),
            "saliency": {
                method: {name: _by_region(row) for name, row in zip(self.names, rows, strict=True)}
                for method, rows in self.shares.items()
            },
        }


def mean_saliency(faces: np.ndarray, labels: np.ndarray, maps: dict[str, np.ndarray]) -> MeanSaliency:
    """Average (N, 48, 48) faces and maps >= 0 over each class of `labels`, (N,) int, and over all faces."""
    groups = {name: labels == index for index, name in enumerate(CLASS_NAMES) if (labels == index).any()}
    groups["all"] = np.ones(len(labels), bool)
    parts = average_parts()

    def means(values: np.ndarray) -> np.ndarray:
        return np.stack([values[group].mean(axis=0) for group in groups.values()])

    def each_sums_to_one(values: np.ndarray) -> np.ndarray:
        # So that each face counts alike, however steep its logit is.
        totals = values.sum(axis=(1, 2), keepdims=True)
        return values / np.where(totals > 0, totals, 1)

    return MeanSaliency(
        names=tuple(groups),
        counts=tuple(int(group.sum()) for group in groups.values()),
        faces=means(faces),
        maps={method: means(each_sums_to_one(values)) for method, values in maps.items()},
        shares={method: means(region_shares(values, parts)) for method, values in maps.items()},
        areas=region_areas(parts)[0],
    )


def _by_region(values: np.ndarray) -> dict[str, float]:
    return dict(zip(REGION_NAMES, values.tolist(), strict=True))
