"""What exported weights measure, and the JSON that is written beside them."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.held_out import ALL, WITHOUT_TWINS, evaluate_populations, populations_of
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.replacing import MARK
from models.progress import Progress, silent
from models.seen import find_seen
from models.weights_file import WeightsFile, load_network

# The most that half precision may change a score.
TOLERANCE = 0.001
LICENCE = (
    "The weights are free to use like the code (MIT). They were fitted to FER2013 (Goodfellow et al. 2013), "
    "whose pictures are not part of this project and may not be redistributed."
)


def measure_weights(weights: WeightsFile, faces: Dataset, progress: Progress = silent) -> dict[str, Any]:
    """Accuracies of one weight file on labelled faces, of one view and of four, with and without twins.

    Raises InputError when the faces have no labels or the weights were trained on all of them.
    """
    from models.prediction import predict_probabilities

    labels, populations = faces.require_labels(), populations_of(find_seen(faces.images, [weights]).faces)
    if WITHOUT_TWINS not in populations:
        raise InputError(f"{faces.source}: the weights were trained on all of its PublicTest faces")
    network = load_network(weights)
    one, four = (
        evaluate_populations(
            labels, predict_probabilities([network], faces.images, tta, progress), populations
        )
        for tta in (False, True)
    )
    scores, unseen = one[ALL], one[WITHOUT_TWINS]
    return {
        "accuracy": scores.accuracy,
        "accuracy_tta": four[ALL].accuracy,
        "accuracy_without_twins": unseen.accuracy,
        "accuracy_tta_without_twins": four[WITHOUT_TWINS].accuracy,
        "macro_f1": scores.macro_f1,
        "accuracy_per_class": dict(zip(CLASS_NAMES, np.round(scores.recall, 4).tolist(), strict=True)),
        "faces": len(faces),
        "faces_without_twins": int(unseen.support.sum()),
    }


def refuse_changes(full: Mapping[str, Any], half: Mapping[str, Any], path: Path) -> None:
    """InputError when a score of `measure_weights` changed by more than TOLERANCE in half precision.

    path: the weights in full precision, for the message.
    """
    for name, value in half.items():
        if isinstance(value, float) and abs(value - full[name]) > TOLERANCE:
            raise InputError(
                f"{path}: half precision changes {name} by {value - full[name]:+.4f}; share the file of the "
                "run instead"
            )


def sidecar_content(
    run: Mapping[str, Any],
    description: Mapping[str, Any],
    measured: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
) -> dict[str, Any]:
    """The JSON beside exported weights: run.json without the paths of its machine, and what was added since.

    run: the content of run.json. description: of the weight file, with its digest. measured: by
    `measure_weights`. history: the rows of history.csv.
    """
    # A path says nothing to anybody else, and the digest says which faces they were.
    arguments = run["arguments"] | {
        name: Path(run["arguments"][name]).name for name in ("data", "validation")
    }
    added = {"arguments": arguments, "PublicTest": measured, "history": history}
    made = {"written_by": MARK, "date": datetime.date.today().isoformat(), "licence": LICENCE}
    return {**run, **description, **added, **made}
