"""Folders of pictures are read by their names, as the same faces in a CSV are, or refused in one line."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import confusion
import draw_faces
import predict
import saliency
import train_cnn
from data import cache
from data.atomic import write_files
from data.cache import read_cached
from data.csv_reader import read_csv, read_labels
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.labels import with_labels
from data.picture_folder import read_folder
from data.submission import submission_text
from training.training_data import load_training_data


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """A folder of seven class folders with two pictures each; that of class i is grey level 10 i."""
    folder = tmp_path / "faces"
    write_classes(folder)
    return folder


def write_classes(folder: Path, start: str = "", ending: str = "png") -> None:
    for label, name in enumerate(CLASS_NAMES):
        (folder / name).mkdir(parents=True)
        for number in range(2):
            picture = Image.new("L", (48, 48), 10 * label)
            picture.save(folder / name / f"{start}{name}-{number}.{ending}")


def flat_copy(folder: Path, target: Path) -> None:
    target.mkdir()
    for picture in sorted(folder.glob("*/*")):
        shutil.copy(picture, target)


def by_number(dataset: Dataset) -> Dataset:
    """In the order of the numbers in the names, which is that of the CSV."""
    return dataset.select(np.argsort([int(name[:-4].split("_")[1]) for name in dataset.ids]))


def test_folders_hold_what_the_csv_of_the_same_faces_holds(drawn, drawn_folders):
    expected, folders = read_csv(drawn / "fer2013.csv"), read_folder(drawn_folders)
    assert folders.source == str(drawn_folders)
    same = by_number(folders)
    for name in ("images", "labels", "usage"):
        values, wanted = getattr(same, name), getattr(expected, name)
        assert values.dtype == wanted.dtype
        np.testing.assert_array_equal(values, wanted)
    assert same.ids[0] == "Training_00000.png"
    assert folders.rows.tolist() == list(range(230))


def test_class_folders_alone_have_the_usage_of_their_names(drawn_folders, classes):
    assert np.bincount(read_folder(drawn_folders / "test").usage).tolist() == [0, 35, 35]
    assert read_folder(classes).usage is None


def test_classes_are_mixed_evenly(drawn_folders):
    labels = read_folder(drawn_folders).labels[:160]
    assert set(labels[:7]) == set(range(7))
    assert np.bincount(labels[:80]).tolist() == pytest.approx((np.bincount(labels) / 2).tolist(), abs=1)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("angry", "Anger"),
        ("disgust", "DISGUSTED"),
        ("fear", "fearful"),
        ("happy", "Happiness"),
        ("sad", "sadness"),
        ("surprise", "Surprised"),
        ("neutral", "Neutral "),
    ],
)
def test_synonyms_in_any_case(classes, name, given):
    (classes / name).rename(classes / given)
    faces = read_folder(classes)
    np.testing.assert_array_equal(faces.images[:, 0, 0], 10 * faces.labels)
    assert faces.labels.tolist() == [*range(7), *range(7)]


@pytest.mark.parametrize(("folder", "usage"), [("VAL", 1), ("validation", 1), ("Test", 2)])
def test_split_folders_give_the_usage(tmp_path, folder, usage):
    write_classes(tmp_path / "Train")
    write_classes(tmp_path / folder, start="Training_")
    assert np.bincount(read_folder(tmp_path).usage, minlength=3)[[0, usage]].tolist() == [14, 14]


def test_pictures_of_any_size_and_colour(classes):
    Image.new("RGB", (300, 200), (90, 90, 90)).save(classes / "sad" / "photo.JPG")
    Image.new("P", (20, 20)).save(classes / "sad" / "small.jpeg.png")
    faces = read_folder(classes)
    assert faces.images[faces.ids == "photo.JPG"].tolist() == np.full((1, 48, 48), 90).tolist()
    assert len(faces) == 16


def test_files_of_the_system_are_ignored(classes):
    for name in (".DS_Store", "happy/.DS_Store", "happy/._photo.png", "Thumbs.db", "sad/Thumbs.db"):
        (classes / name).write_bytes(b"no picture")
    (classes / "__MACOSX" / "happy").mkdir(parents=True)
    (classes / ".ipynb_checkpoints").mkdir()
    (classes / "README.txt").write_text("beside class folders, where pictures are not expected")
    assert len(read_folder(classes)) == 14


def test_a_name_that_two_pictures_share_is_told_apart_by_its_folder(classes):
    Image.new("L", (48, 48)).save(classes / "happy" / "sad-0.png")
    assert {"sad/sad-0.png", "happy/sad-0.png"} <= set(read_folder(classes).ids)


def spoil(classes: Path, change: str) -> Path:
    """Make one fault; gives the path that the message has to name."""
    happy = classes / "happy"
    if change == "missing":
        shutil.rmtree(happy)
        return classes
    if change == "empty":
        for picture in happy.iterdir():
            picture.unlink()
        return happy
    if change == "twice":
        shutil.copytree(happy, classes / "Joy")
        return happy
    target = {
        "unknown": classes / "contempt",
        "number": classes / "3",
        "nested": happy / "more",
        "outside": classes / "me.jpg",
        "text": happy / "notes.txt",
        "cut": happy / "cut.jpg",
        "link": happy / "link.png",
        "pipe": happy / "pipe.png",
        "line break": happy / "a\nb.png",
        "usage": happy / "PublicTest_1.png",
    }[change]
    if change in ("unknown", "number", "nested"):
        target.mkdir()
    elif change == "link":
        target.symlink_to("nowhere")
    elif change == "pipe":
        os.mkfifo(target)
    elif change == "cut":
        noise = np.random.default_rng(1).integers(0, 256, (48, 48)).astype(np.uint8)
        Image.fromarray(noise).save(target)
        target.write_bytes(target.read_bytes()[:-400])
    elif change in ("line break", "usage"):
        shutil.copy(happy / "happy-0.png", target)
    else:
        target.write_text("no picture")
    return classes / "angry" / "angry-0.png" if change == "usage" else target


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("missing", "no class folder happy"),
        ("empty", "is empty"),
        ("twice", "is the same class as Joy"),
        ("unknown", "is not a class folder; known are angry, anger, disgust"),
        ("number", "is not a class folder"),
        ("nested", "is a folder among pictures"),
        ("outside", "is not in a class folder"),
        ("text", "is not a picture"),
        ("cut", "truncated"),
        ("link", "broken link"),
        ("pipe", "pipe"),
        ("line break", "rename the picture"),
        ("usage", "states no Usage, unlike PublicTest_1.png"),
    ],
)
def test_faults_are_one_line_with_the_path(classes, change, words, fails):
    path = spoil(classes, change)
    line = fails(confusion.main, "--data", classes, "--out", classes.parent / "c.png")
    assert line.startswith("error: " + " ".join(str(path).split()) + ": ")
    assert words in line
    assert sorted(each.name for each in classes.parent.iterdir()) == ["faces"]


def test_faults_of_splits(tmp_path, drawn):
    with pytest.raises(InputError, match="without train, test, class folders"):
        read_folder(drawn)
    write_classes(tmp_path / "train")
    (tmp_path / "more").mkdir()
    with pytest.raises(
        InputError, match="more: is not a split folder; known are train, validation, val, test"
    ):
        read_folder(tmp_path)
    (tmp_path / "more").rename(tmp_path / "val")
    with pytest.raises(InputError, match="val: has no class folder angry"):
        read_folder(tmp_path)
    shutil.rmtree(tmp_path / "val")
    shutil.copy(tmp_path / "train/sad/sad-0.png", tmp_path / "train/sad/PrivateTest_7.png")
    with pytest.raises(InputError, match=r"PrivateTest_7\.png: is a PrivateTest face among training faces"):
        read_folder(tmp_path)


def test_a_test_folder_without_classes_is_unlabelled(tmp_path, drawn_folders, compact_run, capsys):
    shutil.copytree(drawn_folders / "train", tmp_path / "train")
    flat_copy(drawn_folders / "test", tmp_path / "test")
    assert len(read_folder(tmp_path)) == 160
    assert read_folder(tmp_path).labels is not None
    data = load_training_data(str(tmp_path), "0.2", seed=1, limit=None)
    assert len(data.training) + len(data.validation) == 160
    out = tmp_path.parent / "flat.csv"
    predict.main(["--data", str(tmp_path), "--weights", str(compact_run), "--out", str(out)])
    assert f"70 rows, the faces of {tmp_path / 'test'}" in capsys.readouterr().out
    assert read_labels(out, str)[0].tolist() == sorted(path.name for path in (tmp_path / "test").iterdir())


def test_training_validates_on_the_validation_folder(tmp_path, drawn_folders):
    classes = drawn_folders / "train"
    data = load_training_data(str(classes), str(drawn_folders / "test"), seed=1, limit=20)
    assert len(data.training) == 20
    assert len(data.validation) == 70
    shutil.copytree(classes, tmp_path / "train")
    shutil.copytree(classes, tmp_path / "val")
    assert len(load_training_data(str(tmp_path), "PublicTest", seed=1, limit=None).validation) == 160


def test_scripts_take_folders_where_they_take_a_csv(drawn, drawn_folders, compact_run, tmp_path, capsys):
    weights = ["--weights", str(compact_run)]
    printed = []
    for data in (drawn / "fer2013.csv", drawn_folders):
        confusion.main(["--data", str(data), *weights, "--out", str(tmp_path / "c.png")])
        saliency.main(["--data", str(data), *weights, "--out", str(tmp_path / "s.png")])
        text = capsys.readouterr().out.replace(str(data), "DATA")
        printed.append([line for line in text.splitlines() if "accuracy" in line or "DATA" in line])
    assert printed[0] == printed[1]
    assert len(printed[0]) > 3


def test_without_a_validation_folder_faces_of_the_test_folder_are_measured(
    drawn_folders, compact_run, tmp_path, capsys
):
    shutil.copytree(drawn_folders, tmp_path / "faces")
    for picture in (tmp_path / "faces" / "test").glob("*/PublicTest_*"):
        picture.unlink()
    options = ["--data", str(tmp_path / "faces"), "--weights", str(compact_run)]
    confusion.main([*options, "--out", str(tmp_path / "c.png")])
    assert "35 PrivateTest rows" in capsys.readouterr().out


def test_augmented_faces_of_a_folder(drawn_folders, tmp_path):
    out = tmp_path / "augmented.png"
    train_cnn.main(["--data", str(drawn_folders), "--show-augmentation", str(out)])
    assert out.is_file()


def test_an_output_may_not_be_in_the_folder_that_is_read(classes, compact_run, fails):
    options = ["--data", classes, "--weights", compact_run, "--out", classes / "happy" / "out.csv"]
    assert "the folder faces is read by this command" in fails(predict.main, *options)


def test_names_with_commas_and_quotation_marks_come_back(classes):
    shutil.rmtree(classes / "angry")
    (classes / "happy").rename(classes.parent / "flat")
    for name in ('a, "b".png', "c,d.png", "é.png"):
        Image.new("L", (9, 9)).save(classes.parent / "flat" / name)
    faces = read_folder(classes.parent / "flat")
    assert faces.labels is None
    file = classes.parent / "labels.csv"
    write_files({file: submission_text(faces.ids, np.arange(5))})
    assert '"a, ""b"".png",0\n' in file.read_text()
    assert with_labels(faces, str(file)).labels.tolist() == [0, 1, 2, 3, 4]


# The cache of a folder.


@pytest.fixture
def much_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures count as written long ago, so that their times alone are trusted."""
    now = cache.time.time_ns
    monkeypatch.setattr(cache.time, "time_ns", lambda: now() + 60 * 10**9)


def forbid(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was read again")

    for name in names:
        monkeypatch.setattr(cache, name, refuse)


@pytest.mark.parametrize("start", [".", "faces"])
def test_a_later_read_equals_the_first(classes, monkeypatch, much_later, start):
    monkeypatch.chdir(classes if start == "." else classes.parent)
    first = read_cached(start)
    forbid(monkeypatch, "read_folder", "_checksum")
    later = read_cached(start)
    assert isinstance(later.images, np.memmap)
    assert later.usage is None
    for name in ("images", "labels", "ids"):
        np.testing.assert_array_equal(getattr(later, name), getattr(first, name))
    assert (classes.parent / ".fer2013_cache" / "faces.faces").is_file()


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("change", ["content", "move", "remove", "add", "unknown"])
def test_every_change_is_noticed(classes, request, trusted, change):
    if trusted:
        request.getfixturevalue("much_later")
    first = read_cached(classes)
    picture = classes / "happy" / "happy-1.png"
    if change == "unknown":
        (classes / "contempt").mkdir()
        with pytest.raises(InputError, match="contempt"):
            read_cached(classes)
        return
    if change == "content":
        status = picture.stat()
        Image.new("L", (48, 48), 31).save(picture)
        os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "move":
        picture.rename(classes / "sad" / "happy-1.png")
    elif change == "remove":
        picture.unlink()
    else:
        shutil.copy(picture, picture.with_name("happy-2.png"))
    later = read_cached(classes)
    assert (len(later), later.labels.tolist(), later.images.tolist()) != (
        len(first),
        first.labels.tolist(),
        first.images.tolist(),
    )
    np.testing.assert_array_equal(later.images, read_folder(classes).images)


def test_touched_pictures_are_not_decoded_and_then_trusted_again(classes, monkeypatch, much_later):
    read_cached(classes)
    os.utime(classes / "happy" / "happy-1.png")
    (classes / "happy" / ".DS_Store").touch()
    forbid(monkeypatch, "read_folder")
    read_cached(classes)
    forbid(monkeypatch, "_checksum")
    assert len(read_cached(classes)) == 14


# draw_faces.py writes this form, too.


def test_drawn_folders_are_not_replaced_and_have_every_class(tmp_path, fails):
    folder = tmp_path / "new"
    assert "too few" in fails(draw_faces.main, folder, "--form", "folders", "--train", 3, "--test", 20)
    assert not folder.exists()
    draw_faces.main([str(folder), "--form", "folders", "--train", "14", "--test", "14"])
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    assert "has train and test already" in fails(draw_faces.main, folder, "--form", "folders")
