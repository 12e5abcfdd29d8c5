"""What holds for all scripts alike, each run in a process of its own as a user runs it."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

import train_dnn

PROJECT = Path(__file__).parent.parent
SMALL = ["--epochs", "1", "--limit", "32", "--batch-size", "16"]
# Every script, with options that make it quick. DRAWN: the folder of drawn faces. RUN: a
# finished run of the compact network. DENSE: one of the DNN.
COMMANDS = [
    ["draw_faces.py", "faces", "--train", "7", "--test", "7"],
    ["train_cnn.py", "--data", "DRAWN/train.csv", "--network", "compact", *SMALL],
    ["train_cnn.py", "--data", "DRAWN/train.csv", *SMALL, "--precision", "float32", "--deterministic"],
    ["train_cnn.py", "--data", "DRAWN/train.csv", "--show-augmentation", "augmented.png"],
    ["train_dnn.py", "--data", "DRAWN/train.csv", *SMALL, "--precision", "bfloat16"],
    ["train_dnn.py", "--data", "DRAWN/train.csv", *SMALL, "--strategy", "mirrored"],
    ["predict.py", "--data", "DRAWN/test.csv", "--labels", "DRAWN/test_labels.csv", "--weights", "RUN"],
    ["confusion.py", "--data", "DRAWN/fer2013.csv", "--weights", "RUN"],
    ["saliency.py", "--data", "DRAWN/fer2013.csv", "--weights", "RUN"],
    ["filter_viz.py", "--data", "DRAWN/fer2013.csv", "--weights", "RUN", "--steps", "2"],
    ["curves.py", "RUN"],
    ["export_weights.py", "--data", "DRAWN/fer2013.csv", "--weights", "RUN", "--out", "out.weights.h5"],
    ["report.py", "--data", "DRAWN", "--runs", "DENSE", "--quick", "--out", "page"],
]


@pytest.fixture(scope="module")
def dense_run(drawn, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "dense"
    options = ["--validation", "PublicTest", *SMALL, "--precision", "float32"]
    train_dnn.main(["--data", str(drawn / "fer2013.csv"), "--run", str(run), *options])
    return run


def test_every_script_is_among_the_commands():
    assert {command[0] for command in COMMANDS} == {path.name for path in PROJECT.glob("*.py")}


def test_keras_settings_of_the_users_own_change_nothing(drawn, compact_run, tmp_path):
    settings = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16", "epsilon": 1e-7}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    outputs = []
    for number, own in enumerate(({}, {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "jax"})):
        out = tmp_path / f"{number}.csv"
        options = ["--data", drawn / "test.csv", "--weights", compact_run, "--out", tmp_path / "ids.csv"]
        run = subprocess.run(
            [sys.executable, PROJECT / "predict.py", *options, "--probabilities", out],
            env=os.environ | own,
            capture_output=True,
            text=True,
        )
        assert (run.returncode, run.stderr) == (0, "")
        outputs.append(out.read_text())
    assert outputs[0] == outputs[1]


def test_a_process_that_loads_many_networks_is_not_warned():
    """As report.py does; TensorFlow warns of the fifth function that it traces again."""
    assert not tf.get_logger().isEnabledFor(logging.WARNING)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_script_that_succeeds_leaves_stderr_empty(command, drawn, compact_run, dense_run, tmp_path):
    names = {"DRAWN": drawn, "RUN": compact_run, "DENSE": dense_run}
    for name, path in names.items():
        command = [word.replace(name, str(path)) for word in command]
    script, *options = command
    # As in a user's shell, where Python buffers what it writes.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    run = subprocess.run(
        [sys.executable, str(PROJECT / script), *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert run.stdout
    assert list(tmp_path.iterdir())
