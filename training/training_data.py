"""Which faces a run learns from and which it is validated on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.cache import read_cached
from data.dataset import NUM_CLASSES, USAGE_NAMES, Dataset
from data.errors import InputError
from data.splits import image_hashes, split_validation


@dataclass(frozen=True)
class TrainingData:
    """Faces to learn from, faces to validate on (None: no validation), and the hash of each of the former.

    hashes: (N,) uint64 of `training`'s images. mean, std: of all grey levels of `training`. teacher: (N, 7)
    probabilities that other networks give the faces of `training`, or None.
    """

    training: Dataset
    validation: Dataset | None
    hashes: np.ndarray
    mean: float
    std: float
    teacher: np.ndarray | None = None

    def targets(self, teacher_share: float) -> np.ndarray:
        """(N, 7) float32: the labels one-hot, mixed with the teacher's probabilities where there are any."""
        one_hot = np.eye(NUM_CLASSES, dtype=np.float32)[self.training.require_labels()]
        if self.teacher is None:
            return one_hot
        return (1 - teacher_share) * one_hot + teacher_share * self.teacher.astype(np.float32)


def load_training_data(path: str, validation: str, seed: int, limit: int | None) -> TrainingData:
    """Read a labelled FER CSV and set its validation part aside.

    validation: 'none'; a fraction such as '0.2', stratified, identical images never on both sides;
    'PublicTest', the rows of that Usage; or the path of another labelled CSV. limit: use the first `limit`
    training rows. Rows whose Usage is not Training are never learned from. Raises InputError.
    """
    if not (is_keyword(validation) or Path(validation).exists()):
        raise InputError(
            f"--validation {validation}: is no file, no fraction, not PublicTest, not none; give one of these"
        )
    dataset = read_cached(path)
    training = dataset if dataset.usage is None else dataset.select(dataset.rows_with_usage("Training"))
    training = training.select(slice(0, limit))
    labels = training.require_labels()
    hashes = image_hashes(training.images)
    held_out: Dataset | None = None
    if is_fraction(validation):
        learn, hold = split_validation(labels, hashes, float(validation), seed)
        training, held_out, hashes = training.select(learn), training.select(hold), hashes[learn]
    elif validation == "PublicTest":
        held_out = dataset.select(dataset.rows_with_usage("PublicTest"))
    elif not is_keyword(validation):
        held_out = read_cached(validation)
        held_out.require_labels()
    mean, std = float(training.images.mean()), float(training.images.std())
    if std == 0:
        raise InputError(f"{path}: all training faces are one and the same grey; check the file")
    return TrainingData(training, held_out, hashes, mean, std)


def default_validation(path: str) -> str:
    """PublicTest where the file has such rows, else a stratified tenth. Raises InputError."""
    usage = read_cached(path).usage
    has_public_test = usage is not None and (usage == USAGE_NAMES.index("PublicTest")).any()
    return "PublicTest" if has_public_test else "0.1"


def is_keyword(validation: str) -> bool:
    """Whether --validation is none, PublicTest or a fraction, even if a file has that name."""
    return validation in ("none", "PublicTest") or is_fraction(validation)


def is_fraction(text: str) -> bool:
    """Whether `text` is a number (a fraction of the training rows) and not a file or a split."""
    try:
        float(text)
    except ValueError:
        return False
    return True
