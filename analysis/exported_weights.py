"""Writing weights to share: in half precision, measured, with a JSON beside them."""

import dataclasses
import datetime
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.held_out import ALL, WITHOUT_TWINS, evaluate_populations, populations_of
from data.atomic import atomic_path, write_files
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.shared_json import shared_json
from models.progress import Progress, silent
from models.run_files import STATE
from models.seen import find_seen
from models.weights_file import ENDING, WeightsFile, load_network, sidecar_path, write_half_precision

# The most that half precision may change a score.
TOLERANCE = 0.001
LICENCE = (
    "The weights are free to use like the code (MIT). They were fitted to FER2013 (Goodfellow et al. 2013), "
    "whose pictures are not part of this project and may not be redistributed."
)


def require_exportable(out: Path) -> None:
    """InputError when exported weights may not be called `out`."""
    if not out.name.endswith(ENDING):
        raise InputError(f"{out}: the name must end in {ENDING}")
    if (out.parent / STATE).is_file():
        raise InputError(f"{out}: {out.parent} is the folder of a run; export to another")


def export_weights(
    weights: WeightsFile,
    out: Path,
    faces: Dataset,
    run: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write weights with kernels in float16 and their sidecar: what measure_weights() says of the new file.

    faces: labelled, to measure on. run: the content of run.json. history: the rows of history.csv. Raises
    InputError and writes nothing when half precision changes a score by more than TOLERANCE.
    """
    full = measure_weights(weights, faces, progress)
    description = {name: weights.description[name] for name in ("network", "mean", "std", "seed", "epoch")}
    with atomic_path(out) as temporary:
        write_half_precision(weights, temporary, description)
        halved = dataclasses.replace(weights, path=temporary, description=description)
        half = measure_weights(halved, faces, progress)
        _refuse_changes(full, half, weights.path)
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
        sidecar = _sidecar_content(run, description | {"sha256": digest}, half, history)
    write_files({sidecar_path(out): shared_json(sidecar)})
    return half


def measure_weights(weights: WeightsFile, faces: Dataset, progress: Progress = silent) -> dict[str, Any]:
    """Accuracies of one weight file on labelled faces, without and with mirror images and twins.

    Raises InputError when the faces have no labels or the weights were trained on all of them.
    """
    from models.prediction import predict_probabilities

    labels, populations = faces.require_labels(), populations_of(find_seen(faces.images, [weights]).faces)
    if WITHOUT_TWINS not in populations:
        raise InputError(f"{faces.source}: the weights were trained on all of its PublicTest faces")
    network = load_network(weights)
    plain, mirrored_too = (
        evaluate_populations(
            labels, predict_probabilities([network], faces.images, tta, progress), populations
        )
        for tta in (False, True)
    )
    scores, unseen = plain[ALL], plain[WITHOUT_TWINS]
    return {
        "accuracy": scores.accuracy,
        "accuracy_tta": mirrored_too[ALL].accuracy,
        "accuracy_without_twins": unseen.accuracy,
        "accuracy_tta_without_twins": mirrored_too[WITHOUT_TWINS].accuracy,
        "macro_f1": scores.macro_f1,
        "accuracy_per_class": dict(zip(CLASS_NAMES, np.round(scores.recall, 4).tolist(), strict=True)),
        "faces": len(faces),
        "faces_without_twins": int(unseen.support.sum()),
    }


def _refuse_changes(full: Mapping[str, Any], half: Mapping[str, Any], path: Path) -> None:
    """InputError when a score of `measure_weights` changed by more than TOLERANCE in half precision.

    path: the weights in full precision, for the message.
    """
    for name, value in half.items():
        if isinstance(value, float) and abs(value - full[name]) > TOLERANCE:
            raise InputError(
                f"{path}: half precision changes {name} by {value - full[name]:+.4f}; share the file of the "
                "run instead"
            )


def _sidecar_content(
    run: Mapping[str, Any],
    description: Mapping[str, Any],
    measured: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
) -> dict[str, Any]:
    """What the JSON beside exported weights holds: run.json, and what was added since.

    run: the content of run.json. description: of the weight file, with its digest. measured: by
    `measure_weights`. history: the rows of history.csv.
    """
    added = {"PublicTest": measured, "history": history}
    made = {"date": datetime.date.today().isoformat(), "licence": LICENCE}
    return {**run, **description, **added, **made}
