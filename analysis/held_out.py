"""The labelled faces that networks are measured on: those that none of them was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.metrics import ALL, WITHOUT_DUPLICATES, subset_text, subsets_of
from data import USAGE_NAMES, InputError
from data.faces import Faces
from data.splits import trained_on
from models.weights import Weights


@dataclass(frozen=True)
class HeldOut:
    """Labelled faces to measure on.

    faces: Faces, with labels; all that are to be predicted.
    subsets: (N,) bools by ALL or WITHOUT_DUPLICATES, which of `faces` belong to each; the first subset is the
        one that is measured in detail.
    usage: str, one of USAGE_NAMES or 'all'.
    duplicates: int, how many faces of this usage the networks were trained on, as they are or as copies.
    """

    faces: Faces
    subsets: Mapping[str, np.ndarray]
    usage: str
    duplicates: int

    @property
    def subset(self) -> str:
        """The name of the subset that is measured in detail."""
        return next(iter(self.subsets))

    @cached_property
    def reference(self) -> Faces:
        """The faces of the subset that is measured in detail, with labels."""
        return self.faces.select(self.subsets[self.subset])

    def described(self) -> str:
        """How titles name these faces, such as '3,589 PublicTest faces without duplicates in training'."""
        kind = "faces" if self.usage == "all" else f"{self.usage} faces"
        kind += f" labelled by {self.faces.labelled_by}" * bool(self.faces.labelled_by)
        return subset_text(self.subset, len(self.reference), kind, self.duplicates)

    def __str__(self) -> str:
        others = f"; the weights were trained on {self.duplicates:,} others, or duplicates"
        return f"{self.described()}, of {self.faces.source}{others * (self.subset != ALL)}"


def held_out(
    faces: Faces, weights: Sequence[Weights], usage: str | None = None, allow_seen: bool = False
) -> HeldOut:
    """Leave out of labelled faces those that any of `weights` was trained on, or on a copy.

    In the data of a training run, the faces that are left are the run's own validation split.
    usage: one of USAGE_NAMES, or 'all'; None for PublicTest, else PrivateTest, else all rows.
    allow_seen: measure in detail on all faces.
    Raises InputError, also when no face is left.
    """
    source = faces.source
    if faces.labels is None:
        raise InputError(f"{source}: has no labels; give labelled data, or an id,label file with --labels")
    if usage is None:
        present = () if faces.usage is None else np.take(USAGE_NAMES, np.unique(faces.usage))
        usage = next((name for name in ("PublicTest", "PrivateTest") if name in present), "all")
    if usage != "all":
        faces = faces.of_usage(usage)
    known = trained_on(faces.images, [each.hashes for each in weights])
    if known.all() and not allow_seen:
        rows = "rows" if usage == "all" else f"{usage} rows"
        alone = [each.name for each in weights if trained_on(faces.images, [each.hashes]).all()]
        who = " and ".join(alone or [each.name for each in weights]) + " together" * (not alone)
        were = "was" if len(alone) == 1 else "were"
        known_to = f"{source}: {who} {were} trained on all {len(faces):,} {rows}"
        raise InputError(
            f"{known_to}; put icml_face_data.csv or fer2013.csv beside it, or give a run of your own, which "
            "holds faces out (runs/NAME); confusion.py and saliency.py measure on these by --allow-seen"
        )
    subsets = subsets_of(known)
    if not allow_seen:
        subsets = {WITHOUT_DUPLICATES: ~known} | subsets
        # Predicting faces that were mostly trained on would take most of the time and measure nothing.
        if known.mean() > 0.5:
            faces, subsets = faces.select(~known), {WITHOUT_DUPLICATES: np.ones((~known).sum(), bool)}
    return HeldOut(faces, subsets, usage, int(known.sum()))
