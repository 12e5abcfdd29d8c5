"""Finding faces in photographs that pinned packages ship, and in drawn ones; their table and drawings."""

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_image

import predict
from analysis.figures.photographs import draw_photograph
from data.dataset import CLASS_NAMES
from data.errors import InputError
from data.pictures import Square
from drawing.faces import draw_faces
from photographs.reading import annotated_files, read_photographs, unread_files
from photographs.table import face_table


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder of photographs, two with a face, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("astronaut", "cat", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    (folder / "hopper.jpg").write_bytes(hopper.read_bytes())
    (folder / "notes.txt").write_text("not a picture")
    return folder


def canvas_of(faces, places, size=(500, 300), side=120) -> Image.Image:
    canvas = Image.new("L", size, 120)
    for face, place in zip(faces, places, strict=True):
        canvas.paste(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC), place)
    return canvas


def assert_near(square: Square, left: float, top: float, side: float) -> None:
    centres = np.array([square.left + square.side / 2, square.top + square.side / 2])
    np.testing.assert_allclose(centres, [left + side / 2, top + side / 2], atol=0.15 * side)
    assert square.side == pytest.approx(side, rel=0.3)


def test_the_shipped_weights_read_photographs_as_their_faces_alone(pictures, tmp_path, capsys):
    out, drawings = tmp_path / "faces.csv", tmp_path / "drawings"
    predict.main(["--images", str(pictures), "--out", str(out), "--annotate", str(drawings)])
    table = pd.read_csv(out).set_index(pd.read_csv(out)["file"].map(lambda file: Path(file).stem))
    assert list(table["emotion"]) == ["happy", "no face found", "no face found", "neutral"]
    assert list(table["face"].fillna(0)) == [1, 0, 0, 1]
    assert table.loc["astronaut", "happy"] > 0.8
    assert table.loc["hopper", "neutral"] > 0.5
    sums = table.loc[["astronaut", "hopper"], list(CLASS_NAMES)].sum(axis=1)
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    printed = capsys.readouterr().out
    assert printed.count("no face found") == 2
    assert "<NA>" not in printed
    assert f"not read: {pictures / 'notes.txt'}; of a folder, only files that end in .jpg" in printed
    drawn = sorted(file.name for file in drawings.iterdir())
    assert drawn == [f"{name}-faces.png" for name in ("astronaut", "cat", "coffee", "hopper")]


def test_several_faces_are_found_from_left_to_right(tmp_path):
    places = [(330, 60), (40, 120)]
    canvas_of(draw_faces(14, seed=3).images[:2], places).save(tmp_path / "two.png")
    (photograph,) = read_photographs([str(tmp_path / "two.png")])
    assert photograph.faces.shape == (2, 48, 48)
    for square, place in zip(photograph.squares, reversed(places), strict=True):
        assert_near(square, *place, 120)


def test_most_drawn_faces_are_found(tmp_path):
    drawn = draw_faces(28, seed=5).images
    for index, face in enumerate(drawn):
        canvas_of([face], [(100 + 5 * index, 80)]).save(tmp_path / f"{index:02}.png")
    found = [len(photograph.squares) for photograph in read_photographs([str(tmp_path)])]
    assert sum(count == 1 for count in found) >= 25


def test_a_large_turned_photograph_gives_the_upright_square(pictures, tmp_path):
    with Image.open(pictures / "astronaut.png") as opened:
        upright = opened.convert("L")
    large = upright.resize((4900, 4900), Image.Resampling.BILINEAR)
    exif = Image.Exif()
    exif[0x0112] = 6  # the sensor was turned: show it a quarter turn clockwise
    large.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif)
    small, turned = read_photographs([str(pictures / "astronaut.png"), str(tmp_path / "turned.jpg")])
    factor = 4900 / 512
    assert_near(turned.squares[0], *(factor * length for length in small.squares[0]))


def test_small_squares_are_taken_whole_unless_faces_are_wanted(tmp_path, fails):
    face = draw_faces(7, seed=1).images[0]
    path = tmp_path / "face.png"
    Image.fromarray(face).save(path)
    (photograph,) = read_photographs([str(path)])
    assert photograph.squares == [(0, 0, 48)]
    np.testing.assert_array_equal(photograph.faces[0], face)
    Image.new("L", (300, 200), 90).save(tmp_path / "wide.png")
    (photograph,) = read_photographs([str(tmp_path / "wide.png")], "whole")
    assert photograph.squares == [(50, 0, 200)]
    Image.new("L", (1, 1), 90).save(tmp_path / "dot.png")
    with pytest.raises(InputError, match=r"dot.png and 1 more: no face found; .*--faces whole"):
        read_photographs([str(tmp_path / "dot.png"), str(tmp_path / "wide.png")], "find")


def test_photographs_without_faces_have_none(tmp_path):
    for name in ("china.jpg", "flower.jpg"):
        Image.fromarray(load_sample_image(name)).save(tmp_path / name)
        with pytest.raises(InputError, match="no face found"):
            read_photographs([str(tmp_path / name)])


def test_the_table_has_a_row_for_each_face_and_for_each_photograph_without(pictures, tmp_path):
    photographs = read_photographs([str(pictures / "cat.png"), str(pictures / "astronaut.png")])
    table = face_table(photographs, np.eye(7)[[3]])
    assert list(table.columns) == ["file", "face", "left", "top", "side", *CLASS_NAMES, "emotion"]
    rows = json.loads(table.to_json(orient="records"))
    assert [row["emotion"] for row in rows] == ["no face found", "happy"]
    assert (rows[0]["face"], rows[0]["left"], rows[0]["happy"]) == (None, None, None)
    assert tuple(rows[1][name] for name in ("left", "top", "side")) == photographs[1].squares[0]


@pytest.mark.parametrize("size", [(600, 400), (400, 600)])
def test_labels_stay_in_the_photograph(size):
    width, height = size
    squares = np.array([[left, top, 40.0] for left in (0, width / 2, width - 40) for top in (0, height - 40)])
    figure = draw_photograph(
        np.full((height, width, 3), 120, np.uint8), squares, np.zeros((6, 48, 48)), np.eye(7)[:6], "title"
    )
    figure.canvas.draw()
    photograph = figure.axes[0]
    edges = photograph.get_window_extent()
    for text in photograph.texts:
        label = text.get_window_extent()
        assert edges.x0 - 3 <= label.x0 < label.x1 <= edges.x1 + 3, text.get_text()
        assert edges.y0 - 3 <= label.y0 < label.y1 <= edges.y1 + 3, text.get_text()


def test_what_is_left_out_of_folders_is_counted(pictures, tmp_path, fails):
    for name in ("a.jpg", "IMG_1.HEIC", "read.me", "Thumbs.db", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "older").mkdir()
    assert unread_files([str(tmp_path / "a.jpg")]) == ""
    line = unread_files([str(tmp_path), str(pictures)])
    assert line.startswith(f"not read: {tmp_path / 'IMG_1.HEIC'} and 3 more; ")
    (tmp_path / "a.jpg").unlink()
    assert "only others such as IMG_1.HEIC; " in fails(predict.main, "--images", tmp_path)


def test_bad_input_ends_with_one_line_and_no_file(pictures, tmp_path, fails, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    astronaut = pictures / "astronaut.png"
    for arguments, words in (
        (["--images", pictures / "cat.png"], "no face found"),
        (["--images", "empty"], "holds no picture"),
        (["--images", pictures / "notes.txt"], "is not a picture"),
        (["--images", astronaut, "--out", "table.txt"], "must end in .csv or .json"),
        (["--images", astronaut, "--annotate", "file"], "is a file"),
        (["--images", astronaut, astronaut, "--annotate", "new"], "another picture is drawn"),
        (["--images", astronaut, "--labels", "labels.csv"], "--labels goes with --data"),
        (["--faces", "find"], "--faces goes with --images"),
        (["--annotate", "new"], "--annotate goes with --images"),
    ):
        assert words in fails(predict.main, *arguments)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty", "file"]
    assert annotated_files(read_photographs([str(astronaut)]), "new") == [Path("new/astronaut-faces.png")]
