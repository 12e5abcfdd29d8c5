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
    """Faces of one file.

    images: (N, 48, 48) uint8, grey levels.
    labels: (N,) int64 indices into CLASS_NAMES, or None.
    usage: (N,) uint8 indices into USAGE_NAMES, or None.
    ids: (N,) int64 Kaggle ids, or None.
    source: str, what to call the data in a message, usually the file's path.
    rows: (N,) int64, the position of each face in the file, 0 for the first; by default 0 to N - 1.
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
        """(N,) labels; InputError when the file has none."""
        if self.labels is None:
            raise InputError(f"{self.source}: has no label column; give a file with 'label' or 'emotion'")
        return self.labels

    def rows_with_usage(self, name: str) -> np.ndarray:
        """Sorted indices, for select(), of the faces of one of USAGE_NAMES; InputError if there are none."""
        if self.usage is None:
            raise InputError(
                f"{self.source}: has no Usage column, so no {name} rows; give a file that has one"
            )
        rows = np.flatnonzero(self.usage == USAGE_NAMES.index(name))
        if not len(rows):
            raise InputError(f"{self.source}: has no row with Usage {name}; give another file")
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
