"""Submissions are the exact bytes that Kaggle takes; probabilities come back as teachers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data import InputError
from data.csv_files import read_labels
from data.faces import Faces
from data.splits import image_hashes
from data.submission import probabilities_csv, read_teachers, submission_csv

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
HASHES = image_hashes(IMAGES)
NONE = np.zeros(3, bool)


FIRST, SECOND = np.random.default_rng(1).dirichlet(np.ones(7), (2, 3))


def teacher(path: Path, values: np.ndarray = FIRST, trained_on: np.ndarray = NONE) -> str:
    path.write_text(probabilities_csv(Faces(IMAGES), values, trained_on))
    return str(path)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (np.array([7, 0, 3]), "id,label\n7,6\n0,0\n3,2\n"),
        (np.array(["a.png", 'b, "c".png', "é.png"]), 'id,label\na.png,6\n"b, ""c"".png",0\né.png,2\n'),
    ],
)
def test_submissions_are_these_bytes_and_are_read_again(tmp_path, ids, expected):
    path = tmp_path / "submission.csv"
    path.write_text(submission_csv(ids, np.array([6, 0, 2])), encoding="utf-8", newline="")
    assert path.read_bytes() == expected.encode()
    for read, written in zip(read_labels(path, names=ids.dtype.kind == "U"), (ids, [6, 0, 2]), strict=True):
        np.testing.assert_array_equal(read, written)


def test_probabilities_are_these_bytes():
    values = np.array([[1, 0, 0, 0, 0, 0, 0], [1 / 3, 2 / 3, 1e-9, 0, 0, 0, 0]], np.float32)
    zero = Faces(np.zeros((3, 48, 48), np.uint8)).select([2, 0])  # without ids rows are named
    assert probabilities_csv(zero, values, np.array([True, False])) == (
        "row,id,usage,true,predicted,hash,trained_on,angry,disgust,fear,happy,sad,surprise,neutral\n"
        "2,2,,,angry,1f3870023622cf8b,1,1.000000,0.000000,0.000000,0.000000,0.000000,0.000000,0.000000\n"
        "0,0,,,disgust,1f3870023622cf8b,0,0.333333,0.666667,0.000000,0.000000,0.000000,0.000000,0.000000\n"
    )
    known = replace(zero, labels=np.array([6, -1]), usage=np.array([1, 2]), ids=np.array(["a.png", "b.png"]))
    first, second = (line.split(",")[:5] for line in probabilities_csv(known, values).splitlines()[1:])
    assert first == ["2", "a.png", "PublicTest", "neutral", "angry"]
    assert second == ["0", "b.png", "PrivateTest", "", "disgust"]


def test_teachers_are_found_by_hash_and_averaged(tmp_path):
    files = [teacher(tmp_path / "a.csv"), teacher(tmp_path / "b.csv", SECOND)]
    expected, order = (FIRST + SECOND) / 2, [2, 0, 0, 1]
    np.testing.assert_allclose(read_teachers(files, HASHES[order], "x.csv"), expected[order], atol=1e-6)
    with pytest.raises(
        InputError, match=r"no row for 1 of 4 training faces of x\.csv; give the files of all"
    ):
        read_teachers(files, np.append(HASHES, np.uint64(9)), "x.csv")


def test_a_network_may_not_teach_a_face_that_it_was_trained_on(tmp_path):
    file = teacher(tmp_path / "a.csv", trained_on=np.arange(3) == 1)
    assert read_teachers([file], HASHES[[0, 2]], "x.csv").shape == (2, 7)
    with pytest.raises(InputError, match=r"a\.csv: row 3: its networks were trained on this .* x\.csv"):
        read_teachers([file], HASHES, "x.csv")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            f"{HASHES[0]:016x}",
            "no hash",
            r"is not the fold\.csv of a run with --fold \(invalid literal for int",
        ),
        (",0,0.", ",x,0.", "is not the fold"),
        ("0.", "1.", "row 2: does not sum to 1"),
        ("\n1,", f"\n1{13 * ','}\n1,", "is not the fold"),
        ("hash", "face", "is not the fold"),
        ("trained", "\xff", "is not the fold"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, old, new, words):
    file = Path(teacher(tmp_path / "a.csv"))
    file.write_bytes(file.read_text().replace(old, new, 1).encode("latin-1"))
    with pytest.raises(InputError, match=words) as raised:
        read_teachers([str(file)], HASHES, "x.csv")
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)
