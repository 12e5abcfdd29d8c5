"""Which faces a run learns from and which it is validated on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.cache import read_cached
from data.copies import group_copies, perceptual_hashes
from data.dataset import NUM_CLASSES, USAGE_NAMES, Dataset
from data.errors import InputError
from data.files import without_links
from data.probabilities import read_teachers
from data.splits import image_hashes, in_fold, split_validation
from models.seen import seen_among


@dataclass(frozen=True)
class TrainingData:
    """Faces to learn from, faces to validate on (None: no validation), and what goes into the weight file.

    hashes: uint64 of all images that the weights will have seen, those of `training` and of --from. mean,
    std: what the network normalises with. teacher: (N, 7) probabilities that other networks give the faces of
    `training`, or None. left_out: the faces of the fold that the run predicts at its end, or None.
    perceptual_hashes: (M, 2) uint64, of the same images as `hashes`, or of those that have one.
    """

    training: Dataset
    validation: Dataset | None
    hashes: np.ndarray
    mean: float
    std: float
    teacher: np.ndarray | None = None
    left_out: Dataset | None = None
    perceptual_hashes: np.ndarray | None = None

    def digest(self) -> str:
        """A digest of what the network learns from, faces and teacher: the same when a run is resumed."""
        content = hashlib.blake2b(self.hashes.tobytes(), digest_size=8)
        if self.teacher is not None:
            content.update(self.teacher.tobytes())
        return content.hexdigest()

    def targets(self, teacher_share: float) -> np.ndarray:
        """(N, 7) float32: the labels one-hot, mixed with the teacher's probabilities where there are any."""
        one_hot = np.eye(NUM_CLASSES, dtype=np.float32)[self.training.require_labels()]
        if self.teacher is None:
            return one_hot
        return (1 - teacher_share) * one_hot + teacher_share * self.teacher.astype(np.float32)


def load_training_data(
    path: str,
    validation: str,
    seed: int,
    limit: int | None,
    *,
    fold: str | None = None,
    teachers: Sequence[str] = (),
) -> TrainingData:
    """Read a labelled FER CSV and set its validation split and its fold aside.

    validation: 'none'; a fraction such as '0.2', stratified, copies of a face never on both sides;
    'PublicTest', the rows of that Usage; or the path of another labelled CSV. limit: use the first `limit`
    training rows. fold: 'K/N', leave out fold K of N. teachers: files of probabilities of the training
    faces. Rows whose Usage is not Training are never learned from. Raises InputError.
    """
    if not (is_keyword(validation) or Path(validation).exists()):
        raise InputError(
            f"--validation {validation}: is not a file, a fraction, PublicTest or none; give one of these"
        )
    dataset = read_cached(path)
    training = dataset if dataset.usage is None else dataset.select(dataset.rows_with_usage("Training"))
    training = training.select(slice(0, limit))
    hashes = image_hashes(training.images)
    left_out: Dataset | None = None
    if fold is not None:
        is_left_out = in_fold(hashes, *parse_fold(fold))
        if is_left_out.all() or not is_left_out.any():
            raise InputError(f"--fold {fold}: leaves no face out, or all of {path}; choose a smaller N")
        left_out = training.select(is_left_out)
        training, hashes = training.select(~is_left_out), hashes[~is_left_out]
    labels = training.require_labels()
    perceptual = perceptual_hashes(training.images)
    held_out: Dataset | None = None
    if is_fraction(validation):
        groups = group_copies(perceptual, hashes)
        learn, hold = split_validation(labels, groups, float(validation), seed)
        training, held_out = training.select(learn), training.select(hold)
        hashes, perceptual = hashes[learn], perceptual[learn]
    elif validation == "PublicTest":
        held_out = dataset.select(dataset.rows_with_usage("PublicTest"))
    elif not is_keyword(validation):
        if without_links(validation) == without_links(path):
            raise InputError(
                f"--validation {validation}: is the file of --data, whose faces are trained on; give "
                "PublicTest, a fraction or another file"
            )
        held_out = read_cached(validation)
        held_out.require_labels()
        seen = seen_among(held_out.images, hashes, perceptual).faces
        if seen.any():
            print(
                f"note: {seen.sum():,} of the {len(held_out):,} faces of {validation} are trained on, so "
                "val_accuracy is too high"
            )
    mean, std = float(training.images.mean()), float(training.images.std())
    if std == 0:
        raise InputError(f"{path}: all training faces are the same plain grey; check the file")
    teacher = read_teachers(teachers, hashes, path) if teachers else None
    return TrainingData(training, held_out, hashes, mean, std, teacher, left_out, perceptual)


def parse_fold(text: str) -> tuple[int, int]:
    """K and N of 'K/N', the K-th of N folds, from 1. Raises InputError."""
    parts = text.split("/")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        number, count = map(int, parts)
        if 1 <= number <= count and count >= 2:
            return number, count
    raise InputError(f"--fold {text}: is not K/N, fold K of N, such as 1/5 to 5/5")


def default_validation(path: str) -> str:
    """PublicTest where the file has such rows, else a stratified tenth. Raises InputError."""
    usage = read_cached(path).usage
    has_public_test = usage is not None and (usage == USAGE_NAMES.index("PublicTest")).any()
    return "PublicTest" if has_public_test else "0.1"


def is_keyword(validation: str) -> bool:
    """Whether --validation is none, PublicTest or a fraction, even if there is a file of that name."""
    return validation in ("none", "PublicTest") or is_fraction(validation)


def is_fraction(text: str) -> bool:
    """Whether `text` is a number (a fraction of the training rows) and not a file or a split."""
    try:
        float(text)
    except ValueError:
        return False
    return True
