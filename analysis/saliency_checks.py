"""All checks of saliency maps on the same faces: curves, numbers and a printed summary."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.attribution import attribution, integrated_gradients
from analysis.attribution_checks import (
    area,
    cascading_randomisation,
    centre_importance,
    completeness,
    perturbation_curves,
    random_importance,
)

RANDOM_ORDERS = 3
# A likeness needs fewer steps of integrated gradients than completeness.
RANDOMISATION_STEPS = 32
# The orders of pixels that maps are measured against.
RANDOM, CENTRE = "random", "centre first"


@dataclass(frozen=True)
class SaliencyChecks:
    """The results for N faces.

    deletion, insertion: method, RANDOM or CENTRE -> (N, 25) probabilities of the explained class.
    randomisation: method -> layer -> (N,) rank correlations, from the logits down. completeness: (2, N), the
    sums of the integrated gradients and the differences of logits that they should equal; None without that
    method.
    """

    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    randomisation: dict[str, dict[str, np.ndarray]]
    completeness: np.ndarray | None

    @property
    def completeness_error(self) -> float:
        """Mean |sum - difference| of the integrated gradients, relative to the mean |difference|."""
        assert self.completeness is not None
        sums, differences = self.completeness
        return float(np.abs(sums - differences).mean() / np.abs(differences).mean())

    def __str__(self) -> str:
        lines = [_line("area under the curve", "deletion", "insertion") + "  good: low, high"]
        for name, deletion in self.deletion.items():
            areas = (area(deletion), area(self.insertion[name]))
            lines.append(_line(name, *(f"{values.mean():.3f}" for values in areas)))
        lines.append(
            "rank correlation with the true map once a layer, and all after it, are shuffled; good: near 0"
        )
        for method, correlations in self.randomisation.items():
            path = ", ".join(f"{layer} {values.mean():.2f}" for layer, values in correlations.items())
            lines.append(f"  {method}: {path}")
        if self.completeness is not None:
            lines.append(f"completeness error of integrated gradients: {self.completeness_error:.1e}")
        return "\n".join(lines)

    def record(self) -> dict[str, object]:
        """The numbers, ready for JSON: one per face, curves as means."""
        record: dict[str, object] = {
            name: {
                order: {"area": area(curves).tolist(), "mean_curve": curves.mean(axis=0).tolist()}
                for order, curves in by_order.items()
            }
            for name, by_order in (("deletion", self.deletion), ("insertion", self.insertion))
        }
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
    model: Any, faces: np.ndarray, classes: np.ndarray, maps: dict[str, np.ndarray], seed: int
) -> SaliencyChecks:
    """Run every check on (N, 48, 48) faces and the logits of (N,) classes.

    maps: method -> (N, 48, 48), what `attribution` gave for these faces and classes.
    """

    def curves(importance: np.ndarray) -> np.ndarray:
        return np.stack(perturbation_curves(model, faces, classes, importance, seed))

    count = len(faces)
    quick = {method: attribution(model, method, seed, RANDOMISATION_STEPS) for method in maps}
    by_order = {name: curves(importance) for name, importance in maps.items()}
    by_order[CENTRE] = curves(centre_importance(count))
    by_order[RANDOM] = np.mean(
        [curves(random_importance(count, seed + i)) for i in range(RANDOM_ORDERS)], axis=0
    )
    return SaliencyChecks(
        deletion={name: deletion for name, (deletion, _) in by_order.items()},
        insertion={name: insertion for name, (_, insertion) in by_order.items()},
        randomisation=cascading_randomisation(model, quick, faces, classes, seed),
        completeness=np.stack(completeness(model, integrated_gradients(model), faces, classes))
        if "integrated" in maps
        else None,
    )


def _line(head: str, *cells: str) -> str:
    return f"{head:<22}" + "".join(f"{cell:>11}" for cell in cells)
