"""Runs that are killed, interrupted or out of disk, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import train_cnn
import train_dnn
from training.callbacks import EpochLine

PROJECT = Path(__file__).parent.parent
# So few faces that bfloat16 takes seconds where the hardware does not have it.
OPTIONS = ["--epochs", "3", "--limit", "32", "--batch-size", "16", "--validation", "none", "--deterministic"]


def command(drawn: Path, run: Path, *more: str, script: str = "train_cnn.py") -> list[str]:
    data = ["--data", str(drawn / "train.csv")]
    return [sys.executable, str(PROJECT / script), *data, "--run", str(run), *OPTIONS, *more]


def start_and_wait_for_an_epoch(arguments: list[str], run: Path, **options) -> subprocess.Popen:
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    for _ in range(1200):
        if (run / "checkpoint.weights.h5").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    assert process.poll() is None, process.communicate()
    return process


def weights(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a weight file by their place in it; not its description, which holds seconds."""
    arrays = {}
    with h5py.File(path) as stored:
        stored.visititems(
            lambda name, item: (
                arrays.update({name: item[()]})
                if isinstance(item, h5py.Dataset) and name != "description"
                else None
            )
        )
    return arrays


SETTINGS = [
    "--set",
    "dropout=0.6",
    "erase=0.1",
    "rotation=20",
    "mixup=0.2",
    "average=0.9",
    "block_dropout=0.1",
]


def assert_equal_runs(whole: Path, resumed: Path) -> None:
    """Both have the same weights to the bit, and the same history but for the seconds."""
    for name in ("last.weights.h5", "best.weights.h5"):
        expected, got = weights(whole / name), weights(resumed / name)
        assert expected.keys() == got.keys()
        for key, array in expected.items():
            np.testing.assert_array_equal(array, got[key], err_msg=key)
    without_seconds = [
        [line.rsplit(",", 1)[0] for line in (run / "history.csv").read_text().splitlines()]
        for run in (whole, resumed)
    ]
    assert without_seconds[0] == without_seconds[1]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_stopped_run_resumes_to_the_weights_of_one_that_was_never_stopped(
    drawn, tmp_path, monkeypatch, precision
):
    options = ["--network", "compact", "--precision", precision, *SETTINGS]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    files = ["--data", str(drawn / "train.csv"), "--run"]

    def stop(self, epoch, logs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EpochLine, "on_epoch_end", stop)  # which comes after the checkpoint
        with pytest.raises(SystemExit):
            train_cnn.main([*files, str(stopped), *OPTIONS, *options])
    assert (stopped / "history.csv").read_text().count("\n") == 2
    # The precision is not typed again: the run keeps its own.
    train_cnn.main(["--run", str(stopped), "--resume"])
    train_cnn.main([*files, str(whole), *OPTIONS, *options])
    assert_equal_runs(whole, stopped)


def test_a_killed_run_resumes_to_the_weights_of_one_that_was_never_stopped(drawn, tmp_path):
    options = ["--precision", "bfloat16", "--set", "optimizer=adamw", "dropout=0.6"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = start_and_wait_for_an_epoch(command(drawn, killed, *options, script="train_dnn.py"), killed)
    process.kill()
    process.communicate()
    assert (killed / "history.csv").read_text().count("\n") < 4

    resumed = subprocess.run(
        command(drawn, killed, "--resume", script="train_dnn.py"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stderr == ""
    assert "epoch 1/3" not in resumed.stdout
    assert "epoch 3/3" in resumed.stdout
    train_dnn.main(["--data", str(drawn / "train.csv"), "--run", str(whole), *OPTIONS, *options])
    assert_equal_runs(whole, killed)


def test_ctrl_c_says_how_to_resume_and_a_second_process_is_kept_out(drawn, tmp_path):
    run = tmp_path / "run"
    # So many that none is finished before the signal comes.
    many = command(drawn, run, "--epochs", "300", "--precision", "float32")
    # A test run in the background of a shell inherits that SIGINT is ignored.
    listening = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    process = start_and_wait_for_an_epoch(many, run, **listening)
    second = subprocess.run([*many, "--resume"], capture_output=True, text=True, timeout=120)
    assert second.returncode == 2
    assert "another process is training" in second.stderr
    (run / ".0a1b2c3d.tmp.last.weights.h5").write_bytes(b"half")  # as if it was writing just then
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"train_cnn.py --run {run} --resume" in errors
    assert "Traceback" not in errors
    assert (run / "checkpoint.weights.h5").exists()
    assert not list(run.glob(".*.tmp.*"))


STOPPED_IN_THE_PREDICTION = """
import os, signal, sys
import models.prediction
models.prediction.predict_probabilities = lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)
import train_dnn
train_dnn.main(sys.argv[1:])
"""


def test_a_run_stopped_while_it_predicts_its_fold_says_how_to_resume_and_does(drawn, tmp_path):
    run = tmp_path / "run"
    python, _, *options = command(drawn, run, "--epochs", "1", "--fold", "1/2", script="train_dnn.py")
    stopped = subprocess.run(
        [python, "-c", STOPPED_IN_THE_PREDICTION, *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert stopped.returncode == 143, stopped.stderr
    assert f"train_dnn.py --run {run} --resume" in stopped.stderr
    assert not (run / "fold.csv").exists()
    train_dnn.main(["--run", str(run), "--resume"])
    assert (run / "fold.csv").exists()


@pytest.mark.skipif(os.name != "posix", reason="limits of a file's size are POSIX")
def test_a_full_disk_leaves_the_last_good_checkpoint(drawn, tmp_path):
    """A limit on the size of files, between that of weights and of a checkpoint, stands for a full disk."""
    run = tmp_path / "run"
    limited = ["bash", "-c", 'ulimit -f 150000; exec "$0" "$@"']
    stopped = subprocess.run(
        [*limited, *command(drawn, run, "--precision", "float32")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert stopped.returncode == 2
    assert stopped.stderr.count("\n") == 1
    assert "checkpoint.weights.h5: cannot be written" in stopped.stderr
    assert sorted(path.name for path in run.glob("*.h5")) == ["best.weights.h5", "last.weights.h5"]
    assert not list(run.glob(".*tmp*"))


@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("train_dnn", ["--precision", "bfloat16"]),
        ("train_cnn", ["--network", "compact", "--precision", "float32"]),
    ],
)
def test_two_devices_train_together(drawn, tmp_path, script, options):
    """Two logical CPUs stand in for two GPUs."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from models.keras_setup import set_up_tensorflow\n"
        "set_up_tensorflow()\n"
        "import tensorflow as tf\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        f"import {script}\n"
        f"{script}.main(sys.argv[2:])\n"
    )
    run = tmp_path / "run"
    small = ["--epochs", "2", "--limit", "32", "--batch-size", "16", "--strategy", "mirrored"]
    trained = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            str(PROJECT),
            "--data",
            str(drawn / "train.csv"),
            "--run",
            str(run),
            *small,
            *options,
        ],
        # GPUs have no oneDNN, which miscomputes the compact network on a second CPU.
        env=os.environ | {"TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert trained.returncode == 0, trained.stderr
    assert trained.stderr == ""
    assert "2 devices" in trained.stdout
    assert "epoch 2/2" in trained.stdout
    assert (run / "best.weights.h5").exists()
