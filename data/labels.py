"""What people call the seven classes and the three splits, and labels in a file beside the faces."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from unicodedata import normalize

import numpy as np
import pandas as pd

from data import CLASS_NAMES, InputError
from data.faces import Faces

SYNONYMS = {"anger": "angry", "disgusted": "disgust", "fearful": "fear", "afraid": "fear", "scared": "fear"}
SYNONYMS |= {"happiness": "happy", "joy": "happy", "sadness": "sad", "surprised": "surprise"}
SYNONYMS |= {"neutrality": "neutral"}
CLASS_OF_NAME = {name: CLASS_NAMES.index(SYNONYMS.get(name, name)) for name in (*CLASS_NAMES, *SYNONYMS)}
CLASS_OF_NUMBER = {str(index): index for index in range(len(CLASS_NAMES))}
# Validation faces take the place of FER2013's PublicTest, test faces that of its PrivateTest.
USAGE_OF_NAME = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "publictest": 1}
USAGE_OF_NAME |= {"validate": 1, "dev": 1, "test": 2, "testing": 2, "privatetest": 2}
# Such as train_images/ and test_set/.
ADDED = ("", *(sign + word for sign in ("", "_", "-", " ") for word in ("data", "images", "faces", "set")))
USAGE_OF_NAME = {name + added: index for name, index in USAGE_OF_NAME.items() for added in ADDED}
LEFT_OUT = -1


def key(name: str) -> str:
    """A name as the tables above have it."""
    return normalize("NFC", name).strip().lower()  # a Mac takes letters and their accents apart


def class_meanings(changes: Sequence[str], numbers: bool) -> dict[str, int]:
    """What each name of a class means: an index into CLASS_NAMES, or LEFT_OUT.

    changes: those of --classes, such as '1=surprise' or 'contempt=-', which leaves faces out.
    numbers: whether 0 to 6 are FER2013's classes; not if `changes` give any number another meaning.
    Raises InputError.
    """
    added = {}
    for change in changes:
        name, _, meaning = change.rpartition("=")
        if not name or key(meaning) not in CLASS_OF_NAME | {"-": LEFT_OUT}:
            known = f"NAME=CLASS with one of {', '.join(CLASS_NAMES)}, or NAME=- to leave its faces out"
            raise InputError(f"--classes {change}: is not {known}")
        added[key(name)] = CLASS_OF_NAME.get(key(meaning), LEFT_OUT)
    keeps_numbers = numbers and not any(name.isdecimal() for name in added)
    usual = CLASS_OF_NAME | (CLASS_OF_NUMBER if keeps_numbers else {})
    # 'happy=-' leaves out 'joy' and '3', too.
    return {name: added.get(CLASS_NAMES[index], index) for name, index in usual.items()} | added


def label_indices(names: pd.Series, meanings: Mapping[str, int], source: object) -> np.ndarray:
    """(N,) int64, what N names of classes mean. The index of `names` is the row in the source.

    Raises InputError for the first name without a meaning.
    """
    keys = names.map(str).map(key).str.replace(r"\.0+$", "", regex=True)
    unknown = ~keys.isin(list(meanings))
    if unknown.any():
        row = unknown.idxmax()
        if keys[row] in ("", "nan", "none"):
            raise InputError(f"{source}: row {row}: has no label; give it one, or remove the row")
        raise unknown_class(f"{source}: row {row}", names[row], names.unique())
    return keys.map(meanings).to_numpy(np.int64)


def unknown_class(place: str, name: object, seen: Iterable[object]) -> InputError:
    """What to raise for a name that means no class; seen: the names beside it."""
    names = [" ".join(str(each).split()) for each in seen]
    listed = ", ".join(sorted(names)[:12]) + ", ..." * (len(names) > 12)
    shown = " ".join(str(name).split())[:40]
    option, other = shlex.quote(f"{shown}=CLASS"), shlex.quote(f"{shown}=-")
    sign = "=" if shown.startswith("-") else " "  # argparse takes '-1=fear' for an option
    if numbers := sorted(each for each in names if each.isdecimal() and shown.isdecimal()):
        option = " ".join(f"{each}=CLASS" for each in numbers)  # together, since one changes what others mean
    way_out = f"say what it is by --classes{sign}{option}, or {other} to leave it out"
    return InputError(f"{place}: label '{shown}' is no class; {way_out} (labels here: {listed[:150]})")


def without_left_out(faces: Faces) -> Faces:
    """The faces but those whose label is LEFT_OUT, which are counted in a note."""
    if faces.labels is None or not (is_left_out := faces.labels == LEFT_OUT).any():
        return faces
    if is_left_out.all():
        raise InputError(f"{faces.source}: --classes leaves out every face; keep some")
    counts = f"{is_left_out.sum():,} of {len(faces):,} faces"
    print(f"{faces.source}: {counts} are left out, as --classes says", flush=True)
    return faces.select(~is_left_out)


def attach_labels(faces: Faces, path: str, classes: Sequence[str] = ()) -> Faces:
    """The faces that a file has labels for, in their own order and with these labels.

    path: an `id,label` CSV (rows count as ids where the faces have none), or FER+'s fer2013new.csv, whose
    rows are those of FER2013 and which replaces labels. classes: as for class_meanings.
    Raises InputError when the faces have labels already, or the file names an id that they do not have.
    """
    from data.csv_files import read_labels, read_votes

    if (votes := read_votes(path)) is not None:
        return _with_majority(faces, votes_of(faces, votes, path))
    if faces.labels is not None:
        raise InputError(f"{faces.source}: has labels of its own; omit --labels")
    own = faces.rows if faces.ids is None else faces.ids
    ids, labels = read_labels(path, own.dtype.kind == "U", classes)
    unknown = ids[~np.isin(ids, own)]
    if len(unknown):
        problem = f"id {unknown[0]} is not in {faces.source}, whose first is {own[0]}"
        raise InputError(f"{path}: {problem}; give the labels of that data")
    _, rows, order = np.intersect1d(own, ids, assume_unique=True, return_indices=True)
    in_order = np.argsort(rows)
    return without_left_out(replace(faces.select(rows[in_order]), labels=labels[order[in_order]]))


def votes_of(faces: Faces, votes: pd.DataFrame | None, path: str) -> pd.DataFrame:
    """The votes that FER+'s annotators gave each of N faces: a column for each class and other answer.

    votes: what read_votes() makes of the file `path`. Columns are indices into CLASS_NAMES, and 'contempt',
    'unknown' and 'nf' (not a face). Raises InputError where that is not fer2013new.csv, or the faces are not
    the rows of FER2013.
    """
    if votes is None:
        raise InputError(f"{path}: is not FER+'s fer2013new.csv; get it from github.com/microsoft/FERPlus")
    usage = votes["usage"].to_numpy()
    rows = faces.rows
    if faces.usage is None:  # train.csv, test.csv and emotion,pixels are known by how many faces they have
        parts = np.flatnonzero(usage == 0), np.flatnonzero(usage != 0), np.arange(len(usage))
        rows = next((part[faces.rows] for part in parts if len(part) == len(faces)), np.array([len(usage)]))
    has_names = faces.ids is not None and faces.ids.dtype.kind == "U"
    is_ours = not has_names and rows.max() < len(usage)
    if not is_ours or (faces.usage is not None and (usage[rows] != faces.usage).any()):
        problem = f"has the votes for the rows of FER2013, and {faces.source} has other rows"
        raise InputError(f"{path}: {problem}; give fer2013.csv, icml_face_data.csv, train.csv or test.csv")
    return votes.drop(columns="usage").rename(columns=CLASS_OF_NAME).iloc[rows]


def _with_majority(faces: Faces, votes: pd.DataFrame) -> Faces:
    """The faces for which most of FER+'s ten annotators chose one of the seven classes, with that class.

    Source: Barsoum et al. 2016, arXiv:1608.01041, majority voting.
    """
    is_tie = votes.eq(votes.max(axis=1), axis=0).sum(axis=1) > 1
    chosen = votes.idxmax(axis=1).mask(is_tie, "no majority").reset_index(drop=True)
    labels = pd.to_numeric(chosen, errors="coerce").fillna(LEFT_OUT).to_numpy(np.int64)
    others = chosen[labels == LEFT_OUT].replace("nf", "not a face").value_counts()
    left_out = ", ".join(f"{count:,} {name}" for name, count in others.items())
    print(f"labels are the majority votes of FER+; left out: {left_out or 'no face'}", flush=True)
    return replace(faces, labels=labels, labelled_by="FER+").select(labels != LEFT_OUT)
