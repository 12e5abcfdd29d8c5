"""The benchmarks that print numbers of the README: they run, and judge what they measured."""

import json
import re

import numpy as np
import pytest

from benchmarks import network_speed, time_to_accuracy, train_speed, views
from data.cache import read_cached
from models.locate import find_weights
from models.prediction import predict_probabilities
from models.weights_file import load_network


@pytest.mark.parametrize(("target", "epochs", "reached"), [("0.01", 3, True), ("0.999", 1, False)])
def test_the_clock_stops_at_the_target_or_the_last_epoch(drawn, capfd, target, epochs, reached):
    time_to_accuracy.main(
        ["--data", str(drawn / "fer2013.csv"), "--epochs", str(epochs), "--target", target, "--seeds", "5"]
    )
    line, total = capfd.readouterr().out.splitlines()
    # 160 drawn faces are one batch of 128; the first of several epochs reaches 0.01.
    assert re.match(rf"seed 5: 0\.\d{{4}} after \d+ s, 1 of {epochs} epochs, 128 faces seen", line)
    assert line.endswith("NOT reached") is not reached
    assert total == f"{int(reached)} of 1 seeds reached {target}"


def test_a_target_that_is_no_accuracy_is_refused(drawn, fails):
    message = fails(time_to_accuracy.main, "--data", drawn / "fer2013.csv", "--target", "65")
    assert "--target 65.0: is not an accuracy" in message


def test_network_speed_measures_training_and_prediction(capfd):
    network_speed.main(["--network", "dnn", "--steps", "2", "--precision", "bfloat16"])
    measured = json.loads(capfd.readouterr().out)
    assert measured["precision"] == "bfloat16"
    assert measured["training"] > 1
    assert measured["prediction"] > 1


def test_each_way_of_training_is_compared_with_the_suite_in_its_own_precision(monkeypatch, capsys):
    rates = {"suite float32": 100.0, "suite bfloat16": 300.0, "keras float32": 50.0, "torch bfloat16": 200.0}
    monkeypatch.setattr(train_speed, "measurements", lambda steps, precisions: iter(rates.items()))
    monkeypatch.setattr(train_speed, "sgemm_gflops", lambda: 100.0)
    train_speed.main([])
    lines = {line[:14]: line for line in capsys.readouterr().out.splitlines()}
    assert "suite float32 is 2.00 x as fast" in lines["keras float32 "]
    assert "suite bfloat16 is 1.50 x as fast" in lines["torch bfloat16"]


def test_a_way_of_training_prints_its_seconds_and_nothing_else(capfd):
    ways = dict(train_speed.measurements(1, ("float32",), ways=("suite float32",)))
    assert ways["suite float32"] > 1
    assert capfd.readouterr() == ("", "")


def test_views_are_compared_on_public_test(drawn, compact_run, capfd):
    data = drawn / "fer2013.csv"
    views.main(["--data", str(data), "--weights", str(compact_run)])
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 2 + len(views.SETS)
    width = max(map(len, views.SETS))
    rows = {line[:width].strip(): line[width:].split() for line in lines[1:]}
    faces = read_cached(data)
    public = faces.select(faces.rows_with_usage("PublicTest"))
    network = load_network(find_weights(str(compact_run)))
    for name, tta, number in (("the face", False, "1"), ("the face and its mirror image (--tta)", True, "2")):
        probabilities = predict_probabilities([network], public.images, tta)
        accuracy = (probabilities.argmax(axis=1) == public.labels).mean()
        loss = -np.log(probabilities[np.arange(len(public)), public.labels]).mean()
        assert rows[name] == [number, f"{accuracy:.4f}", f"{loss:.4f}"]


def test_a_closer_view_keeps_the_centre():
    rows, columns = np.mgrid[0:48, 0:48]
    faces = np.stack([rows, columns, 2 * rows + columns]).astype(np.uint8)
    # The picture's centre, 23.5, stays; what lies d pixels from it shows what lay 0.95 d from it.
    rows, columns = (23.5 + 0.95 * (axis - 23.5) for axis in (rows, columns))
    np.testing.assert_allclose(views.moved_view(faces, 0.95), [rows, columns, 2 * rows + columns], atol=1e-3)
