"""Which faces a run learns from and which it is validated on."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data import CLASS_NAMES, NUM_CLASSES, USAGE_NAMES, InputError, splits
from data.faces import Faces, read_faces
from data.submission import read_teachers
from models.weights import CHECKPOINT, LAST, Weights, find_ensemble

# Networks, each with (N,) bool, which of N faces it was not trained on.
Teachers = Sequence[tuple[Weights, np.ndarray]]


@dataclass(frozen=True)
class TrainingData:
    """Faces to learn from, faces to validate on (None: no validation), and what goes into the weight file.

    hashes: of all faces that the weights will have been trained on, those of `training` and of --from. mean,
    std: what the network normalises with. predictions: (N, 7) probabilities that other networks give the
    faces of `training`, or None. teachers: networks that predict what this one sees in each step, and the
    faces of `training` that each may teach. left_out: the faces of the fold that the run predicts at its end,
    or None.
    """

    training: Faces
    validation: Faces | None
    hashes: splits.Hashes
    mean: float
    std: float
    predictions: np.ndarray | None = None
    teachers: Teachers = ()
    left_out: Faces | None = None

    def digest(self) -> str:
        """A digest of what the network learns from: faces, labels and teachers."""
        content = hashlib.blake2b(self.training.images.tobytes(), digest_size=8)
        content.update(self.targets(0.5).tobytes())
        for each, _ in self.teachers:
            content.update(each.path.read_bytes())
        return content.hexdigest()

    def targets(self, teacher_share: float) -> np.ndarray:
        """(N, 7) float32: the labels one-hot, mixed with the predictions where there are any."""
        one_hot = np.eye(NUM_CLASSES, dtype=np.float32)[self.training.require_labels()]
        if self.predictions is None:
            return one_hot
        return (1 - teacher_share) * one_hot + teacher_share * self.predictions.astype(np.float32)

    def from_weights(self, initial: Weights) -> "TrainingData":
        """The data of a network that was trained on other faces before.

        Its hashes are those of old and new faces, its mean and deviation the old ones, which the weights were
        fitted to. Prints a note where the weights were trained on faces for validation.
        """
        _note_trained_on(self.validation, [initial.hashes], f"{initial.name} was trained on")
        mean, std = initial.metadata["mean"], initial.metadata["std"]
        return replace(self, hashes=self.hashes.union(initial.hashes), mean=mean, std=std)


def load_training_data(arguments: Mapping[str, Any]) -> TrainingData:
    """Read labelled FER data and set its validation split and its fold aside.

    arguments: as in run.json. data; limit: the first training rows that are used, None for all; fold: 'K/N'
    to leave out fold K of N, or None; classes and faces: read_faces's `classes` and `how` (earlier runs have
    neither); teacher: files of probabilities of the training faces, or runs; seed;
    validation: 'none'; a fraction such as '0.2', stratified, duplicates never on both sides; 'PublicTest',
    the rows of that Usage; the path of other labelled data; or 'auto': PublicTest where there are such rows,
    else 0.1. Rows whose Usage is not Training are never learned from. Raises InputError.
    """
    path, validation = arguments["data"], arguments["validation"]
    how: dict[str, Any] = {"classes": arguments.get("classes", ()), "how": arguments.get("faces")}
    faces = read_faces(path, **how)
    has_public_test = faces.usage is not None and USAGE_NAMES.index("PublicTest") in faces.usage
    if validation == "auto":
        validation = "PublicTest" if has_public_test else "0.1"
    training = faces if faces.usage is None else faces.of_usage("Training")
    training = training.select(slice(arguments["limit"]))
    left_out: Faces | None = None
    if arguments["fold"]:
        exact, fold = splits.image_hashes(training.images), splits.parse_fold(arguments["fold"])
        is_left_out = splits.in_fold(exact, *fold)
        training, left_out = training.select(~is_left_out), training.select(is_left_out)
    labels, hashes = training.require_labels(), splits.Hashes.of(training.images)
    held_out: Faces | None = None
    if re.fullmatch(r"\d*\.?\d+", validation):
        groups = splits.group_duplicates(hashes)
        learn, hold = splits.split_validation(labels, groups, float(validation), arguments["seed"])
        training, held_out = training.select(learn), training.select(hold)
        hashes = splits.Hashes(hashes.exact[learn], hashes.perceptual[learn])
    elif validation == "PublicTest":
        held_out = faces.of_usage("PublicTest")
    elif validation != "none":
        if not Path(validation).exists():
            raise InputError(f"--validation {validation}: no such file; give data, a fraction or PublicTest")
        held_out = read_faces(validation, **how)
        held_out.require_labels()
        _note_trained_on(held_out, [hashes], "the network will be trained on")
    elif not has_public_test:
        print("note: with --validation none no face is left to measure on; --validation 0.1 keeps a tenth")
    missing = set(CLASS_NAMES) - set(np.take(CLASS_NAMES, training.require_labels()))
    if missing:
        print(f"note: {path}: no face to learn from is {' or '.join(sorted(missing))}", flush=True)
    mean, std = float(training.images.mean()), float(training.images.std())
    data = TrainingData(training, held_out, hashes, mean, std, left_out=left_out)
    if not (paths := arguments["teacher"]):
        return data
    if any(Path(each).is_dir() for each in paths):
        return replace(data, teachers=find_teachers(paths, data))
    return replace(data, predictions=read_teachers(paths, hashes.exact, path))


def find_teachers(paths: Sequence[str], data: TrainingData) -> Teachers:
    """The networks of finished runs, and which faces to learn from each may teach.

    Prints a note where they, but not the student, are trained on faces for validation. Raises InputError,
    also where all of them were trained on the same face.
    """
    # A run that has a checkpoint is not finished, and its best weights may change.
    if unfit := [each for each in paths if not Path(each, LAST).exists() or Path(each, CHECKPOINT).exists()]:
        raise InputError(f"--teacher {unfit[0]}: is no finished run; give runs of all folds, or fold.csv")
    found, faces = find_ensemble(paths), data.training
    learned = np.array([np.isin(data.hashes.exact, each.hashes.exact) for each in found])
    # Faces in other files than the networks were trained on, such as JPEGs, are known by their looks.
    rest = np.flatnonzero(~learned.any(axis=0))
    learned[:, rest] = [splits.trained_on(faces.images[rest], [each.hashes]) for each in found]
    if count := learned.all(axis=0).sum():
        problem = f"{count:,} of {len(faces):,} training faces were learned by each of these"
        raise InputError(f"--teacher {' '.join(paths)}: {problem}; add the runs of the other folds")
    if data.validation is not None:
        # Duplicates of what the student learns, in PublicTest, are known of every network.
        new = data.validation.select(~splits.trained_on(data.validation.images, [data.hashes]))
        _note_trained_on(new, [each.hashes for each in found], "the teachers were trained on")
    return list(zip(found, ~learned, strict=True))


def _note_trained_on(validation: Faces | None, known: Sequence[splits.Hashes], who: str) -> None:
    if validation and (count := splits.trained_on(validation.images, known).sum()):
        total = f"{len(validation):,} faces for validation"
        print(f"note: {who} {count:,} of the {total}, so val_accuracy is too high")
