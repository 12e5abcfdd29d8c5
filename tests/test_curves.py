"""Training curves: what is drawn, and curves.py through its own main."""

import json

import numpy as np
import pandas as pd
import pytest

import curves
from analysis.figures.curves import draw_curves
from analysis.trainings import read_training, soft_targets
from training.run_folder import best_epoch


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


def draw(histories, **soft):
    """The curves, with a star at the best epoch of each run."""
    used = {name: best_epoch(history)["epoch"] for name, history in histories.items()}
    return draw_curves(histories, used, dict.fromkeys(histories, "") | soft)


def stars(ax):
    return [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "*"]


def test_draws_every_column_and_the_epoch_whose_weights_are_used():
    rows = history(9)
    loss, accuracy, learning_rate = draw({"cnn": rows}).axes
    drawn = {tuple(line.get_ydata()) for ax in (loss, accuracy, learning_rate) for line in ax.lines}
    for column in ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"):
        assert tuple(row[column] for row in rows) in drawn, column
    assert stars(loss) == [[5, 0.5]]
    assert stars(accuracy) == [[5, 0.6]]
    assert loss.get_yscale() == "log"
    assert stars(draw_curves({"cnn": rows}, {"cnn": 9}, {"cnn": ""}).axes[1]) == [
        [9, rows[-1]["val_accuracy"]]
    ]


def test_works_for_one_epoch_and_without_validation():
    for epochs in (1, 40):
        accuracy = draw({"run": history(epochs, validated=False)}).axes[1]
        (line,) = (line for line in accuracy.lines if line.get_marker() != "*")
        assert stars(accuracy) == [line.get_xydata()[-1].tolist()]
        assert line.get_marker() == "o", "a single point is a dot"


def test_all_runs_share_their_axes_and_have_names_also_odd_ones():
    histories = {name: history(3 + 10 * index) for index, name in enumerate(["cnn", "_dnn", "a$b$"])}
    figure = draw(histories, cnn="both losses against smoothed labels")
    assert len(figure.axes) == 3
    best = [best_epoch(rows) for rows in histories.values()]
    assert stars(figure.axes[1]) == [[row["epoch"], row["val_accuracy"]] for row in best]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[0] == "cnn: ★ 60.0 % validation accuracy in epoch 2\nboth losses against smoothed labels"
    assert [text.split(":")[0] for text in texts] == list(histories)


@pytest.mark.parametrize("epochs", [1, 2, 30])
@pytest.mark.parametrize("losses", [(1.9, 1.95), (0.7, 2.3), (0.01, 4)])
def test_ticks_can_be_told_apart_and_are_within_the_axes(epochs, losses):
    rows = history(epochs)
    for index, row in enumerate(rows):
        row["loss"] = row["val_loss"] = losses[index % 2]
        row["accuracy"] = row["val_accuracy"] = 0.2215 + 0.0002 * index
    figure = draw({"run": rows})
    figure.draw_without_rendering()

    def shown(axis):
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
        return [label.get_text() for place, label in ticks if low <= place <= high]

    for ax in figure.axes:
        assert {float(text) for text in shown(ax.xaxis)} <= {row["epoch"] for row in rows}
    loss, accuracy = (shown(ax.yaxis) for ax in figure.axes[:2])
    assert len(set(loss)) == len(loss) >= 3
    assert len(set(accuracy)) == len(accuracy)


def test_what_losses_are_measured_against_and_which_epoch_is_used(tmp_path):
    recipe = {"label_smoothing": 0.1, "mixup": 0.2, "teacher_share": 0.5}
    run = write_run(tmp_path / "cnn", 2)
    (run / "run.json").write_text(json.dumps({"arguments": {"teacher": ["fold.csv"]}, "recipe": recipe}))
    record = read_training(run)
    assert soft_targets(record) == (
        "training loss against teachers' predictions and mixed faces, both losses against smoothed labels"
    )
    assert record["epoch"] == 2 == read_training(run / "best.weights.h5")["epoch"]
    assert len(record["history"]) == 2
    assert soft_targets({}) == ""
    exported = tmp_path / "compact.json"
    exported.write_text(json.dumps({"epoch": 1, "history": history(2)}))
    assert read_training(tmp_path / "compact.weights.h5")["epoch"] == 1
    pd.DataFrame(history(4)).to_csv(run / "history.csv")
    assert [read_training(run / f"{name}.weights.h5")["epoch"] for name in ("best", "last")] == [3, 4]


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


def test_runs_that_differ_in_their_seed_have_mean_and_deviation(tmp_path, capsys):
    runs = [write_run(tmp_path / name, 2) for name in "ab"]
    shifted = pd.DataFrame(history(2)).assign(val_accuracy=[0.5, 0.7])
    shifted.to_csv(runs[1] / "history.csv", index=False)
    for seed, run in enumerate(runs):
        record = {"network": "cnn", "recipe": {}, "arguments": {"seed": seed, "teacher": []}}
        (run / "run.json").write_text(json.dumps(record))
    curves.main([*map(str, runs), "--out", str(tmp_path / "c.png")])
    deviation = np.std([0.6, 0.7], ddof=1)
    expected = f"accuracy 0.6500 ± {deviation:.4f}, mean and deviation of 2 seeds\n"
    assert capsys.readouterr().out.startswith(expected)
    histories = {"a": history(2), "b": shifted.to_dict("records")}
    figure = draw_curves(histories, {"a": 2, "b": 2}, {"a": "", "b": ""}, seeds=True)
    mean = [line for line in figure.axes[1].lines if line.get_linewidth() == 2.5]
    assert mean[0].get_ydata().tolist() == pytest.approx([(0.59 + 0.5) / 2, 0.65])
    assert "65.0 ± 7.1 %" in figure.legends[0].get_texts()[-1].get_text()
