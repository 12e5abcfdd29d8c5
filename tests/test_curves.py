"""Training curves: what is drawn, the same bytes for the same histories, and the script's errors."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import curves
from analysis.figures.curves import draw_curves
from analysis.figures.saving import ENDINGS, save_figure
from data.errors import InputError
from training.environment import PROJECT
from training.run_folder import RunFolder


def history(epochs, validated=True):
    rows = []
    for epoch in range(1, epochs + 1):
        row = {"epoch": epoch, "loss": 2 / epoch, "accuracy": 1 - 0.8 / epoch}
        if validated:
            # The best validation accuracy is in the middle.
            row |= {"val_loss": 2.5 / epoch, "val_accuracy": 0.6 - 0.01 * abs(epoch - epochs // 2 - 1)}
        rows.append(row | {"learning_rate": 0.001 / epoch, "seconds": 1.5})
    return rows


def write_run(folder, rows):
    folder.mkdir(parents=True)
    RunFolder(str(folder)).write_history(rows)
    return str(folder)


def stars(axes):
    return [line.get_xydata()[0].tolist() for line in axes.lines if line.get_marker() == "*"]


def test_draws_every_column_and_the_best_epoch():
    rows = history(9)
    loss, accuracy, learning_rate = draw_curves({"cnn": rows}).axes
    drawn = {tuple(line.get_ydata()) for axes in (loss, accuracy, learning_rate) for line in axes.lines}
    for column in ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"):
        assert tuple(row[column] for row in rows) in drawn
    assert stars(loss) == [[5, 0.5]]
    assert stars(accuracy) == [[5, 0.6]]


@pytest.mark.parametrize("epochs", [1, 40])
@pytest.mark.parametrize("validated", [True, False])
def test_works_for_one_epoch_and_without_validation(epochs, validated, tmp_path):
    rows = history(epochs, validated)
    figure = draw_curves({"run": rows})
    save_figure(figure, tmp_path / "curves.png")
    best = max(rows, key=lambda row: row.get("val_accuracy", row["epoch"]))
    column = "val_accuracy" if validated else "accuracy"
    assert stars(figure.axes[1]) == [[best["epoch"], best[column]]]


def test_every_run_has_panels_of_its_own_on_the_same_axes_also_with_odd_names():
    names = ["cnn", "_dnn", "a$b$"]
    histories = {name: history(3 + 10 * index) for index, name in enumerate(names)}
    figure = draw_curves(histories)
    rows = [figure.axes[start : start + 3] for start in (0, 3, 6)]
    for name, panels in zip(names, rows, strict=True):
        title = panels[0].get_title(loc="left")
        best = max(histories[name], key=lambda row: row["val_accuracy"])
        accuracy = f"{100 * best['val_accuracy']:.1f} % validation accuracy"
        assert title == f"{name}: ★ {accuracy} in epoch {best['epoch']}"
        assert stars(panels[1]) == [[best["epoch"], best["val_accuracy"]]]
        assert panels[0].get_ylabel() == "loss, log scale"
        assert {ax.get_xlim() for ax in panels} == {(0, 24)}, "epochs are to scale"
        assert panels[1].get_ylim() == rows[0][1].get_ylim()
        grey = [line for line in panels[0].lines if line.get_color() == "0.8"]
        assert len(grey) == 2, "the other two runs"


def test_seven_runs_have_room():
    figure = draw_curves({str(number): history(5) for number in range(7)})
    assert len(figure.axes) == 21
    assert figure.get_figheight() > 7 * 2


@pytest.mark.parametrize("ending", ENDINGS)
def test_same_histories_give_the_same_bytes(ending, tmp_path):
    runs = [write_run(tmp_path / name, history(5 + index)) for index, name in enumerate("ab")]
    files = [tmp_path / f"{number}{ending}" for number in (1, 2)]
    for file in files:
        curves.main([*runs, "--out", str(file)])
    assert files[0].read_bytes() == files[1].read_bytes()


def test_opens_no_window(tmp_path):
    run = write_run(tmp_path / "run", history(2))
    arguments = [run, "--out", str(tmp_path / "curves.png")]
    program = f"import sys, curves; curves.main({arguments}); assert 'matplotlib.pyplot' not in sys.modules"
    finished = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_runs_of_the_same_name_are_both_drawn(tmp_path, monkeypatch, capsys):
    drawn = {}
    monkeypatch.setattr(
        curves, "draw_curves", lambda histories: drawn.update(histories) or draw_curves(histories)
    )
    runs = [write_run(tmp_path / folder / "cnn", history(3)) for folder in "ab"]
    curves.main([*runs, "--out", str(tmp_path / "c.png")])
    assert list(drawn) == runs
    assert capsys.readouterr().out == f"wrote {tmp_path / 'c.png'}\n"
    curves.main([runs[0], "--out", str(tmp_path / "c.png")])
    assert list(drawn)[-1] == "cnn"


def test_errors_are_one_line_and_write_nothing(tmp_path, fails):
    good = write_run(tmp_path / "good", history(2))
    out = tmp_path / "out" / "c.png"
    out.parent.mkdir()
    assert "missing" in fails(curves.main, tmp_path / "missing", "--out", out)
    assert "wheel" in fails(curves.main, good, "--out", tmp_path / "out" / "c.wheel")
    assert "does not exist" in fails(curves.main, good, "--out", tmp_path / "nowhere" / "c.png")
    (tmp_path / "good" / "history.csv").write_text("epoch,loss\n")
    assert "no finished epoch" in fails(curves.main, good, "--out", out)
    (tmp_path / "good" / "history.csv").write_text("epoch,loss\n1,2\n")
    assert "accuracy Field required" in fails(curves.main, good, "--out", out)
    (tmp_path / "good" / "history.csv").write_text("epoch,loss\n1,much\n")
    assert "good" in fails(curves.main, good, "--out", out)
    assert list(out.parent.iterdir()) == []


def test_lines_stay_inside_the_axes():
    figure = draw_curves({"run": history(12)})
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert low < 1
        assert high > 12
        assert np.isfinite(axes.get_ylim()).all()


def test_the_record_of_exported_weights_is_a_run_too(tmp_path, fails, capsys):
    rows = history(3)
    (tmp_path / "compact-1.json").write_text(json.dumps({"network": "compact", "history": rows}))
    curves.main([str(tmp_path / "compact-1.json"), "--out", str(tmp_path / "curves.png")])
    assert (tmp_path / "curves.png").stat().st_size > 1000
    for text in ("{}", "[]", "nothing", '{"history": 3}'):
        (tmp_path / "compact-1.json").write_text(text)
        message = fails(curves.main, tmp_path / "compact-1.json", "--out", tmp_path / "other.png")
        assert "compact-1.json: has no readable history" in message


def test_the_figure_of_a_run_may_be_written_into_its_folder(tmp_path):
    write_run(tmp_path / "run", history(2))
    curves.main([str(tmp_path / "run"), "--out", str(tmp_path / "run" / "again.png")])
    assert (tmp_path / "run" / "again.png").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX")
def test_the_files_of_a_run_may_be_no_pipes(tmp_path):
    for name in ("run.json", "history.csv"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match=r"run\.json: is a pipe"):
        RunFolder(tmp_path).read_state()
    with pytest.raises(InputError, match=r"history\.csv: is a pipe"):
        RunFolder(tmp_path).finished_epochs()
