"""Labels that come in a file of their own, as Kaggle keeps those of a test set."""

from dataclasses import replace

import numpy as np

from data.csv_reader import read_labels
from data.dataset import Dataset
from data.errors import InputError


def with_labels(dataset: Dataset, path: str) -> tuple[Dataset, np.ndarray]:
    """The data set with the labels of an `id,label` file, and the sorted indices of the rows that got one.

    The file may cover a part of the ids; rows without a label count as 0 and belong to no result.
    Raises InputError when the data set has labels or no ids, or the file names an id that it does not have.
    """
    if dataset.labels is not None:
        raise InputError(f"{dataset.source}: has a label column of its own; leave --labels away")
    if dataset.ids is None:
        raise InputError(
            f"{dataset.source}: has no id column that {path} could refer to; give a file with 'id'"
        )
    ids, labels = read_labels(path)
    row_of_id = {int(value): row for row, value in enumerate(dataset.ids)}
    unknown = [int(value) for value in ids if int(value) not in row_of_id]
    if unknown:
        raise InputError(f"{path}: id {unknown[0]} is not in {dataset.source}; give the labels of that file")
    rows = np.array([row_of_id[int(value)] for value in ids])
    all_labels = np.zeros(len(dataset), np.int64)
    all_labels[rows] = labels
    return replace(dataset, labels=all_labels), np.sort(rows)
