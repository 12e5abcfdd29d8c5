"""predict.py on videos and cameras: drawn faces at known places and times."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import predict
from data import CLASS_NAMES
from data.drawn import draw_faces
from data.photographs import follow
from data.pictures import Square

# Frames per second, seconds, and the side of a face.
RATE, SECONDS, SIDE = 10, 3, 96


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A happy face moves right; after a second a sad one appears on the right of it."""
    faces = draw_faces(14, seed=5, variety=0.3)
    happy, sad = (faces.images[faces.labels == CLASS_NAMES.index(name)][0] for name in ("happy", "sad"))
    file = tmp_path_factory.mktemp("film") / "party.avi"
    video = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (480, 320))
    for number in range(RATE * SECONDS):
        frame = np.full((320, 480, 3), 120, np.uint8)
        for face, left in ((happy, 20 + 3 * number), (sad, 340))[: 1 + (number >= RATE)]:
            large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            frame[100 : 100 + SIDE, left : left + SIDE] = large[..., np.newaxis]
        video.write(frame)
    video.release()
    return file


def predicted(film: Path, out: Path, *options: str) -> pd.DataFrame:
    predict.main(["--video", str(film), "--out", str(out), "--weights", "compact", *options])
    return pd.read_csv(out)


def test_a_video_gives_a_row_for_each_face_in_each_frame(film, tmp_path, capsys):
    drawing = tmp_path / "drawn.mp4"
    table = predicted(film, tmp_path / "party.csv", "--annotate", str(drawing))
    assert capsys.readouterr().out.splitlines() == [
        f"wrote {tmp_path / name}" for name in ("party.png", "party.csv", "drawn.mp4")
    ]
    places = ["left", "top", "side", "tilt"]
    assert list(table.columns) == ["time", "frame", "face", *places, *CLASS_NAMES, "emotion"]
    assert table["frame"].tolist() == [0, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    np.testing.assert_allclose(table["time"], table["frame"] / 2, atol=0.01)
    happy, sad = (table[table["face"] == number] for number in (1, 2))
    assert happy["emotion"].mode().tolist() == ["happy"]
    assert set(sad["emotion"]) == {"sad"}
    middle = SIDE / 2
    np.testing.assert_allclose(happy["left"] + happy["side"] / 2, 20 + 30 * happy["time"] + middle, atol=15)
    np.testing.assert_allclose(sad["left"] + sad["side"] / 2, 340 + middle, atol=15)
    np.testing.assert_allclose(table["top"] + table["side"] / 2, 100 + middle, atol=15)
    np.testing.assert_allclose(table[list(CLASS_NAMES)].sum(axis=1), 1, atol=1e-5)
    frames = cv2.VideoCapture(str(drawing))
    assert frames.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    assert frames.get(cv2.CAP_PROP_FPS) == 2
    blue, green, red = frames.read()[1].astype(int).transpose(2, 0, 1)
    assert ((red - blue > 100) & (green - blue > 100)).sum() > 100, "yellow frames"


def test_frames_are_picked_by_time(film, tmp_path):
    assert predicted(film, tmp_path / "a.csv", "--every", "1")["time"].unique().tolist() == [0, 1, 2]
    assert len(predicted(film, tmp_path / "b.csv", "--every", "0.1")["frame"].unique()) == RATE * SECONDS


def test_of_a_cut_video_what_was_read_is_kept(film, tmp_path, capsys):
    cut = tmp_path / "cut.avi"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    table = predicted(cut, tmp_path / "cut.csv")
    assert f"note: {cut}: ends after " in capsys.readouterr().out
    assert 0 < table["time"].max() < 2
    assert (tmp_path / "cut.png").exists()


def test_a_video_that_is_cut_before_its_first_frame_is_one_line(film, tmp_path, failing):
    content, cut = film.read_bytes(), tmp_path / "cut.avi"
    cut.write_bytes(content[: content.find(b"movi") + 10])
    assert f"{cut}: no frame was read" in failing(predict.main, "--video", cut, "--out", tmp_path / "cut.csv")
    assert list(tmp_path.iterdir()) == [cut]


def test_a_video_without_a_face_gives_an_empty_table(tmp_path):
    video = cv2.VideoWriter(str(tmp_path / "wall.avi"), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (64, 64))
    for _ in range(RATE):
        video.write(np.full((64, 64, 3), 120, np.uint8))
    video.release()
    assert len(predicted(tmp_path / "wall.avi", tmp_path / "wall.csv")) == 0
    assert (tmp_path / "wall.png").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--video text.mp4", "text.mp4: cannot be opened; give a video that plays"),
        ("--camera 99", "camera 99: cannot be opened"),
        ("--video text.mp4 --out a.txt", "a.txt: the name must end in .csv"),
        ("--video text.mp4 --annotate folder", "folder: the name must end in .mp4"),
        ("--video text.mp4 --crops crops", "--crops does not go with --video"),
        ("--video text.mp4 --camera 0", "not allowed with"),
        ("--video text.mp4 --every nan", "'nan' is not a number from 0.04 to 3600"),
    ],
)
def test_what_does_not_fit_is_one_line(options, words, tmp_path, failing, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.mp4").write_text("no video")
    assert words in failing(predict.main, *options.split())
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


def test_faces_are_followed_by_the_nearest_square():
    last: dict[int, Square] = {}
    assert follow([Square(0, 0, 50), Square(200, 0, 50)], last) == [1, 2]
    assert follow([Square(190, 10, 50), Square(20, 0, 50), Square(400, 0, 40)], last) == [2, 1, 3]
    assert follow([Square(30, 5, 50), Square(400, 200, 50)], last) == [1, 4]
    assert follow([Square(195, 10, 50)], last) == [2], "it was away for a frame"
    assert follow([Square(150, 10, 50), Square(195, 10, 50)], last) == [5, 2], (
        "the one that stays keeps its number"
    )
