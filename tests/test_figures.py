"""Figures as files: every format, the same bytes for the same figure, any name; and drawn photographs."""

import importlib
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import analysis.figures
from analysis.figures import FORMATS, save_figures
from analysis.figures.photographs import draw_photograph
from data.photographs import Photograph, Square


def figure_of(title: str) -> Figure:
    figure = Figure()
    figure.subplots().set(title=title)
    return figure


def test_figures_have_every_format_and_numbers_beside_the_first(tmp_path):
    files = [tmp_path / f"q{ending}" for ending in FORMATS]
    written = save_figures({"": figure_of("a"), "-2": figure_of("b")}, files, {"name": "顔", "value": 0.5})
    names = "q.png q.pdf q.svg q-2.png q-2.pdf q-2.svg q.json"
    assert [path.name for path in written] == names.split()
    starts = [path.read_bytes()[:4] for path in files]
    assert starts == [b"\x89PNG", b"%PDF", b"<?xm"]
    assert json.loads((tmp_path / "q.json").read_text()) == {"name": "顔", "value": 0.5}
    before = [path.read_bytes() for path in written]
    save_figures({"": figure_of("a"), "-2": figure_of("b")}, files, {"name": "顔", "value": 0.5})
    assert [path.read_bytes() for path in written] == before


@pytest.mark.parametrize("name", ["表情", "عاطفة", "🫠", "a\tb\x1b[31m", "$x^", "é ★"])
def test_every_name_is_drawn_without_a_warning(name, tmp_path):
    written = save_figures({"": figure_of(name)}, [tmp_path / f"q{ending}" for ending in FORMATS])
    assert all(path.stat().st_size > 1000 for path in written)


def test_settings_of_the_users_own_change_nothing():
    mpl.rcParams["font.size"] = 30  # as a matplotlibrc would
    importlib.reload(analysis.figures)
    assert mpl.rcParams["font.size"] == mpl.rcParamsDefault["font.size"]


@pytest.fixture
def photograph(tmp_path: Path) -> Photograph:
    """A wide photograph with three faces: at the upper edge, in the middle, and at the right edge."""
    Image.new("RGB", (2400, 1200), (200, 120, 30)).save(tmp_path / "party.jpg")
    squares = [Square(100, 0, 300), Square(900, 500, 400, 30), Square(2200, 600, 200)]
    return Photograph(tmp_path / "party.jpg", "party", squares, np.zeros((3, 48, 48), np.uint8))


def test_a_photograph_has_a_frame_a_label_and_bars_for_each_face(photograph):
    probabilities = np.full((3, 7), 0.02)
    probabilities[[0, 1, 2], [3, 5, 1]] = 0.88
    picture, *panels = draw_photograph(photograph, probabilities).axes
    frames = [(*frame.get_xy(), frame.get_width(), frame.angle) for frame in picture.patches[::2]]
    assert frames == list(photograph.squares), "in pixels of the photograph"
    assert picture.get_xlim() == (0, 2400)
    titles = [ax.get_title() for ax in panels]
    assert titles == ["1 happy", "2 surprise", "3 disgust"]
    assert [text.get_text() for text in picture.texts] == [f"{title} 0.88" for title in titles]
    # Within the photograph: beneath the upper edge, and to the left of the right edge.
    assert picture.texts[0].get_verticalalignment() == "top"
    assert [text.get_horizontalalignment() for text in picture.texts] == ["left", "left", "right"]
    for ax, values in zip(panels, probabilities, strict=True):
        assert [bar.get_width() for bar in ax.patches] == values.tolist()


def test_a_photograph_without_a_face_says_so_in_letters_that_the_font_has(photograph):
    path = photograph.path.with_name("聚会 \N{GRINNING FACE}party.jpg")
    photograph.path.rename(path)
    drawn = draw_photograph(Photograph(path, "party"), np.zeros((0, 7)))
    assert drawn.get_suptitle() == " \N{GRINNING FACE}party.jpg: no face found"
