"""Wrong labels by confident learning (Northcutt et al. 2021, arXiv:1911.00068).

All of it is based on probabilities by networks that were not trained on the face. A face's label is the more
suspicious, the more another class's logit exceeds that of the label, which is the logarithm of the ratio of
their probabilities. How many labels are wrong is estimated from the faces that a network is confident about:
those with a class whose probability is at least its mean over the faces that are labelled so.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from analysis.metrics import DEVIATIONS, wilson_interval
from data import CLASS_NAMES, NUM_CLASSES, USAGE_NAMES
from data.faces import Faces
from data.splits import Hashes, group_duplicates

# Grey levels: faces of a smaller standard deviation show nothing.
FLAT = 2.0
# Probabilities below this count as this.
LEAST = 1e-6
# The share of the annotators that makes a majority clear.
CLEAR = 0.6
FIRST = (50, 100, 500, 1_000, 2_000)


@dataclass(frozen=True)
class Estimate:
    """How many labels are wrong.

    share, low, high: of all labels, and its 95 % interval. pairs: a row for each pair of a label and another
    class, the most frequent first: label, should_be, faces, and share, low, high of the faces of that label.
    """

    share: float
    low: float
    high: float
    pairs: pd.DataFrame


def rank_suspects(faces: Faces, probabilities: np.ndarray) -> pd.DataFrame:
    """A row for each of N faces, the most suspicious first.

    faces: with labels. probabilities: (N, 7). Columns: row, usage, label, suggested_label,
    probability_of_label, probability_of_suggestion (the most probable of the other classes), notes.
    """
    labels, rows = faces.require_labels(), np.arange(len(faces))
    others = probabilities.copy()
    others[rows, labels] = -1
    suggested = others.argmax(axis=1)
    usage = np.full(len(faces), "") if faces.usage is None else np.take(USAGE_NAMES, faces.usage)
    table = pd.DataFrame({"row": faces.rows, "usage": usage, "label": np.take(CLASS_NAMES, labels)})
    table["suggested_label"] = np.take(CLASS_NAMES, suggested)
    table["probability_of_label"] = probabilities[rows, labels]
    table["probability_of_suggestion"] = probabilities[rows, suggested]
    table["notes"] = notes_on(faces)
    return table.loc[suspicion(table).sort_values(ascending=False, kind="stable").index]


def suspicion(table: pd.DataFrame) -> pd.Series:
    """How suspicious the labels in a table as above are: by how much another class's logit exceeds theirs."""
    label, suggestion = table["probability_of_label"], table["probability_of_suggestion"]
    return np.log(suggestion.clip(lower=LEAST) / label.clip(lower=LEAST))


def notes_on(faces: Faces) -> list[str]:
    """What else is suspicious about each face: a flat picture, or duplicates with other labels."""
    names = pd.Series(np.take(CLASS_NAMES, faces.require_labels()))
    group_of_face = group_duplicates(Hashes.of(faces.images))
    labels_of_group = names.groupby(group_of_face).unique()
    notes = []
    for name, deviation, group in zip(names, faces.images.std(axis=(1, 2)), group_of_face, strict=True):
        others = sorted(set(labels_of_group[group]) - {name})
        flat = ["flat picture"] if deviation < FLAT else []
        notes.append("; ".join([*flat, *(f"a duplicate is labelled {each}" for each in others)]))
    return notes


def estimate_errors(labels: np.ndarray, probabilities: np.ndarray) -> Estimate:
    """Estimate how many of N labels are wrong. labels: (N,) int. probabilities: (N, 7)."""
    present = np.unique(labels)
    # A class without faces is never confident.
    thresholds = np.full(NUM_CLASSES, np.inf)
    thresholds[present] = [probabilities[labels == index, index].mean() for index in present]
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    is_counted = confident.max(axis=1) >= 0
    counts = np.zeros((NUM_CLASSES, NUM_CLASSES), int)
    np.add.at(counts, (labels[is_counted], confident.argmax(axis=1)[is_counted]), 1)
    rows, share, variance = [], 0.0, 0.0
    for label in present:
        faces, counted = int((labels == label).sum()), max(counts[label].sum(), 1)
        wrong = 1 - counts[label, label] / counted
        weight = faces / len(labels)
        share += weight * wrong
        variance += weight**2 * wrong * (1 - wrong) / counted
        for other in np.flatnonzero(counts[label]):
            if other != label:
                part = counts[label, other] / counted
                interval = wilson_interval(part, counted)
                rows.append((CLASS_NAMES[label], CLASS_NAMES[other], round(part * faces), part, *interval))
    columns = ["label", "should_be", "faces", "share", "low", "high"]
    pairs = pd.DataFrame(rows, columns=columns).sort_values("faces", ascending=False, ignore_index=True)
    half = DEVIATIONS * np.sqrt(variance)
    return Estimate(share, max(share - half, 0.0), min(share + half, 1.0), pairs)


def with_majority(votes: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The rows for which a clear majority of FER+'s annotators agrees, in the order of the faces.

    votes: of N faces, as labels.votes_of() gives them. table: what rank_suspects() gives. Added is the column
    majority, the name of a class or other answer.
    """
    names = votes.rename(columns=dict(enumerate(CLASS_NAMES)))
    is_clear = (names.max(axis=1) >= CLEAR * names.sum(axis=1)).to_numpy()
    return table.sort_index()[is_clear].assign(majority=names.idxmax(axis=1).to_numpy()[is_clear])


def agreement(own: pd.DataFrame) -> tuple[float, float]:
    """The shares of labels, and of predictions, that the majority agrees with. own: of with_majority()."""
    is_kept = own["probability_of_label"] >= own["probability_of_suggestion"]
    predicted = own["label"].where(is_kept, own["suggested_label"])
    return (own["label"] == own["majority"]).mean(), (predicted == own["majority"]).mean()


def judge(own: pd.DataFrame) -> pd.DataFrame:
    """How well rankings find the labels that a majority contradicts. own: what with_majority() gives.

    A row for this ranking, for that by the loss of the label, and for chance: precision among the FIRST such
    faces, and average precision, the area under precision and recall.
    """
    is_wrong = (own["majority"] != own["label"]).to_numpy()
    rankings, rows = {"this ranking": suspicion(own), "loss of the label": -own["probability_of_label"]}, {}
    for name, values in rankings.items():
        ordered = is_wrong[np.argsort(-values, kind="stable")]
        rows[name] = [*(ordered[:count].mean() for count in FIRST), average_precision_score(is_wrong, values)]
    rows["chance"] = [is_wrong.mean()] * (len(FIRST) + 1)
    columns = [*(f"first {count:,}" for count in FIRST), "average precision"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def as_text(estimate: Estimate, count: int, most: int = 8) -> str:
    """The estimate for a terminal. count: of faces."""
    share, low, high = (f"{100 * value:.1f}" for value in (estimate.share, estimate.low, estimate.high))
    lines = [f"estimated {share} % of {count:,} labels are wrong (95 % interval {low} to {high})"]
    lines.append("by label and what it should be, shares of the faces of that label:")
    lines.append(estimate.pairs.head(most).to_string(index=False, float_format="{:.3f}".format))
    return "\n".join(lines)
