"""Folders of pictures hold what the CSV of the same faces holds, and what is misplaced is one line."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from data import CLASS_NAMES, USAGE_NAMES, InputError
from data.folders import read_folder


def write_classes(folder: Path, start: str = "", count: int = 2) -> Path:
    """Class folders of grey pictures; those of class i have the level 10 i."""
    for label, name in enumerate(CLASS_NAMES):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (48, 48), 10 * label).save(folder / name / f"{start}{name}-{number}.png")
    return folder


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "faces")


def test_folders_hold_what_the_csv_of_the_same_faces_holds(drawn, tmp_path):
    usage = np.arange(70) % 3
    for index, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        folder = tmp_path / ("test" if usage[index] else "train") / CLASS_NAMES[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{USAGE_NAMES[usage[index]]}_{index:02}.png")
    faces = read_folder(tmp_path)
    assert faces.source == str(tmp_path)
    order = np.argsort([int(name[-6:-4]) for name in faces.ids])
    for name, expected in (("images", drawn.images), ("labels", drawn.labels), ("usage", usage)):
        np.testing.assert_array_equal(getattr(faces, name)[order], expected)
    assert (faces.images.dtype, faces.labels.dtype, faces.usage.dtype) == (np.uint8, np.int64, np.uint8)
    assert faces.usage[: (usage == 0).sum()].max() == 0, "training faces come first"
    assert sorted(read_folder(tmp_path / "test").usage) == sorted(usage[usage > 0])


def test_classes_are_mixed_evenly_in_the_order_of_the_names(tmp_path):
    write_classes(tmp_path, count=3)
    for number in range(10, 13):
        shutil.copy(tmp_path / "happy" / "happy-0.png", tmp_path / "happy" / f"more-{number}.png")
    faces = read_folder(tmp_path)
    assert set(faces.labels[:8]) == set(range(7))
    assert (faces.labels[:12] == 3).sum() == 3
    assert [name for name in faces.ids if name.startswith("sad")] == ["sad-0.png", "sad-1.png", "sad-2.png"]
    assert faces.usage is None


def test_synonyms_in_any_case(classes):
    synonyms = ["Anger", "DISGUSTED", "fearful", "Happiness", "sadness", "Surprised", "Neutral "]
    for name, given in zip(CLASS_NAMES, synonyms, strict=True):
        (classes / name).rename(classes / given)
    faces = read_folder(classes)
    np.testing.assert_array_equal(faces.images[:, 0, 0], 10 * faces.labels)
    assert sorted(faces.labels) == sorted([*range(7), *range(7)])


# Of training faces in validation/ some were set aside.
PLACES = [("VAL", "", 1), ("validation", "Training_", 1), ("Test", "", 2), ("test", "PublicTest_", 1)]
PLACES += [("test", "PrivateTest_", 2), ("val", "PrivateTest_", 2)]


@pytest.mark.parametrize(("folder", "start", "usage"), PLACES)
def test_split_folders_and_names_give_the_usage(tmp_path, folder, start, usage):
    write_classes(tmp_path / "Train")
    write_classes(tmp_path / folder, start)
    assert np.bincount(read_folder(tmp_path).usage, minlength=3)[[0, usage]].tolist() == [14, 14]


def test_a_test_face_among_training_faces_stays_a_test_face(classes):
    Image.new("L", (48, 48)).save(classes / "happy" / "PrivateTest_1.png")
    classes.rename(classes.parent / "train")
    for root in (classes.parent, classes.parent / "train"):
        faces = read_folder(root)
        assert faces.ids[faces.usage == 2].tolist() == ["PrivateTest_1.png"]
        assert (faces.usage == 0).sum() == 14


def test_pictures_without_classes_have_no_labels(classes, tmp_path):
    flat = tmp_path / "Test"
    flat.mkdir()
    for picture in classes.glob("*/*"):
        shutil.copy(picture, flat)
    faces = read_folder(flat)
    assert faces.labels is None
    assert faces.ids.tolist() == sorted(picture.name for picture in flat.iterdir())
    assert read_folder(classes.rename(tmp_path / "train").parent).labels.tolist() == [*range(7), *range(7)]


def test_pictures_of_any_size_and_colour_and_names_that_two_of_them_share(classes):
    Image.new("RGB", (90, 90), (90, 90, 90)).save(classes / "sad" / "photo.JPG")
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200  # the middle square
    Image.fromarray(wide).save(classes / "sad" / "wide.tif")
    faces = read_folder(classes, how="whole")
    assert np.unique(faces.images[faces.ids == "photo.JPG"]).tolist() == [90]
    assert np.unique(faces.images[faces.ids == "wide.tif"]).tolist() == [200]
    Image.new("L", (48, 48)).save(classes / "happy" / "sad-0.png")
    assert {"sad/sad-0.png", "happy/sad-0.png"} <= set(read_folder(classes, how="whole").ids)


def test_what_holds_no_pictures_is_ignored(tmp_path):
    """As in the project's own data/, where someone unpacked train/ beside the code."""
    write_classes(tmp_path / "train")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__MACOSX" / "train").mkdir(parents=True)
    beside = ("faces.py", "__pycache__/faces.pyc", "train/README.md", "__MACOSX/train/a.png")
    for name in (*beside, "train/sad/.DS_Store", "train/sad/Thumbs.db"):
        (tmp_path / name).write_bytes(b"no picture")
    assert len(read_folder(tmp_path)) == 14


def test_the_largest_face_of_a_photograph_is_taken(classes, capsys):
    photograph = Image.fromarray(skimage.data.astronaut())
    twice = Image.new("RGB", (820, 512), "white")
    twice.paste(photograph.resize((256, 256)))
    twice.paste(photograph, (308, 0))
    for name, picture in (("one", photograph), ("two", twice), ("none", Image.new("L", (300, 200)))):
        picture.save(classes / "happy" / f"{name}.png")
    faces = read_folder(classes)
    assert len(faces) == 16
    listing = "no face found in 1 of 17 pictures, which are left out (--faces whole takes each picture as one"
    assert capsys.readouterr().out == f"note: {classes}: {listing} face): none.png\n"
    one, two = (faces.images[faces.ids == name].astype(int) for name in ("one.png", "two.png"))
    assert abs(one - two).mean() < 20
    assert len(read_folder(classes, how="whole")) == 17
    assert read_folder(classes, how="find").ids.tolist() == ["one.png", "two.png"]
    for name in ("one", "two"):
        (classes / "happy" / f"{name}.png").unlink()
    with pytest.raises(InputError, match=r"no face found in 15 of 15 pictures; --faces whole takes each"):
        read_folder(classes, how="find")


def test_folders_of_any_name_by_classes(tmp_path, capsys):
    for split in ("train", "test"):
        folder = write_classes(tmp_path / "DATASET" / split)
        for label, name in enumerate(CLASS_NAMES):
            (folder / name).rename(folder / str(label + 1))
    classes = [f"{number}={name}" for number, name in enumerate(CLASS_NAMES[:6], start=1)] + ["7=-"]
    faces = read_folder(tmp_path, classes)
    np.testing.assert_array_equal(faces.images[:, 0, 0], 10 * faces.labels)
    assert [np.bincount(faces.labels).tolist(), faces.usage.tolist()] == [[4] * 6, [0] * 12 + [2] * 12]
    assert capsys.readouterr().out == f"{tmp_path}: 4 of 28 pictures are left out, as --classes says\n"
    assert read_folder(tmp_path, classes, only_test=True).usage.tolist() == [2] * 12
    with pytest.raises(
        InputError, match=r"label '7' is no class; .*7=- .*\(labels here: 1, 2, 3, 4, 5, 6, 7\)"
    ):
        read_folder(tmp_path, classes[:6])


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("contempt/a.png", "faces: label 'contempt' is no class; say what it is by --classes contempt=CLASS"),
        ("3/deeper/a.png", "label '3' is no class; say what it is by --classes 3=CLASS, or 3=- to leave it"),
        ("me.jpg", "me.jpg: is or has pictures, but no class"),
        (
            "happy/more/a.png",
            "more/a.png: is no readable picture (cannot identify image file); save it as PNG",
        ),
        ("happy/notes.rtf", "notes.rtf: is no readable picture (cannot identify"),
        ("joy/phone.heic", "phone.heic: is no readable picture"),
        ("happy/cut.jpg", "cut.jpg: is no readable picture (image file is truncated"),
    ],
)
def test_what_is_misplaced_or_broken_is_one_line(classes, target, words):
    path = classes / target
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    Image.fromarray(noise).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:-400] if path.suffix == ".jpg" else b"no picture")
    with pytest.raises(InputError) as raised:
        read_folder(classes)
    assert str(raised.value).startswith(str(classes))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_without_pictures_is_one_line(tmp_path):
    (tmp_path / "train.csv").touch()
    with pytest.raises(InputError, match="has no class folders, such as happy/, and no pictures"):
        read_folder(tmp_path)


@pytest.mark.parametrize("place", ["happy/test", "happy/sad"])
def test_splits_and_classes_in_a_class_are_refused(classes, place):
    (classes / place).mkdir()
    shutil.move(classes / "happy" / "happy-0.png", classes / place)
    with pytest.raises(InputError, match=r"holds a folder (test|sad), a split .* such as train/happy/"):
        read_folder(classes)
