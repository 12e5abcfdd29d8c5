"""Any name of a file or a run can be drawn, in every format, without a word on stderr."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from analysis.figures.saving import ENDINGS, save_figure

PROJECT = Path(__file__).parent.parent
NAMES = [
    "表情",
    "顔の表情",
    "عاطفة",
    "🫠",
    "a\tb\x1b[31m\x00",
    os.fsdecode(b"run\xff"),
    "$x^",
    "\\u4e2d",
    "é ★",
]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_name_is_drawn(ending, tmp_path):
    figure = Figure()
    ax = figure.subplots()
    ax.set(title="\n".join(NAMES), xlabel=NAMES[0], ylabel=NAMES[5])
    ax.plot([1, 2], label=NAMES[3])
    ax.legend()
    save_figure(figure, tmp_path / f"q{ending}")
    lines = ax.get_title().split("\n")
    assert lines[0] == r"\u8868\u60c5"
    assert lines[2:6] == [NAMES[2], r"\U0001fae0", r"a\tb\x1b[31m\x00", r"run\udcff"]
    assert lines[6:] == NAMES[6:]


def test_matplotlib_is_silent_and_takes_no_settings_of_the_users_own(tmp_path):
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 33\nfont.family: No Such Font\nno.such.key: 1\n")
    program = (
        "import sys; from pathlib import Path; from analysis.figures.curves import draw_curves\n"
        "from analysis.figures.saving import save_figure\n"
        "rows = [{'epoch': 1, 'loss': 1, 'accuracy': 0.5, 'learning_rate': 0.1}]\n"
        "save_figure(draw_curves({'a': rows}), Path(sys.argv[1]))\n"
    )
    # A file in the place of the home folder, because the superuser may write into a read-only one.
    (tmp_path / "home").touch()
    home = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    own = home | {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": "module://none"}
    figures = []
    for number, environment in enumerate(({}, own)):
        file = tmp_path / f"{number}.png"
        run = subprocess.run(
            [sys.executable, "-c", program, file],
            cwd=PROJECT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        assert (run.returncode, run.stderr) == (0, "")
        figures.append(file.read_bytes())
    assert figures[0] == figures[1]
