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
    """Faces in the order of their file.

    images: (N, 48, 48) uint8, grey levels. labels: (N,) int64 indices into CLASS_NAMES, or None.
    usage: (N,) uint8 indices into USAGE_NAMES, or None. ids: (N,) int64 Kaggle ids, or None.
    source: what to call the data in a message, usually the file's path.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    usage: np.ndarray | None = None
    ids: np.ndarray | None = None
    source: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def require_labels(self) -> np.ndarray:
        """(N,) labels; InputError when the file has none."""
        if self.labels is None:
            raise InputError(f"{self.source}: has no label column; give a file with 'label' or 'emotion'")
        return self.labels

    def rows_with_usage(self, name: str) -> np.ndarray:
        """Sorted indices of the rows of one of USAGE_NAMES; InputError when there are none."""
        if self.usage is None:
            raise InputError(
                f"{self.source}: has no Usage column, so no {name} rows; give a file that has one"
            )
        rows = np.flatnonzero(self.usage == USAGE_NAMES.index(name))
        if not len(rows):
            raise InputError(f"{self.source}: has no row with Usage {name}; give another file")
        return rows

    def select(self, rows: np.ndarray | slice) -> "Dataset":
        """The same data set with only these rows (an index array, a boolean mask or a slice)."""
        return replace(
            self,
            images=self.images[rows],
            labels=None if self.labels is None else self.labels[rows],
            usage=None if self.usage is None else self.usage[rows],
            ids=None if self.ids is None else self.ids[rows],
        )
