"""The faces that a run was validated on."""

import numpy as np

from data.copies import group_copies, perceptual_hashes
from data.dataset import Dataset
from data.errors import InputError
from data.splits import image_hashes, in_fold, split_validation
from models.weights_file import WeightsFile
from training.run_folder import RunFolder
from training.training_data import is_fraction, parse_fold


def split_of_run(dataset: Dataset, weights: WeightsFile) -> Dataset:
    """The faces of `dataset` that the run of `weights` was validated on.

    dataset: the file that the run was trained with. Raises InputError when the weights are not in a run
    folder, the run had no split of its own, or the data set is another one.
    """
    run = RunFolder(str(weights.path.parent))
    if not run.state.is_file():
        raise InputError(
            f"{weights.path}: is not in a run folder, so its validation split is unknown; choose another "
            "--validation"
        )
    state = run.read_state()
    validation = state.arguments.validation
    if validation == "PublicTest":
        return dataset.select(dataset.rows_with_usage("PublicTest"))
    if not is_fraction(validation):
        raise InputError(
            f"{run.path}: was trained with --validation {validation}, so it has no split of its own; choose "
            "another --validation, or give that file with --data"
        )
    if dataset.usage is not None:
        dataset = dataset.select(dataset.rows_with_usage("Training"))
    dataset = dataset.select(slice(state.arguments.limit))
    if state.arguments.fold is not None:
        fold = parse_fold(state.arguments.fold)
        dataset = dataset.select(~in_fold(image_hashes(dataset.images), *fold))
    hashes = image_hashes(dataset.images)
    groups = hashes
    if weights.perceptual_hashes is not None:  # older runs went by the exact hashes
        groups = group_copies(perceptual_hashes(dataset.images), hashes)
    learned, kept = split_validation(
        dataset.require_labels(), groups, float(validation), state.arguments.seed
    )
    # Weights that the run started from may have seen faces of the split, but the run has seen all others.
    split = dataset.select(kept)
    if len(split) != state.validation_faces or not np.isin(hashes[learned], weights.training_hashes).all():
        raise InputError(
            f"{dataset.source}: its faces are not those that {run.path} was trained on; give that file or "
            "choose another --validation"
        )
    return split
