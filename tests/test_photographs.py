"""Pictures of every kind are read upright in eight bits; faces in photographs are found and tabulated."""

import hashlib
import io
import json
import sys
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

from data import CLASS_NAMES, InputError
from data.photographs import face_table, read_photographs
from data.pictures import DETECTOR, Square, find_faces, read_picture, shrink


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder of photographs, two with a face, and files of other kinds."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("astronaut", "cat", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    (folder / "hopper.jpg").write_bytes(hopper.read_bytes())
    for name in ("notes.txt", "IMG_1.jpg", ".hidden"):
        (folder / name).touch()
    (folder / "older").mkdir()
    (folder / "empty").mkdir()
    return folder


def assert_near(square: Square, left: float, top: float, side: float) -> None:
    centres = np.array([square.left + square.side / 2, square.top + square.side / 2])
    np.testing.assert_allclose(centres, [left + side / 2, top + side / 2], atol=0.15 * side)
    assert square.side == pytest.approx(side, rel=0.3)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (np.uint8([0, 128, 255]), [0, 128, 255]),
        (np.uint16([0, 9, 200]), [0, 9, 200]),  # fit into 8 bits
        (np.uint16([0, 1606, 4095]), [0, 100, 255]),  # into 12
        (np.uint16([0, 257 * 77, 60000]), [0, 77, 233]),
        (np.int32([0, 257 * 77, 65535]), [0, 77, 255]),
        (np.int32([-100_000, 0, 100_000]), [0, 128, 255]),  # have no usual range
        (np.float32([0, 0.2, 1]), [0, 51, 255]),
        (np.float32([0, 51, 255]), [0, 51, 255]),
    ],
)
def test_grey_levels_of_every_depth(tmp_path, levels, expected):
    Image.fromarray(levels[np.newaxis]).save(tmp_path / "levels.tif")
    assert np.asarray(read_picture(tmp_path / "levels.tif")).ravel().tolist() == expected


def test_pictures_of_one_bit(tmp_path):
    levels = np.eye(48, dtype=bool)
    Image.fromarray(levels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), 255 * levels)


def test_pictures_of_phones(tmp_path, monkeypatch):
    import pillow_heif

    pillow_heif.register_heif_opener()
    levels = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)
    Image.fromarray(levels).save(tmp_path / "phone.HEIC", quality=95)
    assert np.abs(np.asarray(read_picture(tmp_path / "phone.HEIC")).astype(int) - levels).max() < 20
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"phone\.HEIC: is HEIC; pip install pillow-heif, or save it as PNG"):
        read_picture(tmp_path / "phone.HEIC")


def test_transparent_parts_are_white(tmp_path):
    Image.new("RGBA", (2, 1), (0, 0, 0, 0)).save(tmp_path / "a.png")
    Image.new("P", (2, 1)).save(tmp_path / "b.gif", transparency=0)
    for name in ("a.png", "b.gif"):
        assert np.asarray(read_picture(tmp_path / name)).tolist() == [[255, 255]]
        assert np.asarray(read_picture(tmp_path / name, "RGB")).shape == (1, 2, 3)


def test_what_is_cut_off_does_not_reach_the_face():
    grey = np.zeros((200, 300), np.uint8)
    grey[:, 50:250] = 255
    assert (shrink(Image.fromarray(grey), Square(50, 0, 200)) == 255).all()


def test_several_faces_are_found_from_left_to_right(drawn, tmp_path):
    places = [(330, 60), (40, 120)]
    canvas = Image.new("L", (500, 300), 120)
    for face, place in zip(drawn.images, places, strict=False):
        canvas.paste(Image.fromarray(face).resize((120, 120), Image.Resampling.BICUBIC), place)
    canvas.save(tmp_path / "two.png")
    (photograph,) = read_photographs([str(tmp_path / "two.png")])
    assert photograph.images.shape == (2, 48, 48)
    for square, place in zip(photograph.squares, reversed(places), strict=True):
        assert_near(square, *place, 120)


def test_a_large_turned_photograph_gives_the_upright_square(pictures, tmp_path):
    large = Image.open(pictures / "astronaut.png").convert("L").resize((1536, 1536))
    exif = Image.Exif()
    exif[0x0112] = 6  # the sensor was turned: show it a quarter turn clockwise
    large.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif)
    small, turned = read_photographs([str(pictures / "astronaut.png"), str(tmp_path / "turned.jpg")])
    assert_near(turned.squares[0], *(3 * length for length in small.squares[0][:3]))
    assert read_picture(tmp_path / "turned.jpg", "RGB").size == (1536, 1536)


TILTS = (-45, -30, 15, 20, 40)
CHANGES = {
    "mirrored": ImageOps.mirror,
    "JPEG of quality 5": lambda picture: as_jpeg(picture, 5),
    "dark": lambda picture: picture.point(lambda level: 0.1 * level),
    "flat": lambda picture: picture.point(lambda level: 0.1 * level + 115),
    "overexposed": lambda picture: picture.point(lambda level: min(2.5 * level + 20, 255)),
    "bar over the eyes": lambda picture: covered(picture, 0.3, 0.5),
    "mask": lambda picture: covered(picture, 0.6, 1),
    "face of 20 pixels": lambda picture: picture.reduce(6),
} | {f"tilted by {angle} degrees": partial(Image.Image.rotate, angle=angle) for angle in TILTS}


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def covered(picture: Image.Image, start: float, end: float) -> Image.Image:
    """A portrait with a bar over its face, from `start` to `end` of the height of the face."""
    ((left, top, side, _),) = find_faces(picture)
    picture = picture.copy()
    picture.paste(10, (left, round(top + start * side), left + side, round(top + end * side)))
    return picture


@pytest.mark.parametrize("change", CHANGES)
def test_portraits_have_one_face_whatever_was_done_to_them(change):
    for name in ("astronaut", "hopper"):
        upright = portrait(name)
        ((left, top, side, _),) = find_faces(upright)
        changed = CHANGES[change](upright)
        (square,) = find_faces(changed)
        scale = changed.width / upright.width
        middle = np.array([left + side / 2, top + side / 2]) * scale - np.array(changed.size) / 2
        turn = np.exp(-1j * np.radians(float(change.split()[2]))) if "tilted" in change else 1
        x, y = (turn * complex(*middle)).real, (turn * complex(*middle)).imag
        x = -x if change == "mirrored" else x
        places = x + changed.width / 2 - scale * side / 2, y + changed.height / 2 - scale * side / 2
        assert_near(square, *places, scale * side)


def portrait(name: str) -> Image.Image:
    if name == "astronaut":
        return Image.fromarray(skimage.data.astronaut()).convert("L")
    return Image.open(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("L")


@pytest.mark.parametrize("name", ["brick", "cat", "coffee", "coins", "grass", "horse", "moon", "page"])
def test_no_face_is_found_where_none_is(name):
    levels = np.asarray(getattr(skimage.data, name)())
    picture = Image.fromarray(levels if levels.dtype == np.uint8 else np.uint8(255 * levels)).convert("L")
    assert find_faces(picture) == []


def test_the_detector_is_the_file_that_its_licence_names():
    licence = DETECTOR.with_suffix(".LICENSE").read_text()
    assert hashlib.sha256(DETECTOR.read_bytes()).hexdigest() in licence


def test_small_squares_are_taken_whole_unless_faces_are_wanted(drawn, tmp_path):
    Image.fromarray(drawn.images[0]).save(tmp_path / "face.png")
    Image.new("L", (300, 200), 90).save(tmp_path / "wide.png")
    (photograph,) = read_photographs([str(tmp_path / "face.png")])
    assert photograph.squares == [(0, 0, 48, 0)]
    assert photograph.whole
    np.testing.assert_array_equal(photograph.images, drawn.images[:1])
    (photograph,) = read_photographs([str(tmp_path / "wide.png")], "whole")
    assert photograph.squares == [(50, 0, 200, 0)]


def test_the_table_has_a_row_for_each_face_and_for_each_photograph_without(pictures, capsys):
    Image.new("L", (11, 11)).save(pictures / "older" / "dot.png")
    photographs = read_photographs([str(pictures)])
    told, broken, small = capsys.readouterr().out.splitlines()
    assert told == f"not read in {pictures}: 1 other files, such as notes.txt"
    assert broken.startswith(f"note: {pictures / 'IMG_1.jpg'}: is no readable picture")
    assert small.startswith(f"note: {pictures / 'older' / 'dot.png'}: has 11x11 pixels, too few for a face")
    table = face_table(photographs, np.eye(7)[[3, 6]])
    places = ["face", "left", "top", "side", "tilt", "taken"]
    assert list(table.columns) == ["file", *places, *CLASS_NAMES, "emotion"]
    names = ["IMG_1.jpg", "astronaut.png", "cat.png", "coffee.png", "hopper.jpg", "dot.png"]
    assert [Path(file).name for file in table["file"]] == names
    emotions = ["not readable", "happy", "no face found", "no face found", "neutral", "not readable"]
    assert list(table["emotion"]) == emotions
    rows = json.loads(table.to_json(orient="records"))
    assert set(rows[2].values()) == {str(pictures / "cat.png"), None, "no face found"}
    assert list(rows[4].values())[1:] == [1, *photographs[4].squares[0], "found", *np.eye(7)[6], "neutral"]
    assert_near(photographs[1].squares[0], 168, 58, 112)
    unsure = face_table(photographs, np.array([np.eye(7)[3], np.full(7, 1 / 7)]), least=0.5)
    assert list(unsure["emotion"][[1, 4]]) == ["happy", "unsure"]


def test_photographs_of_one_name_keep_different_names(tmp_path):
    for name in ("100/IMG_1.png", "101/IMG_1.jpg", "101/IMG_1-faces.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (48, 48)).save(tmp_path / name)
    inside = read_photographs([str(tmp_path)])
    assert [photograph.name for photograph in inside] == ["100/IMG_1", "101/IMG_1"], "no drawing is read"
    paths = [str(tmp_path / "100"), str(tmp_path / "101")]
    both = [photograph.name for photograph in read_photographs(paths)]
    assert both == ["IMG_1.png", "IMG_1.jpg"]
    Image.new("L", (48, 48)).save(tmp_path / "101" / "IMG_1.png")
    names = [Path(photograph.name) for photograph in read_photographs(paths)]
    assert [name.parts[-2:] for name in names[::2]] == [("100", "IMG_1.png"), ("101", "IMG_1.png")]


@pytest.mark.parametrize("angle", [-40, -25, 25, 30])
def test_tilted_faces_are_turned_upright(angle):
    upright = Image.fromarray(skimage.data.astronaut()).convert("L")
    turned = upright.rotate(angle, Image.Resampling.BICUBIC)
    ((expected,), (square,)) = (find_faces(picture) for picture in (upright, turned))
    assert abs(square.tilt + angle - expected.tilt) <= 12
    faces = [shrink(*each).ravel() for each in ((upright, expected), (turned, square))]
    as_it_is = shrink(turned, square._replace(tilt=0)).ravel()
    assert np.corrcoef(faces)[0, 1] > np.corrcoef(faces[0], as_it_is)[0, 1] + 0.3


def test_what_cannot_be_read_is_one_line(pictures):
    for name, words in {"notes.txt": "is no readable picture", "empty": "holds no picture; "}.items():
        with pytest.raises(InputError) as raised:
            read_photographs([str(pictures / name)])
        assert str(raised.value).startswith(f"{pictures / name}: {words}")
        assert "\n" not in str(raised.value)
    twice = [str(pictures), str(pictures / "cat.png")]
    with pytest.raises(InputError, match="is given twice"):
        read_photographs(twice)
    with pytest.raises(FileNotFoundError):
        read_photographs([str(pictures / "absent.png")])
