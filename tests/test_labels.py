"""Classes by other names, and FER+'s votes as labels by row."""

import numpy as np
import pandas as pd
import pytest

from data import CLASS_NAMES, NUM_PIXELS, InputError
from data.faces import Faces, read_faces
from data.labels import attach_labels, class_meanings, label_indices

RAF_DB = "1=surprise 2=fear 3=disgust 4=happy 5=sad 6=angry 7=neutral"
AFFECT_NET = "0=neutral 1=happy 2=sad 3=surprise 4=fear 5=disgust 6=angry 7=-"
KDEF = "AF=fear AN=angry DI=disgust HA=happy NE=neutral SA=sad SU=surprise"


@pytest.mark.parametrize(
    ("changes", "names", "expected"),
    [
        ("", "0 1 2 3 4 5 6", [0, 1, 2, 3, 4, 5, 6]),
        ("", "6.0 Happy ANGER Neutrality", [6, 3, 0, 6]),
        (RAF_DB, "1 2 3 4 5 6 7", [5, 2, 1, 3, 4, 0, 6]),
        (AFFECT_NET, "0 1 2 3 4 5 6 7", [6, 3, 4, 5, 2, 1, 0, -1]),
        (KDEF, "AF an DI HA NE SA SU", [2, 0, 1, 3, 6, 4, 5]),
        ("contempt=-", "contempt 3 joy", [-1, 3, 3]),
        ("a=b=fear happy=- joy=happy", "a=b happy 3 joy Happiness", [2, -1, -1, 3, -1]),
    ],
)
def test_classes_by_other_names(changes, names, expected):
    meanings = class_meanings(changes.split(), numbers=True)
    assert label_indices(pd.Series(names.split()), meanings, "x").tolist() == expected


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ([], "7", "x: row 2: label '7' is no class; say what it is by --classes 7=CLASS, or 7=- to leave it"),
        (
            [],
            "Glück 1",
            "label 'Glück 1' is no class; say what it is by --classes 'Glück 1=CLASS', or 'Glück",
        ),
        ([], "", "x: row 2: has no label; give it one"),
        ([], "-1", r"label '-1' is no class; say what it is by --classes=-1=CLASS, or -1=- to leave it out"),
        ([], "a\nb", r"label 'a b' is no class; say what it is by --classes 'a b=CLASS'"),
        (["7=fear"], "1", r"label '1' is no class; .*--classes 1=CLASS.* \(labels here: 1, happy\)"),
        (["7"], "", "--classes 7: is not NAME=CLASS with one of angry, .*, or NAME=- to leave its faces out"),
        (["7=joyful"], "", "--classes 7=joyful: is not NAME=CLASS"),
    ],
)
def test_a_name_without_a_meaning_is_one_line(changes, name, words):
    with pytest.raises(InputError, match=words) as raised:
        label_indices(pd.Series(["happy", name], [1, 2]), class_meanings(changes, numbers=True), "x")
    assert "\n" not in str(raised.value)


def test_faces_that_are_left_out_keep_the_rows_of_the_others(tmp_path, capsys):
    rows = [f"{label},{' '.join([str(level)] * NUM_PIXELS)}" for level, label in enumerate([3, 7, 0])]
    (tmp_path / "f.csv").write_text("\n".join(["label,feature", *rows]))
    numbers = [f"{index}={name}" for index, name in enumerate(CLASS_NAMES)]
    faces = read_faces(tmp_path / "f.csv", classes=[*numbers, "7=-"])
    assert [faces.labels.tolist(), faces.rows.tolist()] == [[3, 0], [0, 2]]
    assert faces.images[:, 0, 0].tolist() == [0, 2]
    assert capsys.readouterr().out == f"{tmp_path / 'f.csv'}: 1 of 3 faces are left out, as --classes says\n"


HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
VOTES = {
    "Training,a.png,4,0,0,1,3,2,0,0,0,0": 6,
    "Training,b.png,0,6,0,0,0,0,0,4,0,0": 3,
    "Training,,0,0,0,0,0,0,0,0,0,10": None,
    "PublicTest,c.png,5,5,0,0,0,0,0,0,0,0": None,
    "PublicTest,d.png,0,0,0,0,0,4,3,0,3,0": 1,
    "PrivateTest,e.png,0,1,0,0,0,0,0,9,0,0": None,
    "PrivateTest,f.png,0,0,8,0,1,0,1,0,0,0": 5,
}
USAGE = np.array([0, 0, 0, 1, 1, 2, 2], np.uint8)
IMAGES = np.arange(7, dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2)
EXPECTED = {row: label for row, label in enumerate(VOTES.values()) if label is not None}
PARTS = {
    "fer2013.csv": (Faces(IMAGES, np.zeros(7, int), USAGE), slice(0, 7)),
    "without PrivateTest": (Faces(IMAGES[:5], np.zeros(5, int), USAGE[:5]), slice(0, 5)),
    "emotion,pixels": (Faces(IMAGES), slice(0, 7)),
    "train.csv": (Faces(IMAGES[:3], np.zeros(3, int)), slice(0, 3)),
    "test.csv": (Faces(IMAGES[3:], ids=np.arange(4)), slice(3, 7)),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_most_votes_of_fer_plus_are_the_label(part, tmp_path, capsys):
    (tmp_path / "fer2013new.csv").write_text(HEADER + "\n".join(VOTES))
    faces, rows = PARTS[part]
    labelled = attach_labels(faces, str(tmp_path / "fer2013new.csv"))
    kept = [row for row in range(7)[rows] if row in EXPECTED]
    assert labelled.images[:, 0, 0].tolist() == kept
    assert labelled.labels.tolist() == [EXPECTED[row] for row in kept]
    assert (labelled.rows + rows.start).tolist() == kept
    assert labelled.labelled_by == "FER+"
    out = capsys.readouterr().out
    for row, name in ((2, "not a face"), (3, "no majority"), (5, "contempt")):
        assert (f"1 {name}" in out) == (row in range(7)[rows])


@pytest.mark.parametrize(
    "faces",
    [
        Faces(IMAGES, usage=USAGE[::-1]),
        Faces(IMAGES[:2]),
        Faces(np.concatenate([IMAGES, IMAGES])),
        Faces(IMAGES, ids=np.array(list("abcdefg"))),
    ],
)
def test_votes_for_other_rows_are_refused(faces, tmp_path):
    (tmp_path / "v.csv").write_text(HEADER + "\n".join(VOTES))
    with pytest.raises(InputError, match=r"v\.csv: has the votes for the rows of FER2013, and x has other"):
        attach_labels(Faces(**vars(faces) | {"source": "x"}), str(tmp_path / "v.csv"))
