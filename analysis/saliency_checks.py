"""Whether saliency maps can be trusted: three tests of the maps against the network itself.

check_saliency runs them all on the same faces; figures/saliency_checks.py draws the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.attribution import (
    METHODS,
    Attribution,
    attribution,
    grey_baseline,
    integrated_gradients,
    saliency_maps,
)
from analysis.perturbation import (
    CENTRE,
    RANDOM,
    area,
    area_text,
    centre_importance,
    perturbation_curves,
    random_importance,
)
from analysis.randomisation import cascading_randomisation, count_text, mean_known
from models.progress import Progress, silent

# Views of a face in SmoothGrad and integrated gradients, fewer than in a displayed map, to save time.
VIEWS = 32
# Comparing maps needs fewer samples of SmoothGrad and steps of integrated gradients than displaying one.
RANDOMISATION_VIEWS = 16
# Shuffling every layer takes as many maps per face as there are layers.
RANDOMISED_FACES = 14
COMPLETENESS_FACES = 7
# Of two logits, to divide by.
SMALLEST_DIFFERENCE = 1e-9


@dataclass(frozen=True)
class SaliencyChecks:
    """The results of all checks for N faces.

    deletion, insertion: method, RANDOM or CENTRE -> (N, 13) probabilities of the explained class.
    empty: method -> the number of faces whose map is zero everywhere.
    randomisation: method -> layer -> rank correlations of the first 14 faces, from the logits down; NaN
        where the true map, or that of the shuffled network, is empty.
    completeness: (2, up to 7), of the first faces the sums of the integrated gradients, and the differences
        of logits that they should equal; None without that method.
    """

    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    empty: dict[str, int]
    randomisation: dict[str, dict[str, np.ndarray]]
    completeness: np.ndarray | None

    @property
    def count(self) -> int:
        """The number of faces."""
        return len(self.deletion[RANDOM])

    @property
    def completeness_error(self) -> float:
        """Mean |sum - difference| of the integrated gradients, relative to the mean |difference|."""
        assert self.completeness is not None
        sums, differences = self.completeness
        # A face of one grey level differs in nothing from the baseline.
        return float(np.abs(sums - differences).mean() / max(np.abs(differences).mean(), SMALLEST_DIFFERENCE))

    def __str__(self) -> str:
        areas = pd.DataFrame(
            {
                "deletion (good: low)": {name: area_text(each) for name, each in self.deletion.items()},
                "insertion (good: high)": {name: area_text(each) for name, each in self.insertion.items()},
            }
        ).rename_axis(columns="area under the curve")
        lines = [f"{self.count} faces: mean and standard deviation over faces", areas.to_string()]
        empty = [f"{METHODS[method]} {count}" for method, count in self.empty.items()]
        lines.append(f"empty maps, of {self.count}: {', '.join(empty)}")
        lines.append(
            "mean rank correlation with the true map, empty maps left out, once a layer and all after it are "
            "shuffled (good: near 0)"
        )
        for method, correlations in self.randomisation.items():
            means = {layer: mean_known(values) for layer, values in correlations.items()}
            path = (f"{layer} {'-' if np.isnan(mean) else f'{mean:.2f}'}" for layer, mean in means.items())
            lines.append(f"  {METHODS[method]}{count_text(correlations)}: {', '.join(path)}")
        if self.completeness is not None:
            lines.append(f"completeness error of integrated gradients: {self.completeness_error:.1e}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The numbers, ready for JSON: one per face, curves as means."""
        record: dict[str, object] = {
            name: {
                order: {"area": area(curves).tolist(), "mean_curve": curves.mean(axis=0).tolist()}
                for order, curves in by_order.items()
            }
            for name, by_order in (("deletion", self.deletion), ("insertion", self.insertion))
        }
        record["faces"], record["empty_maps"] = self.count, self.empty
        record["rank_correlation"] = {
            method: {layer: values.tolist() for layer, values in correlations.items()}
            for method, correlations in self.randomisation.items()
        }
        if self.completeness is not None:
            sums, differences = self.completeness.tolist()
            record["completeness"] = {
                "sums": sums,
                "differences_of_logits": differences,
                "error": self.completeness_error,
            }
        return record


def check_saliency(
    model: Any,
    faces: np.ndarray,
    classes: np.ndarray,
    methods: Sequence[str],
    seed: int,
    progress: Progress = silent,
) -> SaliencyChecks:
    """Run every check on the maps that `methods` give of (N, 48, 48) faces and the logits of (N,) classes."""

    def curves(importance: np.ndarray) -> np.ndarray:
        return np.stack(perturbation_curves(model, faces, classes, importance, seed))

    maps = saliency_maps(model, methods, faces, classes, seed, VIEWS, progress)
    quick = {method: attribution(model, method, seed, RANDOMISATION_VIEWS) for method in maps}
    orders = maps | {
        CENTRE: centre_importance(len(faces)),
        RANDOM: random_importance(len(faces), seed),
    }
    by_order = {}
    task = "deleting and inserting pixels in all orders"
    for done, (name, importance) in enumerate(orders.items()):
        progress(task, done, len(orders))
        by_order[name] = curves(importance)
    progress(task, len(orders), len(orders))
    few, their_classes = faces[:RANDOMISED_FACES], classes[:RANDOMISED_FACES]
    first, of_first = faces[:COMPLETENESS_FACES], classes[:COMPLETENESS_FACES]
    return SaliencyChecks(
        deletion={name: deletion for name, (deletion, _) in by_order.items()},
        insertion={name: insertion for name, (_, insertion) in by_order.items()},
        empty={method: int((~each.any(axis=(1, 2))).sum()) for method, each in maps.items()},
        randomisation=cascading_randomisation(model, quick, few, their_classes, seed, progress),
        completeness=np.stack(completeness(model, integrated_gradients(model), first, of_first))
        if "integrated" in maps
        else None,
    )


def completeness(
    model: Any, integrated_gradients: Attribution, faces: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) sums of the integrated gradients, and (N,) what they should be: logit(face) - logit(baseline)."""

    from models.prediction import predict_logits

    def logit(views: np.ndarray) -> np.ndarray:
        logits = predict_logits(model, views.astype(np.float32))
        return logits[np.arange(len(views)), classes]

    sums = integrated_gradients(faces, classes).sum(axis=(1, 2), dtype=np.float64)
    return sums, logit(faces) - logit(grey_baseline(faces))
