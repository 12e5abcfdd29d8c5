"""Which faces are measured on: their Usage, and never one that the weights were trained on."""

from pathlib import Path

import numpy as np
import pytest

from analysis.held_out import held_out
from data import InputError
from data.csv_files import read_labels
from data.faces import read_faces
from data.splits import Hashes, group_duplicates, split_validation
from data.submission import submission_csv
from models.weights import Weights


def trained_on(images: np.ndarray, name: str = "x") -> Weights:
    return Weights(Path(f"{name}.weights.h5"), {"network": "cnn"}, Hashes.of(images))


@pytest.fixture(scope="module")
def nothing() -> list[Weights]:
    return [trained_on(np.zeros((0, 48, 48), np.uint8))]


def test_what_any_of_the_networks_was_trained_on_is_left_out(csvs):
    faces = read_faces(csvs / "fer2013.csv").of_usage("PublicTest")
    held = held_out(
        read_faces(csvs / "fer2013.csv"), [trained_on(faces.images[:3]), trained_on(faces.images[2:6])]
    )
    assert list(held.subsets) == ["without_duplicates", "all"]
    assert [rows.sum() for rows in held.subsets.values()] == [29, 35]
    assert held.reference.rows.tolist() == list(range(146, 175))
    np.testing.assert_array_equal(held.reference.labels, faces.labels[6:])
    assert held.described() == "29 PublicTest faces without duplicates in training"
    assert str(held).endswith("fer2013.csv; the weights were trained on 6 others, or duplicates")

    held = held_out(read_faces(csvs / "fer2013.csv"), [trained_on(faces.images[:6])], allow_seen=True)
    assert list(held.subsets) == ["all", "without_duplicates"]
    assert str(held) == f"all 35 PublicTest faces (6 trained on), of {csvs / 'fer2013.csv'}"


def test_the_usage_is_chosen_or_the_first_that_is_there(csvs, nothing, tmp_path):
    def rows(path: Path, usage: str | None = None) -> list[int]:
        return held_out(read_faces(path), nothing, usage).reference.rows.tolist()

    assert rows(csvs / "fer2013.csv") == list(range(140, 175))
    assert rows(csvs / "fer2013.csv", "PrivateTest") == list(range(175, 210))
    assert rows(csvs / "fer2013.csv", "Training") == list(range(140))
    assert rows(csvs / "fer2013.csv", "all") == list(range(210))
    assert rows(csvs / "train.csv") == list(range(140))
    with pytest.raises(InputError, match="Usage"):
        held_out(read_faces(csvs / "train.csv"), nothing, "PublicTest")


@pytest.mark.parametrize("name", ["train.csv", "fer2013.csv"])
def test_the_validation_split_of_a_run_is_what_it_was_not_trained_on(csvs, name):
    faces = read_faces(csvs / name)
    if faces.usage is not None:
        faces = faces.of_usage("Training")
    groups = group_duplicates(Hashes.of(faces.images))
    learn, hold = split_validation(faces.labels, groups, 0.2, seed=1)
    usage = None if name == "train.csv" else "Training"
    held = held_out(read_faces(csvs / name), [trained_on(faces.images[learn])], usage)
    assert held.reference.rows.tolist() == sorted(hold)
    # Predicting the other faces would take most of the time and measure nothing.
    assert list(held.subsets) == ["without_duplicates"]
    assert len(held.faces) == len(hold)


def test_without_a_face_that_is_new_the_line_says_what_to_do(csvs):
    images = read_faces(csvs / "train.csv").images
    everything = [trained_on(images)]
    with pytest.raises(
        InputError, match=r"trained on all 140 rows; .*icml_face_data.*runs/NAME.*--allow-seen"
    ):
        held_out(read_faces(csvs / "train.csv"), everything)
    halves = [trained_on(images[:70], "cnn"), trained_on(images[70:], "dnn")]
    with pytest.raises(InputError, match="csv: cnn and dnn together were trained on all 140"):
        held_out(read_faces(csvs / "train.csv"), halves)
    with pytest.raises(InputError, match="csv: x was trained on all 140"):
        held_out(read_faces(csvs / "train.csv"), halves + everything)
    held = held_out(read_faces(csvs / "train.csv"), everything, allow_seen=True)
    assert list(held.subsets) == ["all"]
    assert held.described() == "all 140 faces (140 trained on)"


def test_labels_of_their_own_file_may_cover_a_part(csvs, nothing, tmp_path):
    ids, labels = read_labels(csvs / "test_labels.csv")
    some = tmp_path / "some.csv"
    some.write_text(submission_csv(ids[[7, 3, 30]], labels[[7, 3, 30]]))
    held = held_out(read_faces(csvs / "test.csv", str(some)), nothing)
    assert held.reference.rows.tolist() == [3, 7, 30]
    np.testing.assert_array_equal(held.reference.labels, labels[[3, 7, 30]])
    with pytest.raises(InputError, match="--labels"):
        held_out(read_faces(csvs / "test.csv"), nothing)
