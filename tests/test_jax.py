"""Training on JAX: on Keras's other backend the same holds as on TensorFlow, and the weights fit both."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import train_cnn
from data.csv_reader import read_csv
from data.errors import InputError
from models.keras_setup import check_backend
from models.locate import find_weights
from models.prediction import predict_with_files
from tests.test_resume import assert_equal_runs

PROJECT = Path(__file__).parent.parent


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A process of its own, because a process has one backend."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def train(data: Path, folder: Path, *more: str) -> subprocess.CompletedProcess:
    options = [
        "--network",
        "compact",
        "--epochs",
        "2",
        "--batch-size",
        "32",
        "--set",
        "average=0.9",
        "mixup=0.2",
    ]
    return run("train_cnn.py", "--backend", "jax", "--data", str(data), "--run", str(folder), *options, *more)


@pytest.fixture(scope="module")
def jax_run(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that left a fold out."""
    folder = tmp_path_factory.mktemp("runs") / "jax"
    finished = train(drawn / "fer2013.csv", folder, "--fold", "1/4", "--deterministic")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return folder


def test_what_holds_on_tensorflow_holds_on_jax():
    files = [f"tests/test_{name}.py" for name in ("augmentation", "averaging", "batches", "optimizers")]
    tests = run("-m", "pytest", "-p", "no:cacheprovider", *files, TEST_BACKEND="jax")
    assert tests.returncode == 0, tests.stdout


def test_the_weights_predict_on_tensorflow_what_they_did_on_jax(jax_run, drawn):
    data = read_csv(drawn / "fer2013.csv")
    faces = data.select(data.rows_with_usage("PublicTest"))
    weights = find_weights(str(jax_run / "last.weights.h5"))
    accuracy = (predict_with_files([weights], faces.images, False).argmax(axis=1) == faces.labels).mean()
    measured = pd.read_csv(jax_run / "history.csv").val_accuracy.iloc[-1]
    assert accuracy == pytest.approx(measured, abs=1.5 / len(faces))  # a face on the edge may fall
    fold = pd.read_csv(jax_run / "fold.csv")
    left_out = data.select(fold.id.to_numpy())
    expected = predict_with_files([find_weights(str(jax_run))], left_out.images, True)
    np.testing.assert_allclose(fold.iloc[:, 3:].to_numpy(), expected, atol=2e-3)


def test_the_record_names_jax(jax_run):
    record = json.loads((jax_run / "run.json").read_text())
    assert record["arguments"]["backend"] == "jax"
    assert set(record["versions"]) == {"python", "jax", "jaxlib", "keras", "numpy"}


def test_a_run_repeats_to_the_bit(jax_run, drawn, tmp_path):
    again = train(drawn / "fer2013.csv", tmp_path, "--fold", "1/4", "--deterministic")
    assert again.returncode == 0, again.stderr
    assert_equal_runs(jax_run, tmp_path)


def test_a_resumed_run_keeps_its_backend(jax_run, drawn, fails):
    message = fails(train_cnn.main, "--run", jax_run, "--resume", "--backend", "tensorflow")
    assert "was started with --backend jax, not tensorflow; omit --backend" in message


def test_a_backend_that_is_not_installed_ends_with_one_line(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="--backend jax: the package jax is not installed; install it"):
        check_backend("jax")


def test_jax_without_a_device_ends_with_one_line(drawn, tmp_path):
    data = ["--data", str(drawn / "train.csv"), "--run", str(tmp_path / "run")]
    ended = run("train_dnn.py", "--backend", "jax", *data, JAX_PLATFORMS="no_such_device")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "--backend jax: JAX finds no device" in ended.stderr
    assert "JAX_PLATFORMS, which is 'no_such_device'" in ended.stderr
    assert not (tmp_path / "run" / "run.json").exists()


def test_ctrl_c_while_jax_compiles_ends_with_one_line(drawn, tmp_path):
    data = ["--data", str(drawn / "train.csv"), "--run", str(tmp_path / "run")]
    with subprocess.Popen(
        [sys.executable, "train_dnn.py", "--backend", "jax", *data],
        cwd=PROJECT,
        # A test run in the background of a shell inherits that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("training the network"):
                break
        time.sleep(2)  # into the compilation, which takes several seconds, or the epochs after it
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.count("\n") == 1
    assert errors.startswith("stopped")


def test_mirrored_training_is_tensorflows(drawn, fails):
    options = ["--backend", "jax", "--strategy", "mirrored"]
    assert "--strategy mirrored: is TensorFlow's" in fails(
        train_cnn.main, "--data", drawn / "train.csv", *options
    )
