"""Submissions are the exact bytes that Kaggle takes, whole or absent; the data set is found or explained."""

import numpy as np
import pytest

from data import locate
from data.atomic import write_files
from data.cache import read_cached
from data.csv_reader import read_labels
from data.errors import InputError
from data.locate import locate_data
from data.submission import submission_text


def test_submission_bytes(tmp_path):
    path = tmp_path / "new folder" / "submission.csv"
    write_files({path: submission_text(np.array([7, 0, 3]), np.array([6, 0, 2]))})
    assert path.read_bytes() == b"id,label\n7,6\n0,0\n3,2\n"
    ids, labels = read_labels(path)
    assert ids.tolist() == [7, 0, 3]
    assert labels.tolist() == [6, 0, 2]


def test_a_failure_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "submission.csv"
    write_files({path: submission_text(np.array([1]), np.array([1]))})
    with pytest.raises(ValueError, match="2 ids but 1 labels"):
        write_files({path: submission_text(np.array([1, 2]), np.array([1]))})

    def write_half(self, content):
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", write_half)
    with pytest.raises(InputError, match="No space left on device") as raised:
        write_files({path: submission_text(np.array([5, 6]), np.array([5, 6]))})
    assert str(path) in str(raised.value)
    assert path.read_bytes() == b"id,label\n1,1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_way_is_one_line(tmp_path):
    with pytest.raises(InputError) as raised:
        write_files({tmp_path: submission_text(np.array([1]), np.array([1]))})
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_given_path_is_taken_and_checked_when_it_is_read(tmp_path):
    path = locate_data(str(tmp_path / "my faces.csv"), "train")
    with pytest.raises(InputError, match=r"my faces\.csv: no such file"):
        read_cached(path)
    with pytest.raises(InputError, match="is a folder"):
        read_cached(locate_data(str(tmp_path), "train"))


def test_to_predict_the_folder_of_test_pictures_is_taken(tmp_path):
    folder = tmp_path / "Test"
    folder.mkdir()
    assert [locate_data(str(tmp_path), kind) for kind in ("train", "test")] == [tmp_path, folder]
    assert locate_data(str(folder), "test") == folder


def test_usual_names_are_found_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "DATA_FOLDER", tmp_path)
    for name in ("icml_face_data.csv.zip", "icml_face_data.csv", "fer2013.csv.gz", "train.csv"):
        (tmp_path / name).touch()
        assert locate_data(None, "train") == tmp_path / name
    # Networks have seen train.csv, so it is the last choice to measure on.
    assert locate_data(None, "measure") == tmp_path / "fer2013.csv.gz"
    (tmp_path / "fer2013.csv.gz").unlink()
    assert locate_data(None, "measure") == tmp_path / "icml_face_data.csv"
    assert locate_data(None, "train") == tmp_path / "train.csv"
    with pytest.raises(InputError):
        locate_data(None, "test")
    (tmp_path / "test.csv.gz").touch()
    assert locate_data(None, "test") == tmp_path / "test.csv.gz"


@pytest.mark.parametrize("kind", ["train", "test"])
def test_no_data_set_says_how_to_get_it(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(locate, "DATA_FOLDER", tmp_path)
    with pytest.raises(InputError) as raised:
        locate_data(None, kind)
    message = str(raised.value)
    assert "\n" not in message
    for words in (f"{kind}.csv", str(tmp_path), locate.COMPETITION, "--data", "make demo"):
        assert words in message
