"""Starting from given weights instead of random ones."""

import dataclasses
import hashlib
import shutil

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from models.seen import find_seen
from models.weights_file import WeightsFile, read_weights
from training.run_folder import RunFolder
from training.run_state import Start
from training.training_data import TrainingData


def start_of(weights: WeightsFile) -> Start:
    """What run.json says about the weights that a run starts from."""
    return Start(weights.name, hashlib.sha256(weights.path.read_bytes()).hexdigest())


def keep_start(run: RunFolder, weights: WeightsFile) -> None:
    """Copy the weights into the run folder, so that --resume needs no other file. Raises InputError."""
    with atomic_path(run.start) as temporary:
        shutil.copyfile(weights.path, temporary)


def read_start(run: RunFolder, start: Start) -> WeightsFile:
    """The copy that keep_start made. Raises InputError when it is missing or has changed."""
    if not run.start.is_file():
        raise InputError(f"{run.start}: is missing, so the run cannot continue; start a new run")
    weights = read_weights(run.start)
    if start_of(weights).sha256 != start.sha256:
        raise InputError(f"{run.start}: is not the file that the run started from; start a new run")
    return weights


def after_start(data: TrainingData, start: WeightsFile, refit_normalisation: bool) -> TrainingData:
    """The training data of a network that has learned from other faces before.

    Its hashes are those of the old and the new faces. Its mean and deviation are the old ones, which the
    weights were fitted to, unless `refit_normalisation`. Says so when it has seen faces to validate on.
    """
    if data.validation is not None:
        seen = find_seen(data.validation.images, [start])
        if seen.faces.any():
            print(
                f"note: {start.name} was trained on {seen.faces.sum():,} of the {len(data.validation):,} "
                f"faces for validation ({seen}), so val_accuracy is too high"
            )
    is_new = ~np.isin(data.hashes, start.training_hashes)
    hashes = np.concatenate([start.training_hashes, data.hashes[is_new]])
    perceptual_hashes = data.perceptual_hashes
    if start.perceptual_hashes is not None and perceptual_hashes is not None:
        perceptual_hashes = np.concatenate([start.perceptual_hashes, perceptual_hashes[is_new]])
    data = dataclasses.replace(data, hashes=hashes, perceptual_hashes=perceptual_hashes)
    if refit_normalisation:
        return data
    return dataclasses.replace(data, mean=start.description["mean"], std=start.description["std"])
