"""The drawn faces: they repeat, vary as asked, can be learnt, and are written in FER2013's forms."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import RidgeClassifier

import draw_faces as draw_faces_script
from data import CLASS_NAMES
from data.drawn import CSV_FILES, EXPRESSIONS, draw_faces, write_csvs
from data.faces import Faces, read_faces
from data.pictures import find_faces
from data.splits import Hashes, trained_on

TRAIN, TEST, SEED = 30, 11, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "new"
    write_csvs(folder, TRAIN, TEST, SEED)
    return folder


@pytest.fixture(scope="module")
def alike() -> Faces:
    """As varied as those of the demo."""
    return draw_faces(280, seed=3, variety=0.3)


def test_shapes_types_and_balance(drawn: Faces) -> None:
    assert drawn.images.shape == (70, 48, 48)
    assert drawn.images.dtype == np.uint8
    assert np.bincount(drawn.require_labels()).tolist() == [10] * 7
    assert len({tuple(block) for block in drawn.require_labels().reshape(10, 7)}) > 5
    assert len(draw_faces(0, seed=0)) == 0


@pytest.mark.parametrize("count", [1, 9, 20])
def test_a_smaller_draw_is_the_start_of_a_larger_one(drawn: Faces, count: int) -> None:
    smaller = draw_faces(count, seed=1)
    np.testing.assert_array_equal(smaller.images, drawn.images[:count])
    np.testing.assert_array_equal(smaller.labels, drawn.require_labels()[:count])


def test_no_two_faces_are_alike_and_none_counts_as_a_duplicate(drawn: Faces, alike: Faces) -> None:
    images = np.concatenate([drawn.images, alike.images, draw_faces(7, seed=2).images])
    assert len(np.unique(images, axis=0)) == len(images)
    assert not trained_on(alike.images[200:], [Hashes.of(alike.images[:200])]).any()


def test_faces_are_learnable(alike: Faces) -> None:
    rows, labels = alike.images[:, ::2, ::2].reshape(280, -1) / 255, alike.require_labels()
    assert RidgeClassifier(alpha=100).fit(rows[:200], labels[:200]).score(rows[200:], labels[200:]) > 0.6


def test_less_variety_makes_faces_of_a_class_more_alike(drawn: Faces, alike: Faces) -> None:
    spreads = [
        faces.images[faces.labels == CLASS_NAMES.index("happy")].std(axis=0).mean()
        for faces in (draw_faces(70, seed=3, variety=0.0), alike, drawn)
    ]
    # What remains at 0 is noise and the expression itself.
    assert spreads[0] < spreads[1] < spreads[2]
    assert spreads[0] < spreads[2] / 2


def test_every_expression_is_another() -> None:
    changes = np.array(list(EXPRESSIONS.values()))
    assert not changes[:, -1].any(), "neutral"
    assert len(np.unique(changes, axis=1).T) == len(CLASS_NAMES)


def test_a_face_in_a_photograph_is_found(drawn: Faces) -> None:
    for image in drawn.images[:7]:
        photograph = Image.new("L", (480, 360), 128)
        photograph.paste(Image.fromarray(image).resize((240, 240)), (150, 60))
        (square,) = find_faces(photograph)
        assert abs(square.left + square.side / 2 - 270) < 40
        assert abs(square.top + square.side / 2 - 180) < 40


def test_csv_bytes(folder: Path) -> None:
    drawn = draw_faces(TRAIN + TEST, SEED)
    pixels = [" ".join(map(str, face)) for face in drawn.images.reshape(-1, 2304).tolist()]
    labels = drawn.require_labels().tolist()
    usage = ["Training"] * 30 + ["PublicTest"] * 5 + ["PrivateTest"] * 6
    expected = {
        "train.csv": ["label,feature", *(f"{labels[i]},{pixels[i]}" for i in range(30))],
        "test.csv": ["id,feature", *(f"{i},{pixels[30 + i]}" for i in range(11))],
        "test_labels.csv": ["id,label", *(f"{i},{labels[30 + i]}" for i in range(11))],
        "fer2013.csv": ["emotion,pixels,Usage", *(f"{labels[i]},{pixels[i]},{usage[i]}" for i in range(41))],
        "icml_face_data.csv": ["emotion, Usage, pixels"]
        + [f"{labels[i]},{usage[i]},{pixels[i]}" for i in range(41)],
    }
    assert sorted(path.name for path in folder.iterdir()) == sorted(expected) == sorted(CSV_FILES)
    for name, lines in expected.items():
        assert (folder / name).read_bytes().decode("ascii") == "\n".join(lines) + "\n", name


def test_script_draws_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--train", "3", "--test", "2", "--variety", "0.3", "--seed", "7"]
    draw_faces_script.main([str(tmp_path / "new"), *options])
    assert "3 training and 2 test faces" in capsys.readouterr().out
    expected = draw_faces(5, seed=7, variety=0.3).images
    np.testing.assert_array_equal(read_faces(tmp_path / "new" / "fer2013.csv").images, expected)


def test_script_replaces_only_when_told_to(tmp_path: Path, failing) -> None:
    command = [str(tmp_path), "--test", "1", "--train"]
    draw_faces_script.main([*command, "8"])
    assert str(tmp_path) in failing(draw_faces_script.main, *command, 2)
    assert len(read_faces(tmp_path / "fer2013.csv")) == 9
    draw_faces_script.main([*command, "2", "--overwrite"])
    assert len(read_faces(tmp_path / "fer2013.csv")) == 3


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [("new", ["--variety", "1.5"], "--variety 1.5"), ("file", [], "file")],
)
def test_script_refuses_in_one_line(tmp_path: Path, failing, name: str, options, words: str) -> None:
    (tmp_path / "file").write_text("")
    assert words in failing(draw_faces_script.main, tmp_path / name, *options)
    assert len(list(tmp_path.iterdir())) == 1
