"""What a FER2013 data set is: the one place that owns class names, image shape and split names."""

from dataclasses import dataclass, replace

import numpy as np

from data.errors import InputError

CLASS_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
NUM_CLASSES = len(CLASS_NAMES)
IMAGE_SIZE = 48
NUM_PIXELS = IMAGE_SIZE * IMAGE_SIZE
USAGE_NAMES = ("Training", "PublicTest", "PrivateTest")


@dataclass(frozen=True)
class Dataset:
    """Faces of one file or folder.

    images: (N, 48, 48) uint8, grey levels.
    labels: (N,) int64 indices into CLASS_NAMES, or None.
    usage: (N,) uint8 indices into USAGE_NAMES, or None.
    ids: (N,) what a submission calls each face, all different: int64 Kaggle ids, or str names of pictures; or
        None.
    source: str, the name of the data in messages, usually the path of the file or folder.
    rows: (N,) int64, the position of each face in the source, 0 for the first; by default 0 to N - 1.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    usage: np.ndarray | None = None
    ids: np.ndarray | None = None
    source: str = ""
    rows: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.rows is None:
            object.__setattr__(self, "rows", np.arange(len(self.images)))

    def __len__(self) -> int:
        return len(self.images)

    def require_labels(self) -> np.ndarray:
        """(N,) labels; InputError when there are none."""
        if self.labels is None:
            raise InputError(
                f"{self.source}: has no labels; give a CSV with a column label or emotion, or class folders"
            )
        return self.labels

    def rows_with_usage(self, name: str) -> np.ndarray:
        """Sorted indices, for select(), of the faces of one of USAGE_NAMES; InputError if there are none."""
        if self.usage is None:
            raise InputError(
                f"{self.source}: has no Usage, so no {name} rows; give a CSV with that column, or folders "
                "train and test"
            )
        rows = np.flatnonzero(self.usage == USAGE_NAMES.index(name))
        if not len(rows):
            raise InputError(f"{self.source}: has no row with Usage {name}; give other data")
        return rows

    def select(self, indices: np.ndarray | slice) -> "Dataset":
        """Only the faces of an index array, a boolean mask or a slice; they keep their row numbers."""
        return replace(
            self,
            images=self.images[indices],
            labels=None if self.labels is None else self.labels[indices],
            usage=None if self.usage is None else self.usage[indices],
            ids=None if self.ids is None else self.ids[indices],
            rows=self.rows[indices],
        )
