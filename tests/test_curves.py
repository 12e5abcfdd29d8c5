"""Training curves: what is drawn, and curves.py through its own main."""

import json

import numpy as np
import pandas as pd

import curves
from analysis.figures.curves import draw_curves


def history(epochs: int, validated: bool = True) -> list[dict[str, float]]:
    """The best validation accuracy is in the middle."""
    epoch = np.arange(1, epochs + 1)
    table = pd.DataFrame({"epoch": epoch, "loss": 2 / epoch, "accuracy": 1 - 0.8 / epoch})
    if validated:
        table = table.assign(val_loss=2.5 / epoch, val_accuracy=0.6 - 0.01 * abs(epoch - epochs // 2 - 1))
    return table.assign(learning_rate=0.001 / epoch, seconds=1.5).to_dict("records")


def write_run(folder, epochs):
    folder.mkdir(parents=True)
    pd.DataFrame(history(2)[:epochs], columns=list(history(2)[0])).to_csv(folder / "history.csv", index=False)
    return folder


def stars(ax):
    return [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "*"]


def test_draws_every_column_and_the_best_epoch():
    rows = history(9)
    loss, accuracy, learning_rate = draw_curves({"cnn": rows}).axes
    drawn = {tuple(line.get_ydata()) for ax in (loss, accuracy, learning_rate) for line in ax.lines}
    for column in ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"):
        assert tuple(row[column] for row in rows) in drawn, column
    assert stars(loss) == [[5, 0.5]]
    assert stars(accuracy) == [[5, 0.6]]
    assert loss.get_yscale() == "log"


def test_works_for_one_epoch_and_without_validation():
    for epochs in (1, 40):
        accuracy = draw_curves({"run": history(epochs, validated=False)}).axes[1]
        (line,) = (line for line in accuracy.lines if line.get_marker() != "*")
        assert stars(accuracy) == [line.get_xydata()[-1].tolist()]
        assert line.get_marker() == ("o" if epochs == 1 else "None"), "a single point is a dot"


def test_every_run_has_panels_of_its_own_on_the_same_axes_also_with_odd_names():
    names = ["cnn", "_dnn", "a$b$"]
    histories = {name: history(3 + 10 * index) for index, name in enumerate(names)}
    figure = draw_curves(histories)
    rows = [figure.axes[start : start + 3] for start in (0, 3, 6)]
    for name, panels in zip(names, rows, strict=True):
        best = max(histories[name], key=lambda row: row["val_accuracy"])
        accuracy = f"{100 * best['val_accuracy']:.1f} % validation accuracy"
        assert panels[0].get_title(loc="left") == f"{name}: ★ {accuracy} in epoch {best['epoch']}"
        assert stars(panels[1]) == [[best["epoch"], best["val_accuracy"]]]
        assert {ax.get_xlim() for ax in panels} == {(0, 24)}, "epochs are to scale"
        assert panels[1].get_ylim() == rows[0][1].get_ylim()


def test_runs_and_exported_weights_are_drawn_and_named(tmp_path, capsys):
    runs = [write_run(tmp_path / folder / "cnn", 2) for folder in "ab"]
    exported = tmp_path / "compact.json"
    exported.write_text(json.dumps({"network": "compact", "history": history(2)}))
    out = tmp_path / "c.png"
    assert curves.main([*map(str, runs), "--out", str(out)]) == {"runs": [str(run) for run in runs]}
    assert capsys.readouterr().out == f"wrote {out}\n"
    record = curves.main([str(runs[0]), str(exported), "--out", str(out), "--overwrite"])
    assert record == {"runs": ["cnn", "compact"]}


def test_errors_are_one_line_and_write_nothing(tmp_path, failing):
    good, unfinished = write_run(tmp_path / "good", 2), write_run(tmp_path / "none", 0)
    out = tmp_path / "c.png"
    assert "no finished epoch" in failing(curves.main, good, unfinished, "--out", out)
    assert not out.exists()
    out.write_text("precious")
    assert "--overwrite" in failing(curves.main, good, "--out", out)
    assert out.read_text() == "precious"
