"""The training scripts through their own main: run folders, validation, recipes, errors."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

import train_cnn
import train_dnn
from analysis.figures.faces import draw_face_sheet
from command_line.training_options import parse_options
from data.csv_reader import read_csv
from data.dataset import CLASS_NAMES, Dataset
from data.errors import InputError
from data.splits import image_hashes
from models import NETWORK_NAMES
from models.keras_setup import gpus
from models.locate import find_weights
from models.weights_file import load_network
from training.callbacks import EpochLine, SeedEpoch, load_checkpoint, save_checkpoint
from training.fit import build_compiled, fit
from training.optimizers import build_optimizer
from training.plan import plan_run
from training.precision import PRECISIONS, choose_precision
from training.recipes import RECIPES
from training.run_folder import RunFolder
from training.training_data import TrainingData, load_training_data


def two_greys() -> TrainingData:
    """Two grey levels with two labels: what any network must learn."""
    images = np.repeat(np.array([60, 200], np.uint8), 64)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return TrainingData(Dataset(images, np.repeat([1, 3], 64)), None, image_hashes(images), 130.0, 70.0)


@pytest.fixture(scope="module")
def dnn_run(drawn, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "dnn"
    options = ["--validation", "PublicTest", "--epochs", "2", "--batch-size", "32", "--seed", "5"]
    options += ["--precision", "float32"]
    train_dnn.main(["--data", str(drawn / "fer2013.csv"), "--run", str(run), *options])
    return run


def test_run_record_tells_what_repeats_the_run(drawn, dnn_run):
    record = json.loads((dnn_run / "run.json").read_text())
    training = read_csv(drawn / "train.csv")
    assert record["network"] == "dnn"
    assert record["arguments"]["seed"] == 5
    assert record["arguments"]["validation"] == "PublicTest"
    assert record["versions"]["tensorflow"] == tf.__version__
    assert record["commit"]
    assert record["training_faces"] == len(training)
    assert record["mean"] == pytest.approx(training.images.mean())
    assert record["std"] == pytest.approx(training.images.std())


def test_history_has_a_row_an_epoch_and_is_drawn(dnn_run):
    with (dnn_run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"} <= set(rows[0])
    assert (dnn_run / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("network", NETWORK_NAMES)
def test_every_network_trains_in_every_precision_and_predicts_as_measured(
    drawn, tmp_path, network, precision
):
    run = tmp_path / "run"
    script, choice = (train_dnn, []) if network == "dnn" else (train_cnn, ["--network", network])
    options = ["--validation", "PublicTest", "--epochs", "1", "--limit", "32", "--batch-size", "16"]
    files = ["--data", str(drawn / "fer2013.csv"), "--run", str(run)]
    script.main([*files, *options, *choice, "--precision", precision])

    assert json.loads((run / "run.json").read_text())["precision"] == precision
    weights = find_weights(str(run))
    assert weights.path.name == "best.weights.h5"
    learned = read_csv(drawn / "train.csv").images[:32]
    np.testing.assert_array_equal(weights.training_hashes, image_hashes(learned))
    measured = weights.description["measured"]
    assert np.isfinite([measured["loss"], measured["val_loss"]]).all()
    everything = read_csv(drawn / "fer2013.csv")
    public = everything.select(everything.rows_with_usage("PublicTest"))
    predicted = load_network(weights).predict(public.images, verbose=0).argmax(axis=1)
    # Predictions are always float32: one or two close calls of a bfloat16 validation may fall the other way.
    close_calls = 2.1 if precision == "bfloat16" else 0.1
    share = np.mean(predicted == public.labels)
    assert share == pytest.approx(measured["val_accuracy"], abs=close_calls / len(public))


def test_precision_is_by_default_the_best_of_this_machine(drawn, tmp_path):
    options = ["--epochs", "1", "--limit", "32", "--batch-size", "16", "--validation", "none"]
    train_dnn.main(["--data", str(drawn / "train.csv"), "--run", str(tmp_path / "run"), *options])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["precision"] == choose_precision("auto", gpus())


def test_a_run_that_other_code_continues_says_so(drawn, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"

    def stop(self, epoch, logs):
        raise KeyboardInterrupt

    small = ["--epochs", "2", "--limit", "32", "--batch-size", "16", "--validation", "none"]
    with monkeypatch.context() as patched:
        patched.setattr(EpochLine, "on_epoch_end", stop)  # which comes after the checkpoint
        patched.setattr("training.environment.commit", lambda: "a" * 40)
        with pytest.raises(SystemExit):
            train_dnn.main(["--data", str(drawn / "train.csv"), "--run", str(run), *small])
    assert json.loads((run / "run.json").read_text())["commit_changes"] == []
    monkeypatch.setattr("training.train.commit", lambda: "b" * 40)
    train_dnn.main(["--run", str(run), "--resume"])
    record, change = json.loads((run / "run.json").read_text()), f"{'a' * 40} to {'b' * 40} in epoch 2"
    assert record["commit"] == "b" * 40
    assert record["commit_changes"] == [change]
    assert f"the commit of the code changes from {change}" in capsys.readouterr().out


def test_a_run_in_training_leaves_keras_in_float32(dnn_run, tmp_path):
    run = RunFolder(str(tmp_path))
    recipe = dataclasses.replace(RECIPES["dnn"]["report"], epochs=1, batch_size=32)
    fit(run, two_greys(), recipe, network="dnn", seed=1, precision="bfloat16")
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("options", "precision"),
    [([], "bfloat16"), (["--precision", "float32"], "float32"), (["--precision", "auto"], "bfloat16")],
)
def test_a_resumed_run_keeps_its_precision_unless_told_otherwise(
    drawn, tmp_path, capsys, monkeypatch, options, precision
):
    run = tmp_path / "run"

    def stop(model, run, progress):
        save_checkpoint(model, run, progress)
        raise KeyboardInterrupt

    files = ["--data", str(drawn / "train.csv"), "--run", str(run)]
    small = ["--epochs", "2", "--limit", "32", "--batch-size", "16", "--validation", "none"]
    with monkeypatch.context() as patched:
        patched.setattr("training.callbacks.save_checkpoint", stop)
        with pytest.raises(SystemExit):
            train_dnn.main([*files, *small, "--precision", "bfloat16"])
    capsys.readouterr()
    # As on a machine that is fast in bfloat16, whatever this one is.
    monkeypatch.setattr("training.precision.best_precision", lambda flags, capabilities: "bfloat16")
    train_dnn.main(["--run", str(run), "--resume", *options])
    printed, record = capsys.readouterr(), json.loads((run / "run.json").read_text())
    assert record["precision"] == precision
    has_changed = precision != "bfloat16"
    assert record["precision_changes"] == (["bfloat16 to float32 in epoch 2"] if has_changed else [])
    assert ("bfloat16 to float32 in epoch 2: the weights will differ" in printed.out) is has_changed
    assert printed.err == ""
    assert len(RunFolder(str(run)).finished_epochs()) == 2


def test_weights_hold_no_optimiser_and_the_checkpoint_is_gone(dnn_run):
    for name in ("best", "last"):
        with h5py.File(dnn_run / f"{name}.weights.h5") as stored:
            assert "optimizer" not in stored
        assert (dnn_run / f"{name}.weights.h5").stat().st_size < 18_273_543 * 4 * 1.05
    assert not (dnn_run / "checkpoint.weights.h5").exists()


def test_a_pipe_gets_one_line_an_epoch(drawn, tmp_path, capsys):
    options = ["--epochs", "2", "--limit", "40", "--batch-size", "20", "--validation", "none"]
    train_dnn.main(["--data", str(drawn / "train.csv"), "--run", str(tmp_path / "run"), *options])
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines() if line.startswith("epoch")] == ["1/2", "2/2"]
    assert "\b" not in printed
    assert "\r" not in printed


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_network_learns(tmp_path, precision):
    recipe = dataclasses.replace(RECIPES["dnn"]["report"], epochs=4, batch_size=32)
    progress = fit(
        RunFolder(str(tmp_path)),
        two_greys(),
        recipe,
        network="dnn",
        seed=1,
        precision=precision,
    )
    assert progress.history[-1]["accuracy"] > 0.95
    assert progress.history[-1]["loss"] < progress.history[0]["loss"] / 3


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, precision):
    recipe = dataclasses.replace(RECIPES["dnn"]["report"], epochs=2, batch_size=32)
    object.__setattr__(recipe, "learning_rate", float("nan"))  # past the check of its range
    with pytest.raises(InputError, match="the loss is nan in epoch 1, step 2"):
        fit(RunFolder(tmp_path), two_greys(), recipe, network="dnn", seed=1, precision=precision)
    assert list(tmp_path.iterdir()) == []


def test_no_two_dropout_layers_or_steps_share_a_state():
    recipe = dataclasses.replace(RECIPES["medium"]["fast"], block_dropout=0.1)
    model = build_compiled("medium", 128.0, 64.0, recipe, 100, "float32")
    states = set()
    steps = 50
    callback = SeedEpoch(1, steps)
    callback.set_model(model)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert len(layers) == 7
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        for layer in layers:
            seed, first = np.array(layer.seed_generator.state)
            assert seed == 1
            states |= set(range(int(first), int(first) + steps))
    assert len(states) == 3 * 7 * steps


def test_report_recipes_are_the_reports():
    cnn, dnn = RECIPES["cnn"]["report"], RECIPES["dnn"]["report"]
    assert (cnn.epochs, cnn.batch_size, cnn.validation) == (100, 128, "none")
    assert (dnn.epochs, dnn.batch_size, dnn.validation) == (80, 128, "0.2")
    assert (cnn.augmentation.rotation, cnn.augmentation.shift, cnn.augmentation.flip) == (10, 0.1, True)
    assert cnn.augmentation.zoom == cnn.augmentation.erase == 0
    assert dnn.augmentation is None
    adam = build_optimizer(cnn, steps=10)
    assert type(adam).__name__ == "Adam"
    assert float(adam.learning_rate) == pytest.approx(0.001)


def test_fast_schedule_warms_up_and_ends_at_zero():
    recipe = RECIPES["cnn"]["fast"]
    schedule = build_optimizer(recipe, steps=1000)._learning_rate
    rates = np.array([float(schedule(step)) for step in range(1001)])
    assert rates[0] < recipe.learning_rate / 20
    assert rates.argmax() == pytest.approx(1000 * recipe.warmup, abs=2)
    assert rates.max() == pytest.approx(recipe.learning_rate)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_only_training_rows_are_learned_from(drawn):
    data = load_training_data(str(drawn / "fer2013.csv"), "PublicTest", seed=1, limit=None)
    everything = read_csv(drawn / "fer2013.csv")
    assert len(data.training) == np.sum(everything.usage == 0)
    assert data.validation is not None
    assert len(data.validation) == np.sum(everything.usage == 1)
    assert not set(data.hashes) & set(image_hashes(data.validation.images))


def test_validation_fraction_file_and_none(drawn, capsys):
    path = str(drawn / "train.csv")
    fraction = load_training_data(path, "0.2", seed=1, limit=None)
    assert len(fraction.validation) == pytest.approx(32, abs=4)  # whole faces of each of seven classes
    assert len(fraction.training) + len(fraction.validation) == 160
    assert len(fraction.hashes) == len(fraction.training)
    assert capsys.readouterr().out == ""
    everything = drawn / "fer2013.csv"
    load_training_data(path, str(everything), seed=1, limit=100)
    note = f"note: 100 of the 230 faces of {everything} are trained on, so val_accuracy is too high\n"
    assert capsys.readouterr().out == note
    from_file = load_training_data(path, str(drawn / "emotion_pixels.csv"), seed=1, limit=100)
    assert len(from_file.training) == 100
    assert from_file.validation.source.endswith("emotion_pixels.csv")
    assert load_training_data(path, "none", seed=1, limit=None).validation is None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--data", "missing.csv"], "missing.csv: no such file"),
        (["--data", "DRAWN/test.csv"], "has no labels"),
        (["--data", "DRAWN/train.csv", "--validation", "PublicTest"], "has no Usage"),
        (["--data", "DRAWN/train.csv", "--validation", "1.5"], "fraction"),
        (["--data", "DRAWN/train.csv", "--validation", "PrivateTest"], "PrivateTest: is not a file"),
        (["--data", "DRAWN/train.csv", "--epochs", "0"], "whole number of at least 1"),
        (["--data", "DRAWN/train.csv", "--recipe", "slow"], "invalid choice"),
        (["--data", "DRAWN/train.csv", "--epoch", "3"], "unrecognized arguments"),
        (["--data", "DRAWN/train.csv", "--resume"], "no run to resume"),
        (["--data", "DRAWN/train.csv", "--show-augmentation", "x.png"], "omit --resume and --run"),
    ],
)
def test_bad_arguments_end_with_one_line(drawn, tmp_path, fails, options, word):
    run = tmp_path / "run"
    line = fails(train_cnn.main, "--run", run, *(option.replace("DRAWN", str(drawn)) for option in options))
    assert word in line
    assert not run.exists()


def test_a_run_folder_is_not_overwritten(drawn, dnn_run, fails):
    before = (dnn_run / "run.json").read_bytes()
    line = fails(train_dnn.main, "--data", drawn / "train.csv", "--run", dnn_run)
    assert "holds a run already" in line
    assert "--resume" in line
    assert (dnn_run / "run.json").read_bytes() == before


def test_resume_refuses_other_settings(drawn, dnn_run, fails):
    assert "train_dnn.py" in fails(train_cnn.main, "--run", dnn_run, "--resume")
    line = fails(train_dnn.main, "--run", dnn_run, "--resume", "--epochs", 3)
    assert "--epochs 2, not 3" in line


def test_a_finished_run_has_nothing_to_resume(dnn_run, capsys):
    before = (dnn_run / "last.weights.h5").read_bytes()
    train_dnn.main(["--run", str(dnn_run), "--resume"])
    assert "finished" in capsys.readouterr().out
    assert (dnn_run / "last.weights.h5").read_bytes() == before


def test_augmented_faces_are_drawn_with_their_class_row_and_recipe(drawn, tmp_path, fails, monkeypatch):
    picture = tmp_path / "augmented.png"
    data = ["--data", str(drawn / "train.csv")]
    assert "must end in" in fails(train_cnn.main, *data, "--show-augmentation", tmp_path / "x.jpg")
    sheets = []
    monkeypatch.setattr(
        "analysis.figures.faces.draw_face_sheet", lambda *a: sheets.append(draw_face_sheet(*a)) or sheets[0]
    )
    train_cnn.main([*data, "--show-augmentation", str(picture), "--set", "rotation=7"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [picture]
    title, *settings = sheets[0].get_suptitle().split("\n")
    assert title == "Augmentation of cnn by recipe fast"
    assert "rotation 7, shift 0.08" in settings[0]
    faces = read_csv(drawn / "train.csv")
    for label, ax in zip(range(7), sheets[0].axes, strict=False):
        row = faces.labels.tolist().index(label)
        assert ax.get_title() == f"{CLASS_NAMES[label]}\nrow {row}"
        np.testing.assert_array_equal(ax.images[0].get_array(), faces.images[row])


def test_a_run_folder_that_cannot_be_made_ends_with_one_line(drawn, tmp_path, fails):
    (tmp_path / "file").write_text("")
    line = fails(train_cnn.main, "--data", drawn / "train.csv", "--run", tmp_path / "file" / "run")
    assert "cannot be written" in line
    assert "--run" in line


def test_a_seed_that_is_too_large_and_a_name_that_is_too_long_end_with_one_line(drawn, tmp_path, fails):
    data = ["--data", drawn / "train.csv"]
    assert "at most" in fails(train_cnn.main, *data, "--run", tmp_path / "run", "--seed", "99999999999")
    assert "File name too long" in fails(train_cnn.main, *data, "--run", tmp_path / ("a" * 300))
    assert "--run has an empty value" in fails(train_cnn.main, *data, "--run", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("record", ["[]", '{"network": "dnn"}', '{"network": "dnn", "arguments": {}}', "{"])
def test_a_damaged_run_record_ends_with_one_line(tmp_path, fails, record):
    (tmp_path / "run.json").write_text(record)
    assert "run.json" in fails(train_dnn.main, "--run", tmp_path, "--resume")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("arguments", "seed"), "x", "arguments.seed should be a valid integer, not 'x'"),
        (("arguments", "limit"), -1, "arguments.limit should be greater than or equal to 1, not '-1'"),
        (("arguments", "data"), None, "arguments.data should be a valid string, not 'None'"),
        (("recipe", "epochs"), 5, "contradicts"),
        (("recipe", "optimizer"), "lion", "should be 'adam', 'adamw', 'muon' or 'sgd'"),
        (("recipe", "dropout"), 2, "recipe.dropout should be less than or equal to 0.95"),
        (("recipe", "augmentation", "rotation"), 181, "less than or equal to 180"),
        (("precision",), "float8", "precision should be 'float32' or 'bfloat16', not 'float8'"),
    ],
)
def test_an_edited_run_record_ends_with_one_line(dnn_run, tmp_path, fails, path, value, words):
    record = edited = json.loads((dnn_run / "run.json").read_text())
    for name in path[:-1]:
        edited = edited[name]
    edited[path[-1]] = value
    (tmp_path / "run.json").write_text(json.dumps(record))
    message = fails(train_dnn.main, "--run", tmp_path, "--resume")
    assert "run.json" in message
    assert words in message


def test_a_run_without_its_checkpoint_is_not_begun_again(dnn_run, tmp_path, fails):
    run = tmp_path / "run"
    shutil.copytree(dnn_run, run)
    record = json.loads((run / "run.json").read_text())
    for settings in (record["arguments"], record["recipe"]):
        settings["epochs"] = 3
    (run / "run.json").write_text(json.dumps(record))
    before = (run / "best.weights.h5").read_bytes()
    assert "checkpoint.weights.h5: is missing" in fails(train_dnn.main, "--run", run, "--resume")
    assert (run / "best.weights.h5").read_bytes() == before


def test_a_run_killed_right_after_its_last_epoch_is_finished_by_resume(dnn_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(dnn_run, run)
    (run / "curves.png").unlink()
    (run / "checkpoint.weights.h5").write_bytes(b"")
    (run / ".0a1b2c3d.tmp.last.weights.h5").write_bytes(b"half")
    train_dnn.main(["--run", str(run), "--resume"])
    names = {path.name for path in run.iterdir()} - {".lock"}
    assert names == {"run.json", "history.csv", "curves.png", "best.weights.h5", "last.weights.h5"}


@pytest.mark.parametrize("progress", ["5", "null", "{}", "[1, 2]"])
def test_a_checkpoint_with_odd_progress_is_damaged(tmp_path, progress):
    run = RunFolder(str(tmp_path))
    with h5py.File(run.checkpoint, "w") as stored:
        stored["progress"] = progress
    with pytest.raises(InputError, match="is damaged"):
        load_checkpoint(None, run)


def test_a_keyword_of_validation_is_no_file(drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("none", "0.2", "PublicTest"):
        (tmp_path / name).write_text("")
    data = load_training_data(str(drawn / "fer2013.csv"), "PublicTest", seed=1, limit=None)
    assert len(data.validation) == 35
    run = tmp_path / "run"
    options = ["--epochs", "1", "--limit", "64", "--batch-size", "32", "--validation", "none"]
    train_dnn.main(["--data", str(drawn / "train.csv"), "--run", str(run), *options])
    assert json.loads((run / "run.json").read_text())["arguments"]["validation"] == "none"


@pytest.mark.parametrize(
    ("file", "options", "validation", "is_noted"),
    [
        ("fer2013.csv", [], "PublicTest", False),
        ("train.csv", [], "0.1", False),
        ("train.csv", ["--recipe", "report"], "none", True),
        ("train.csv", ["--validation", "none"], "none", True),
        ("fer2013.csv", ["--validation", "none"], "none", False),
    ],
)
def test_a_run_keeps_faces_to_measure_on_or_says_that_it_does_not(
    drawn, tmp_path, capsys, file, options, validation, is_noted
):
    argv = ["--data", str(drawn / file), "--run", str(tmp_path / "run"), *options]
    plan = plan_run(parse_options("train_cnn.py", None, argv))
    assert plan.arguments.validation == plan.recipe.validation == validation
    printed = capsys.readouterr()
    assert ("have no faces left to measure on" in printed.out) is is_noted
    assert printed.err == ""


def test_the_training_file_itself_is_no_validation(drawn, tmp_path, fails):
    data = drawn / "train.csv"
    message = fails(train_dnn.main, "--data", data, "--validation", data, "--run", tmp_path / "run")
    assert "is the file of --data, whose faces are trained on" in message
    assert not (tmp_path / "run").exists()
