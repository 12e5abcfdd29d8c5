"""The training scripts through their main: run folders, exact resumption, signals, JAX."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pandas as pd
import pytest

import train_cnn
import train_dnn
from data import InputError, progress
from data.faces import read_faces
from data.splits import image_hashes
from models import CONVOLUTIONAL
from models.layers import FusedBatchNormalization
from models.prediction import predict
from models.weights import find_weights
from training.options import parse_options
from training.run_folder import read_history, read_run
from training.train import seed_dropout, train

PROJECT = Path(__file__).parent.parent
# A run with everything random.
RANDOM = (
    "--validation none --precision bfloat16 --epochs 3 --limit 48 --batch-size 4 --deterministic "
    "--set dropout=0.6 block_dropout=0.1 erase=0.1 rotation=20 mixup=0.2 average=0.9 whiten=1 schedule=linear"
)


def command(data: Path, run: Path, options: str) -> list[str]:
    return ["--data", str(data), "--run", str(run), *options.split()]


def build_tiny(mean: float, std: float, dropout: float = 0.5, block_dropout: float = 0.0) -> keras.Model:
    """A network with all kinds of layers that is traced in a second."""
    inputs = keras.Input((48, 48))
    x = keras.ops.expand_dims((inputs - mean) / std, -1)
    x = keras.layers.Conv2D(8, 8, strides=8)(x)
    x = keras.layers.ReLU()(FusedBatchNormalization(momentum=0.9)(x))
    x = keras.layers.Dropout(block_dropout)(keras.layers.Conv2D(8, 3)(x))
    x = keras.layers.Dropout(dropout)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(7, dtype="float32")(x))


@pytest.fixture
def tiny(monkeypatch):
    """Train a tiny network in place of any other."""
    for module in ("training.train", "models.weights"):
        monkeypatch.setattr(f"{module}.builder", lambda name: build_tiny)


def arrays(file: Path) -> dict[str, np.ndarray]:
    """All arrays of a weight file by their place in it; not its metadata, which has seconds."""
    found = {}
    with h5py.File(file) as stored:
        stored.visititems(
            lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None
        )
        return {name: item[()] for name, item in found.items() if name != "description"}


def assert_equal_runs(whole: Path, resumed: Path) -> None:
    """Both have the same weights to the bit, and the same history but for the seconds."""
    for name in ("last.weights.h5", "best.weights.h5"):
        expected, got = arrays(whole / name), arrays(resumed / name)
        assert expected.keys() == got.keys()
        for key, array in expected.items():
            np.testing.assert_array_equal(array, got[key], err_msg=key)
    histories = (pd.DataFrame(read_history(run)).drop(columns="seconds") for run in (whole, resumed))
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def test_a_run_folder_tells_how_to_repeat_the_run(tiny_run, csvs):
    record, history = read_run(tiny_run), read_history(tiny_run)
    faces = read_faces(csvs / "fer2013.csv").of_usage("Training")
    assert (record["network"], record["precision"], record["arguments"]["seed"]) == ("compact", "float32", 1)
    assert (record["training_faces"], record["validation_faces"]) == (140, 35)
    assert record["mean"] == pytest.approx(faces.images.mean())
    assert record["std"] == pytest.approx(faces.images.std())
    assert record["versions"]["keras"] == keras.__version__
    assert [row["epoch"] for row in history] == [1, 2, 3]
    columns = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate", "seconds"]
    assert list(history[0]) == columns
    assert history[-1]["loss"] < history[0]["loss"]
    weights = find_weights(str(tiny_run))
    np.testing.assert_array_equal(weights.hashes.exact, image_hashes(faces.images))
    best = max(history, key=lambda row: row["val_accuracy"])
    assert weights.metadata["measured"] == {name: best[name] for name in columns if name != "seconds"}
    assert not any(name.startswith("optimizer") for name in arrays(weights.path))
    assert not (tiny_run / "checkpoint.weights.h5").exists()


# That every network trains is in test_pinned.py.
@pytest.mark.parametrize("network", ["compact", "small", "dnn", "dnn --precision bfloat16"])
def test_a_network_predicts_as_measured(csvs, tmp_path, capsys, network):
    data, script = csvs / "fer2013.csv", train_dnn if "dnn" in network else train_cnn
    small = f"--precision float32 --epochs 1 --limit 32 --batch-size 16 --network {network}"
    script.main(command(data, tmp_path, small))
    assert keras.config.dtype_policy().name == "float32"
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch 1/1")]
    weights, public = find_weights(str(tmp_path)), read_faces(data).of_usage("PublicTest")
    is_mirrored = network == "small"
    measured = weights.metadata["measured"]
    probabilities = predict([weights], public.images, tta=is_mirrored)
    assert f"val_accuracy {measured['val_accuracy']:.4f}" in line
    # Predictions are always float32: one or two close calls of a bfloat16 validation may fall the other way.
    close_calls, tolerance = (2.1, 0.1) if "bfloat16" in network else (0.1, 1e-3)
    accuracy = (probabilities.argmax(axis=1) == public.labels).mean()
    assert accuracy == pytest.approx(measured["val_accuracy"], abs=close_calls / len(public))
    smoothing = 0.0 if is_mirrored else 0.1
    targets = (1 - smoothing) * np.eye(7)[public.labels] + smoothing / 7
    loss = keras.losses.categorical_crossentropy(targets, probabilities)
    assert np.mean(loss) == pytest.approx(measured["val_loss"], rel=tolerance)


@pytest.fixture(scope="module")
def whole(csvs, tmp_path_factory) -> Path:
    """A finished run of the tiny network."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.train.builder", lambda name: build_tiny)
        train_cnn.main(command(csvs / "fer2013.csv", run, RANDOM))
    return run


# The first write is run.json; then each epoch writes best, last, history and checkpoint.
@pytest.mark.parametrize("write", [4, 7, 9])
def test_a_run_killed_at_any_file_resumes_to_the_bit(whole, csvs, tmp_path, tiny, monkeypatch, capsys, write):
    writes, rename = [], Path.replace

    def kill(path, target):
        writes.append(target)
        if len(writes) == write:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", kill)
        with pytest.raises(SystemExit):
            train_cnn.main(command(csvs / "fer2013.csv", tmp_path, RANDOM))
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    train_cnn.main(["--run", str(tmp_path), "--resume"])
    has_epoch, printed = write >= 6, capsys.readouterr()
    assert ("continuing after epoch 1 of 3\n" in printed.out) == has_epoch
    assert re.search(r"\ntraining: still working, 1 of \d+ steps after 00:0", printed.err)
    assert_equal_runs(whole, tmp_path)
    assert read_run(tmp_path)["precision"] == "bfloat16"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in whole.iterdir()}


def test_a_finished_run_says_so_and_none_goes_on_with_other_data(whole, tiny, tmp_path, capsys, failing):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    moved = tmp_path / "moved.csv"
    moved.write_bytes(Path(read_run(run)["arguments"]["data"]).read_bytes())
    train_cnn.main(["--run", str(run), "--resume", "--data", str(moved)])
    assert f"{run} is finished: 3 epochs" in capsys.readouterr().out
    assert_equal_runs(whole, run)
    (run / "run.json").write_text(json.dumps(read_run(run) | {"data_digest": "0" * 16}))
    assert "have changed since" in failing(train_cnn.main, "--run", run, "--resume")


def test_the_weights_in_training_do_not_depend_on_their_average(whole, csvs, tmp_path, tiny):
    train_cnn.main(command(csvs / "fer2013.csv", tmp_path, f"{RANDOM} average=0"))
    assert [row["loss"] for row in read_history(tmp_path)] == [row["loss"] for row in read_history(whole)]
    kernels = (arrays(run / "last.weights.h5")["layers/dense/vars/0"] for run in (tmp_path, whole))
    assert np.abs(np.subtract(*kernels)).max() > 1e-4


def test_a_training_that_diverges_ends_with_one_line(csvs, tmp_path, tiny):
    options = parse_options(CONVOLUTIONAL, None, command(csvs / "fer2013.csv", tmp_path, "--epochs 2"))
    options = replace(options, recipe=replace(options.recipe, warmup=0, learning_rate=float("nan")))
    with pytest.raises(InputError, match=r"diverged in epoch 1 .* lower --set learning_rate"):
        train(options)
    assert not list(tmp_path.glob("*.h5"))


def test_no_two_dropout_layers_or_steps_share_a_state():
    model, steps, states = build_tiny(0, 1, 0.5, 0.5), 50, set()
    for epoch in range(3):
        seed_dropout(model, 1, epoch * steps)
        for layer in (layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)):
            seed, first = np.array(layer.seed_generator.state)
            assert seed == 1
            states |= set(range(int(first), int(first) + steps))
    assert len(states) == 3 * 2 * steps


def test_students_learn_from_folds_and_from_initial_weights(
    csvs, tmp_path, tiny, monkeypatch, failing, capsys
):
    data, small = csvs / "train.csv", "--validation none --epochs 1 --batch-size 70"
    first, second, student = (tmp_path / name for name in ("first", "second", "student"))
    for number, run in enumerate((first, second), start=1):
        train_cnn.main(command(data, run, f"{small} --fold {number}/2"))
        assert not pd.read_csv(run / "fold.csv")["trained_on"].any()

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.train.train_epoch", stop)
        teachers = f"--teacher {first}/fold.csv {second}/fold.csv"
        with pytest.raises(SystemExit):
            train_cnn.main(command(data, student, f"{small} {teachers} --from {first}"))
    assert (student / "initial.weights.h5").read_bytes() == (first / "best.weights.h5").read_bytes()
    assert "omit --from" in failing(train_cnn.main, "--run", student, "--resume", "--from", second)
    train_cnn.main(["--run", str(student), "--resume"])
    record, initial, trained = read_run(student), find_weights(str(first)), find_weights(str(student))
    assert record["initial_weights"]["name"] == "first"
    assert trained.metadata["mean"] == record["mean"] == initial.metadata["mean"]
    assert len(trained.hashes.exact) == 140
    teachers, taught = f"--teacher {first} {second}", tmp_path / "taught"
    train_cnn.main(command(data, taught, f"{small} {teachers} --validation 0.2 --set mixup=0.2"))
    assert "of the 28 faces for validation, so val_accuracy is too high" in capsys.readouterr().out
    assert np.isfinite(read_history(taught)[0]["loss"])
    assert not (student / "initial.weights.h5").exists()


PROGRAM = """
import sys
from models.prediction import set_up_keras
set_up_keras(sys.argv.pop(1))
import models.weights, training.train
from tests.test_train import build_tiny
training.train.builder = models.weights.builder = lambda name: build_tiny
import train_cnn
sys.argv[0] = "train_cnn.py"
train_cnn.main(sys.argv[1:])
"""


def test_a_run_that_another_process_has_begun_by_now_is_refused(csvs, tmp_path):
    options = parse_options(("compact",), "", command(csvs / "train.csv", tmp_path, ""))
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="another process by now"):
        train(options)


def test_ctrl_c_says_how_to_resume_and_a_second_process_is_kept_out(csvs, tmp_path, failing):
    options = command(csvs / "train.csv", tmp_path, "--epochs 100000")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "tensorflow", *options],
        cwd=PROJECT,
        # A test run in the background of a shell inherits that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "checkpoint.weights.h5").exists() and process.poll() is None:
        time.sleep(0.1)
    assert process.poll() is None, process.communicate()
    assert "another process is training in it" in failing(train_cnn.main, "--run", tmp_path, "--resume")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == f"stopped; continue with: python train_cnn.py --run {tmp_path} --resume\n"


def test_jax_trains_as_tensorflow(whole, csvs, tmp_path, tiny):
    """Order, augmentation, mixup and teachers are the same on both backends."""
    by_jax, by_tensorflow, teacher = (tmp_path / name for name in ("jax", "tensorflow", "teacher"))
    train_cnn.main(command(csvs / "fer2013.csv", teacher, "--epochs 1 --fold 2/2 --precision float32"))
    small = f"--from {whole} --epochs 3 --fold 1/2 --precision float32 --teacher {teacher}"
    small += " --set dropout=0 mixup=0.2 average=0.5 schedule=linear"
    options = command(csvs / "fer2013.csv", by_jax, f"--backend jax --batch-size 6 {small}")
    trained = subprocess.run(
        [sys.executable, "-c", PROGRAM, "jax", *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert (trained.returncode, trained.stderr) == (0, "")
    train_cnn.main(command(csvs / "fer2013.csv", by_tensorflow, f"--batch-size 6 {small}"))
    runs = by_jax, by_tensorflow
    pd.testing.assert_frame_equal(*(pd.DataFrame(read_history(run)).iloc[:, :-1] for run in runs), rtol=0.02)
    pd.testing.assert_frame_equal(*(pd.read_csv(run / "fold.csv") for run in runs), atol=0.02)
    assert read_run(by_jax)["versions"].keys() == {"jax", "keras", "numpy", "python"}
