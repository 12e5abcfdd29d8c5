"""Choosing the labelled faces that a network has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.cache import read_cached
from data.dataset import Dataset
from data.errors import InputError
from data.labels import with_labels
from models.weights_file import WeightsFile, seen_in_training
from training.run_folder import RunFolder
from training.training_data import is_fraction

# What --validation takes: the run's own split, every labelled row, or the rows of one Usage.
PARTS = ("run", "all", "PublicTest", "PrivateTest")


@dataclass(frozen=True)
class HeldOut:
    """Labelled faces to measure on.

    faces: Dataset, with labels.
    part: str, one of PARTS.
    seen: int, the number of faces of the part that the weights were trained on.
    left_out: bool, whether `faces` is without those.
    """

    faces: Dataset
    part: str
    seen: int
    left_out: bool

    def __str__(self) -> str:
        part = {"run": "validation rows of the run", "all": "labelled rows"}.get(
            self.part, f"{self.part} rows"
        )
        text = f"{len(self.faces):,} {part} of {self.faces.source}"
        if self.seen and self.left_out:
            text += f"; left out {self.seen:,} more whose images the weights were trained on"
        elif self.seen:
            text += f"; the weights were trained on the images of {self.seen:,} of them"
        return text

    def described(self) -> str:
        """What a figure's title says of the faces."""
        part = {"run": "validation ", "all": ""}.get(self.part, f"{self.part} ")
        seen = f" ({self.seen:,} trained on)" if self.seen and not self.left_out else ""
        return f"{len(self.faces):,} {part}faces{seen}"


def held_out(
    data: Path,
    weights: Sequence[WeightsFile],
    *,
    part: str | None = None,
    labels: str | None = None,
    allow_seen: bool = False,
) -> HeldOut:
    """Read labelled faces and leave out each whose image any of `weights` was trained on.

    data: a CSV of faces. part: one of PARTS, where 'run' is the validation split of the run that the first
    weights lie in; None for PublicTest, or all rows where there is no Usage column. labels: an `id,label`
    file for data without labels; only its rows count. allow_seen: leave nothing out.
    Raises InputError, also when no face is left.
    """
    dataset = read_cached(data)
    if labels is not None:
        dataset = with_labels(dataset, labels)
    if dataset.labels is None:
        raise InputError(f"{dataset.source}: has no label column; give a file with one, or --labels")
    part = part or ("all" if dataset.usage is None else "PublicTest")
    faces = dataset
    if part == "run":
        faces = _validation_split(dataset, weights[0])
    elif part != "all":
        faces = dataset.select(dataset.rows_with_usage(part))
    is_seen = seen_in_training(faces.images, weights)
    if is_seen.all() and not allow_seen:
        raise InputError(
            f"{dataset.source}: the weights were trained on the images of all {len(faces):,} rows ({part}); "
            "give other faces, or measure on these with --allow-seen"
        )
    kept = faces if allow_seen else faces.select(~is_seen)
    return HeldOut(kept, part, seen=int(is_seen.sum()), left_out=not allow_seen)


def _validation_split(dataset: Dataset, weights: WeightsFile) -> Dataset:
    """The faces that the run of `weights` was validated on."""
    run = RunFolder(str(weights.path.parent))
    if not run.record.is_file():
        raise InputError(
            f"{weights.path}: lies in no run folder that tells its validation split; choose another "
            "--validation"
        )
    record = run.read_record()
    validation, limit = (record["arguments"].get(name) for name in ("validation", "limit"))
    if validation == "PublicTest":
        return dataset.select(dataset.rows_with_usage("PublicTest"))
    if validation is None or not is_fraction(validation):
        raise InputError(
            f"{run.path}: was trained with --validation {validation}, so it has no split of its own; choose "
            "another --validation, or give that file with --data"
        )
    if dataset.usage is not None:
        dataset = dataset.select(dataset.rows_with_usage("Training"))
    dataset = dataset.select(slice(limit))
    # Identical images are never on both sides of a split, so what the run did not learn from is its split.
    split = dataset.select(~seen_in_training(dataset.images, [weights]))
    if len(split) != record.get("validation_faces"):
        raise InputError(
            f"{dataset.source}: holds other faces than {run.path} was trained with; give that file or choose "
            "another --validation"
        )
    return split
