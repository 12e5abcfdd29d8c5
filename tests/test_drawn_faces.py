"""The drawn faces: they repeat, they move what they say, they can be learnt, and their CSVs are FER2013's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import draw_faces as draw_faces_script
from data.csv_reader import read_csv
from data.dataset import CLASS_NAMES
from drawing.action_units import ACTION_UNITS, EXPRESSIONS, MOVED_PARTS, PART_NAMES
from drawing.csv_files import write_drawn_csvs
from drawing.faces import DrawnFaces, draw_face, draw_faces

TRAIN, TEST, SEED = 30, 11, 3


@pytest.fixture(scope="module")
def faces() -> DrawnFaces:
    return draw_faces(700, seed=1)


@pytest.fixture(scope="module")
def csv_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "new"
    write_drawn_csvs(folder, TRAIN, TEST, SEED)
    return folder


def test_shapes_and_types(faces: DrawnFaces) -> None:
    assert faces.images.shape == (700, 48, 48)
    assert faces.images.dtype == np.uint8
    assert faces.labels.shape == (700,)
    assert faces.labels.dtype == np.int64
    assert faces.parts.shape == (700, len(PART_NAMES), 48, 48)
    assert faces.parts.dtype == bool
    assert len(draw_faces(0, seed=0).images) == 0


def test_same_seed_same_bytes_in_another_process(faces: DrawnFaces) -> None:
    command = (
        "import sys; from drawing.faces import draw_faces; f = draw_faces(100, seed=1);"
        "sys.stdout.buffer.write(f.images.tobytes() + f.labels.tobytes() + f.parts.tobytes())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True).stdout
    here = (faces.images[:100], faces.labels[:100], faces.parts[:100])
    assert elsewhere == b"".join(array.tobytes() for array in here)


@pytest.mark.parametrize("count", [1, 63, 65, 200])
def test_a_smaller_draw_is_the_start_of_a_larger_one(faces: DrawnFaces, count: int) -> None:
    smaller = draw_faces(count, seed=1)
    np.testing.assert_array_equal(smaller.images, faces.images[:count])
    np.testing.assert_array_equal(smaller.labels, faces.labels[:count])
    np.testing.assert_array_equal(smaller.parts, faces.parts[:count])


def test_no_two_faces_are_alike(faces: DrawnFaces) -> None:
    other = draw_faces(700, seed=2)
    both = np.concatenate([faces.images, other.images]).reshape(1400, -1)
    assert len(np.unique(both, axis=0)) == 1400
    assert not np.array_equal(faces.labels, other.labels)


def test_less_variety_makes_faces_of_a_class_more_alike() -> None:
    spreads = []
    for variety in (0.0, 0.3, 1.0):
        drawn = draw_faces(140, seed=3, variety=variety)
        happy = drawn.images[drawn.labels == CLASS_NAMES.index("happy")].astype(float)
        spreads.append(happy.std(axis=0).mean())
    # What remains at 0 is noise and the expression itself.
    assert spreads[0] < spreads[1] < spreads[2]
    assert spreads[0] < spreads[2] / 2


def test_classes_are_balanced_and_shuffled(faces: DrawnFaces) -> None:
    assert np.bincount(faces.labels).tolist() == [100] * 7
    counts = np.bincount(draw_faces(30, seed=1).labels, minlength=7)
    assert counts.max() - counts.min() == 1
    orders = {tuple(block) for block in faces.labels.reshape(100, 7)}
    assert len(orders) > 90


def test_parts_lie_in_the_face_apart_from_each_other(faces: DrawnFaces) -> None:
    assert faces.parts.sum(axis=1).max() == 1
    areas = faces.parts.sum(axis=(2, 3))
    assert areas.min() >= 25
    assert faces.parts.any(axis=1).mean() < 0.5
    # From top to bottom: brows, eyes, nose, mouth; the cheeks are as high as the nose.
    rows = np.arange(48)[:, None]
    heights = (faces.parts * rows).sum(axis=(2, 3)) / areas
    brows, eyes, nose, mouth, cheeks = heights.T
    assert (brows < eyes).all()
    assert (eyes < nose).all()
    assert (nose < mouth).all()
    assert (eyes < cheeks).all()
    assert (cheeks < mouth).all()


@pytest.mark.parametrize("part", ["brows", "eyes", "mouth"])
def test_masks_follow_the_pose(faces: DrawnFaces, part: str) -> None:
    """On average a face is darker under its own mask than under the mask of the next face."""
    masks = faces.parts[:, PART_NAMES.index(part)]
    own, strange = (
        (mask * faces.images).sum(axis=(1, 2)) / mask.sum(axis=(1, 2))
        for mask in (masks, np.roll(masks, 1, axis=0))
    )
    assert (strange - own).mean() > 2


def test_light_and_noise_vary(faces: DrawnFaces) -> None:
    levels = faces.images.mean(axis=(1, 2))
    assert levels.std() > 20
    assert ((faces.images == 0) | (faces.images == 255)).mean() < 0.1
    assert set(MOVED_PARTS) == set(EXPRESSIONS) == set(CLASS_NAMES)


@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_an_action_unit_changes_the_parts_that_it_moves(unit: int) -> None:
    _, moved = ACTION_UNITS[unit]
    inside = outside = area = 0.0
    seeds = range(8)
    for seed in seeds:
        at_rest, parts_at_rest = draw_face({}, seed)
        image, parts = draw_face({unit: 1.0}, seed)
        change = np.abs(image.astype(int) - at_rest)
        assert change.max() > 12
        where = (parts | parts_at_rest)[[PART_NAMES.index(name) for name in moved]].any(axis=0)
        inside += change[where].sum()
        outside += change[~where].sum()
        area += where.mean() / len(seeds)
    assert inside > outside
    assert area < 0.25


def test_intensity_grows_the_change() -> None:
    at_rest, _ = draw_face({}, seed=5)
    changes = [
        np.abs(draw_face({12: intensity}, seed=5)[0].astype(int) - at_rest).sum()
        for intensity in (0.3, 0.6, 1)
    ]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_moved_parts_come_from_the_action_units() -> None:
    assert MOVED_PARTS["neutral"] == ()
    assert MOVED_PARTS["surprise"] == ("brows", "eyes", "mouth")
    assert MOVED_PARTS["happy"] == ("eyes", "mouth", "cheeks")
    assert "nose" in MOVED_PARTS["disgust"]
    for name, units in EXPRESSIONS.items():
        assert set(units) <= set(ACTION_UNITS), name


def test_faces_are_learnable_and_not_trivial(faces: DrawnFaces) -> None:
    from sklearn.linear_model import RidgeClassifier

    unseen = draw_faces(700, seed=2)
    # Half the resolution is enough here, and quick.
    rows, unseen_rows = (f.images[:, ::2, ::2].reshape(700, -1) / 255 for f in (faces, unseen))
    accuracy = RidgeClassifier(alpha=100).fit(rows, faces.labels).score(unseen_rows, unseen.labels)
    assert 0.3 < accuracy < 0.8


@pytest.mark.parametrize(
    ("name", "header", "rows"),
    [
        ("train.csv", "label,feature", TRAIN),
        ("test.csv", "id,feature", TEST),
        ("test_labels.csv", "id,label", TEST),
        ("fer2013.csv", "emotion,pixels,Usage", TRAIN + TEST),
        ("icml_face_data.csv", "emotion, Usage, pixels", TRAIN + TEST),
        ("emotion_pixels.csv", "emotion,pixels", TEST),
        ("pixels.csv", "pixels", TEST),
    ],
)
def test_csv_headers_and_row_counts(csv_folder: Path, name: str, header: str, rows: int) -> None:
    text = (csv_folder / name).read_bytes()
    assert text.endswith(b"\n")
    assert b"\r" not in text
    lines = text.decode("ascii").splitlines()
    assert lines[0] == header
    assert len(lines) == 1 + rows
    assert len(list(csv_folder.iterdir())) == 7


def test_csv_bytes(csv_folder: Path) -> None:
    drawn = draw_faces(TRAIN + TEST, SEED)
    pixels = [" ".join(map(str, face)) for face in drawn.images.reshape(-1, 2304).tolist()]
    labels = drawn.labels.tolist()
    usage = ["Training"] * 30 + ["PublicTest"] * 5 + ["PrivateTest"] * 6
    expected = {
        "train.csv": [f"{labels[i]},{pixels[i]}" for i in range(30)],
        "test.csv": [f"{i},{pixels[30 + i]}" for i in range(11)],
        "test_labels.csv": [f"{i},{labels[30 + i]}" for i in range(11)],
        "fer2013.csv": [f"{labels[i]},{pixels[i]},{usage[i]}" for i in range(41)],
        "icml_face_data.csv": [f"{labels[i]},{usage[i]},{pixels[i]}" for i in range(41)],
        "emotion_pixels.csv": [f"{labels[30 + i]},{pixels[30 + i]}" for i in range(11)],
        "pixels.csv": pixels[30:],
    }
    for name, lines in expected.items():
        assert (csv_folder / name).read_text().splitlines()[1:] == lines, name


def test_csvs_are_read_back(csv_folder: Path) -> None:
    drawn = draw_faces(TRAIN + TEST, SEED)
    for name in ("fer2013.csv", "icml_face_data.csv"):
        dataset = read_csv(csv_folder / name)
        np.testing.assert_array_equal(dataset.images, drawn.images)
        np.testing.assert_array_equal(dataset.labels, drawn.labels)
        assert dataset.usage is not None
        assert np.bincount(dataset.usage).tolist() == [30, 5, 6]


def test_script_draws_with_the_variety_asked_for(tmp_path: Path) -> None:
    draw_faces_script.main([str(tmp_path), "--train", "3", "--test", "2", "--variety", "0.3"])
    expected = draw_faces(5, seed=1, variety=0.3).images
    np.testing.assert_array_equal(read_csv(tmp_path / "fer2013.csv").images, expected)


def test_script_writes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_faces_script.main([str(tmp_path), "--train", "3", "--test", "2", "--seed", "7"])
    assert "3 training and 2 test faces" in capsys.readouterr().out
    assert len((tmp_path / "fer2013.csv").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--train", "0"], "whole number"),
        (["--seed", "-1"], "whole number"),
        (["--variety", "1.5"], "'1.5' is not a number from 0 to 1"),
        (["--variety", "nan"], "'nan' is not a number from 0 to 1"),
    ],
)
def test_script_refuses_in_one_line(tmp_path: Path, fails, arguments: list[str], words: str) -> None:
    assert words in fails(draw_faces_script.main, tmp_path / "new", *arguments)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_a_file_gives_one_line(tmp_path: Path, fails) -> None:
    (tmp_path / "file").write_text("")
    assert "train.csv" in fails(draw_faces_script.main, tmp_path / "file", "--train", "1", "--test", "1")


def test_a_folder_that_holds_a_data_set_is_left_alone(tmp_path: Path, fails) -> None:
    (tmp_path / "test.csv").write_text("the real faces")
    message = fails(draw_faces_script.main, tmp_path, "--train", "1", "--test", "1")
    assert "has test.csv already" in message
    assert [path.name for path in tmp_path.iterdir()] == ["test.csv"]
    assert (tmp_path / "test.csv").read_text() == "the real faces"
