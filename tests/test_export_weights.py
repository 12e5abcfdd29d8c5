"""export_weights.py: half the size, the same predictions, and a record of how the weights were made."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import export_weights
from data.csv_reader import read_csv
from models.locate import find_weights
from models.prediction import predict_logits, predict_probabilities
from models.weights_file import load_network, write_half_precision


@pytest.fixture(scope="module")
def exported(drawn, compact_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported") / "small.weights.h5"
    export_weights.main(
        ["--weights", str(compact_run), "--data", str(drawn / "fer2013.csv"), "--out", str(out)]
    )
    return out


def test_half_the_size_and_nearly_the_same_probabilities(drawn, compact_run, exported):
    full, half = find_weights(str(compact_run)), find_weights(str(exported))
    assert half.path.stat().st_size < 0.6 * full.path.stat().st_size
    np.testing.assert_array_equal(half.training_hashes, full.training_hashes)
    faces = read_csv(drawn / "test.csv").images
    before, after = (predict_logits(load_network(each), faces) for each in (full, half))
    # A float16 number has 11 binary digits: it may be off by a 2,048th of itself.
    np.testing.assert_allclose(after, before, atol=0.01 * np.abs(before).max())
    with h5py.File(exported) as stored:
        kinds = set()
        stored["layers"].visititems(
            lambda name, item: kinds.add((item.dtype.name, item.ndim > 1)) if hasattr(item, "dtype") else None
        )
    assert kinds == {("float16", True), ("float32", False)}


def test_the_last_weights_of_a_run_are_exported_by_their_file(drawn, compact_run, tmp_path):
    last, out = compact_run / "last.weights.h5", tmp_path / "last.weights.h5"
    export_weights.main(["--weights", str(last), "--data", str(drawn / "fer2013.csv"), "--out", str(out)])
    assert find_weights(str(out)).description["epoch"] == 4
    faces = read_csv(drawn / "test.csv").images
    before, after = (predict_logits(load_network(find_weights(str(each))), faces) for each in (last, out))
    np.testing.assert_allclose(after, before, atol=0.01 * np.abs(before).max())


def test_the_record_tells_how_and_what_without_paths(drawn, compact_run, exported):
    text = exported.with_name("small.json").read_text()
    record = json.loads(text)
    assert str(drawn) not in text
    assert str(compact_run) not in text
    assert record["network"] == "compact"
    assert record["arguments"]["data"] == "fer2013.csv"
    assert record["arguments"]["epochs"] == len(record["history"]) == 4
    assert {"recipe", "versions", "commit", "machine", "mean", "std", "data_digest", "date"} <= set(record)
    assert "FER2013" in record["licence"]
    assert record["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    everything = read_csv(drawn / "fer2013.csv")
    public = everything.select(everything.rows_with_usage("PublicTest"))
    probabilities = predict_probabilities([load_network(find_weights(str(exported)))], public.images)
    right = np.mean(probabilities.argmax(axis=1) == public.labels)
    assert record["PublicTest"]["accuracy"] == pytest.approx(right)
    assert record["PublicTest"]["faces"] == len(public)


def test_it_refuses_what_half_precision_spoils(drawn, compact_run, tmp_path, fails, monkeypatch):
    def spoil(*arguments):
        write_half_precision(*arguments)
        with h5py.File(arguments[1], "r+") as stored:
            stored["layers"].visititems(
                lambda name, item: item.write_direct(np.zeros_like(item)) if hasattr(item, "dtype") else None
            )

    monkeypatch.setattr("analysis.exported_weights.write_half_precision", spoil)
    message = fails(
        export_weights.main,
        *("--weights", compact_run, "--data", drawn / "fer2013.csv", "--out", tmp_path / "x.weights.h5"),
    )
    assert "half precision changes accuracy" in message
    assert list(tmp_path.iterdir()) == []


def test_unfinished_runs_and_odd_names_are_refused(drawn, compact_run, tmp_path, fails):
    data = ["--data", drawn / "fer2013.csv"]
    message = fails(export_weights.main, "--weights", compact_run, *data, "--out", tmp_path / "x.h5")
    assert "must end in .weights.h5" in message
    history = (compact_run / "history.csv").read_text()
    try:
        (compact_run / "history.csv").write_text("".join(history.splitlines(keepends=True)[:2]))
        message = fails(
            export_weights.main, "--weights", compact_run, *data, "--out", tmp_path / "x.weights.h5"
        )
    finally:
        (compact_run / "history.csv").write_text(history)
    assert "is not finished" in message
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_gets_no_exported_weights(drawn, compact_run, fails):
    out = compact_run / "best.weights.h5"
    message = fails(
        export_weights.main, "--weights", compact_run, "--data", drawn / "fer2013.csv", "--out", out
    )
    assert "is the folder of a run" in message


@pytest.mark.skipif(os.name != "posix", reason="limits of a file's size are POSIX")
def test_a_full_disk_ends_with_one_line(drawn, compact_run, tmp_path):
    """A limit on the size of files stands for a full disk."""
    script = Path(export_weights.__file__)
    options = ["--data", str(drawn / "fer2013.csv"), "--out", str(tmp_path / "x.weights.h5")]
    stopped = subprocess.run(
        [
            *("bash", "-c", 'ulimit -f 2000; exec "$0" "$@"', sys.executable, str(script)),
            *("--weights", str(compact_run), *options),
        ],
        capture_output=True,
        text=True,
    )
    assert stopped.returncode == 2
    assert stopped.stderr.count("\n") == 1
    assert "free the disk" in stopped.stderr
    assert list(tmp_path.iterdir()) == []
