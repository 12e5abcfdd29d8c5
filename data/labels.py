"""Labels in a separate file, as for Kaggle's test sets."""

from dataclasses import replace

import numpy as np

from data.csv_reader import read_labels
from data.dataset import Dataset
from data.errors import InputError


def with_labels(dataset: Dataset, path: str) -> Dataset:
    """The faces whose ids are in an `id,label` file, in the order of the data set and with these labels.

    Raises InputError when the data set has labels or no ids, or the file names an id that the data set does
    not have.
    """
    if dataset.labels is not None:
        raise InputError(f"{dataset.source}: has labels of its own; omit --labels")
    if dataset.ids is None:
        raise InputError(f"{dataset.source}: has no id column to match {path} with; give a file that has one")
    ids, labels = read_labels(path, type(dataset.ids.tolist()[0]))
    index_of_id = {value: index for index, value in enumerate(dataset.ids.tolist())}
    unknown = [value for value in ids.tolist() if value not in index_of_id]
    if unknown:
        raise InputError(f"{path}: id {unknown[0]} is not in {dataset.source}; give the labels of that file")
    indices = np.array([index_of_id[value] for value in ids.tolist()])
    order = np.argsort(indices)
    return replace(dataset.select(indices[order]), labels=labels[order])
