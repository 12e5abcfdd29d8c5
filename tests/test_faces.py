"""Data sets in memory, labels from a file of their own, and finding the data where nobody names it."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data import InputError
from data import faces as faces_module
from data.faces import KAGGLE, Faces, locate_faces, read_faces
from data.labels import attach_labels

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 48, 48), dtype=np.uint8)
FACES = Faces(
    IMAGES, np.array([3, 0, 6, 1]), np.array([0, 2, 0, 2], np.uint8), np.array([7, 5, 9, 8]), source="f.csv"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in the place of the project's data/."""
    monkeypatch.setattr(faces_module, "DATA_FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("indices", [np.array([2, 0]), np.array([True, False, True, False]), slice(1, 3)])
def test_select_takes_the_same_faces_of_everything(indices):
    chosen, expected = FACES.select(indices), np.arange(4)[indices]
    assert chosen.rows.tolist() == expected.tolist()
    for name in ("images", "labels", "usage", "ids"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(FACES, name)[expected])
    assert chosen.select(slice(1, None)).rows.tolist() == expected[1:].tolist()
    assert Faces(IMAGES).select(indices).labels is None


def test_faces_of_a_usage_and_their_labels():
    assert FACES.of_usage("PrivateTest").rows.tolist() == [1, 3]
    assert FACES.of_usage("Training").require_labels().tolist() == [3, 6]
    with pytest.raises(
        InputError, match=r"f\.csv: has no PublicTest faces, only Training, PrivateTest; give"
    ):
        FACES.of_usage("PublicTest")
    with pytest.raises(
        InputError, match=r"g\.csv: has no PublicTest faces, its faces have no Usage; give data"
    ):
        Faces(IMAGES, source="g.csv").of_usage("PublicTest")
    with pytest.raises(InputError, match=r"g\.csv: has no labels"):
        Faces(IMAGES, source="g.csv").require_labels()


def test_labels_are_attached_by_id(tmp_path):
    pixels = [" ".join(map(str, image.ravel())) for image in IMAGES]
    pd.DataFrame({"id": FACES.ids, "feature": pixels}).to_csv(tmp_path / "test.csv", index=False)
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\n8,2\n7,4\n9,0\n")
    faces = read_faces(tmp_path / "test.csv", str(labels))
    assert [faces.rows.tolist(), faces.ids.tolist()] == [[0, 2, 3], [7, 9, 8]]
    assert faces.labels.tolist() == [4, 0, 2]
    np.testing.assert_array_equal(faces.images, IMAGES[[0, 2, 3]])
    plain = read_faces(tmp_path / "test.csv")
    labels.write_text("id,label\n8,2\n6,4\n")
    with pytest.raises(InputError, match=r"labels\.csv: id 6 is not in .*test\.csv"):
        attach_labels(plain, str(labels))
    with pytest.raises(InputError, match=r"f\.csv: has labels of its own; omit --labels"):
        attach_labels(FACES, str(labels))
    labels.write_text("id,label\n3,2\n1,4\n")
    counted = attach_labels(Faces(IMAGES), str(labels))
    assert [counted.rows.tolist(), counted.labels.tolist()] == [[1, 3], [4, 2]]


def test_labels_of_pictures_are_attached_by_name(tmp_path):
    (tmp_path / "faces").mkdir()
    for number, name in enumerate(["b.png", "a.png", 'c, "d".png']):
        Image.fromarray(IMAGES[number]).save(tmp_path / "faces" / name)
    (tmp_path / "labels.csv").write_text('id,label\n"c, ""d"".png",1\nb.png,5\n')
    faces = read_faces(tmp_path / "faces", str(tmp_path / "labels.csv"))
    assert [faces.ids.tolist(), faces.labels.tolist()] == [["b.png", 'c, "d".png'], [5, 1]]
    np.testing.assert_array_equal(faces.images, IMAGES[[0, 2]])


def test_usual_names_are_found_in_order(folder):
    for name in ("icml_face_data.csv.zip", "icml_face_data.csv", "fer2013.csv.gz", "train.csv"):
        (folder / name).touch()
    assert locate_faces(None, "train") == folder / "train.csv"
    # Networks were trained on train.csv, so it is the last choice to measure on.
    assert locate_faces(None, "measure") == folder / "fer2013.csv.gz"
    (folder / "fer2013.csv.gz").unlink()
    assert locate_faces(None, "measure") == folder / "icml_face_data.csv"
    with pytest.raises(InputError, match=r"no test\.csv in"):
        locate_faces(None, "test")
    (folder / "test.csv.gz").touch()
    assert locate_faces(None, "test") == folder / "test.csv.gz"


def test_pictures_beside_the_code_are_found(folder):
    (folder / "faces.py").touch()
    (folder / "Train").mkdir()
    assert [locate_faces(None, purpose) for purpose in ("train", "measure")] == [folder, folder]
    with pytest.raises(InputError, match=r"no test\.csv in"):
        locate_faces(None, "test")
    (folder / "Test").mkdir()
    assert locate_faces(None, "test") == folder


def test_a_given_path_is_taken_and_read_later(tmp_path):
    path = tmp_path / "my faces.csv"
    assert locate_faces(str(path), "train") == path
    assert [locate_faces(str(tmp_path), purpose) for purpose in ("train", "test")] == [tmp_path, tmp_path]


@pytest.mark.parametrize("purpose", ["train", "measure", "test"])
def test_no_data_set_says_how_to_get_it(folder, purpose):
    with pytest.raises(InputError) as raised:
        locate_faces(None, purpose)
    message = str(raised.value)
    assert "\n" not in message
    for words in (faces_module.FILE_NAMES[purpose][0], str(folder), KAGGLE, "--data", "make demo"):
        assert words in message
