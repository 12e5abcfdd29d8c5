"""Pictures of every kind are read upright in eight bits; faces in photographs are found and tabulated."""

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import skimage.data
from PIL import Image

from data import CLASS_NAMES, InputError
from data.photographs import face_table, read_photographs
from data.pictures import Square, read_colour, read_grey, shrink


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder of photographs, two with a face, and files of other kinds."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("astronaut", "cat", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    (folder / "hopper.jpg").write_bytes(hopper.read_bytes())
    for name in ("notes.txt", "IMG_1.HEIC", ".hidden"):
        (folder / name).touch()
    (folder / "older").mkdir()
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
    assert np.asarray(read_grey(tmp_path / "levels.tif")).ravel().tolist() == expected


def test_pictures_of_one_bit(tmp_path):
    levels = np.eye(48, dtype=bool)
    Image.fromarray(levels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_grey(tmp_path / "a.png"), 255 * levels)


def test_transparent_parts_are_white(tmp_path):
    Image.new("RGBA", (2, 1), (0, 0, 0, 0)).save(tmp_path / "a.png")
    Image.new("P", (2, 1)).save(tmp_path / "b.gif", transparency=0)
    for name in ("a.png", "b.gif"):
        assert np.asarray(read_grey(tmp_path / name)).tolist() == [[255, 255]]
        assert np.asarray(read_colour(tmp_path / name)).shape == (1, 2, 3)


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
    assert_near(turned.squares[0], *(3 * length for length in small.squares[0]))
    assert read_colour(tmp_path / "turned.jpg").size == (1536, 1536)


@pytest.mark.parametrize(("factor", "added"), [(0.1, 0), (0.1, 115)])
def test_dark_and_flat_faces_are_found(factor, added, tmp_path):
    levels = skimage.data.astronaut() * factor + added
    Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "dark.png")
    (photograph,) = read_photographs([str(tmp_path / "dark.png")])
    assert_near(photograph.squares[0], 168, 58, 112)


def test_small_squares_are_taken_whole_unless_faces_are_wanted(drawn, tmp_path):
    Image.fromarray(drawn.images[0]).save(tmp_path / "face.png")
    Image.new("L", (300, 200), 90).save(tmp_path / "wide.png")
    (photograph,) = read_photographs([str(tmp_path / "face.png")])
    assert photograph.squares == [(0, 0, 48)]
    np.testing.assert_array_equal(photograph.images, drawn.images[:1])
    (photograph,) = read_photographs([str(tmp_path / "wide.png")], "whole")
    assert photograph.squares == [(50, 0, 200)]
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(InputError, match=r"dot\.png and 1 more: no face found; .*--faces whole"):
        read_photographs([str(tmp_path / "dot.png"), str(tmp_path / "wide.png")], "find")


def test_the_table_has_a_row_for_each_face_and_for_each_photograph_without(pictures, capsys):
    photographs = read_photographs([str(pictures)])
    assert capsys.readouterr().out == f"not read in {pictures}: 2 files of other kinds, such as IMG_1.HEIC\n"
    table = face_table(photographs, np.eye(7)[[3, 6]])
    assert list(table.columns) == ["file", "face", "left", "top", "side", *CLASS_NAMES, "emotion"]
    names = ["astronaut.png", "cat.png", "coffee.png", "hopper.jpg"]
    assert [Path(file).name for file in table["file"]] == names
    assert list(table["emotion"]) == ["happy", "no face found", "no face found", "neutral"]
    rows = json.loads(table.to_json(orient="records"))
    assert set(rows[1].values()) == {str(pictures / "cat.png"), None, "no face found"}
    assert list(rows[3].values())[1:] == [1, *photographs[3].squares[0], *np.eye(7)[6], "neutral"]
    assert_near(photographs[0].squares[0], 168, 58, 112)
    unsure = face_table(photographs, np.array([np.eye(7)[3], np.full(7, 1 / 7)]), least=0.5)
    assert list(unsure["emotion"]) == ["happy", "no face found", "no face found", "unsure"]


def test_what_cannot_be_read_is_one_line(pictures):
    cases = {"notes.txt": "is no readable picture", "older": "holds no picture; ", "cat.png": "no face found"}
    for name, words in cases.items():
        with pytest.raises(InputError) as raised:
            read_photographs([str(pictures / name)])
        assert str(raised.value).startswith(f"{pictures / name}: {words}")
        assert "\n" not in str(raised.value)
