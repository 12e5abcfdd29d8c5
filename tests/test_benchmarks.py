"""The benchmarks that print numbers of the README: they run, and judge what they measured."""

import re

import pytest

from benchmarks import network_speed, time_to_accuracy


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
    assert "--target 65.0: is no accuracy" in message


def test_network_speed_measures_training_and_prediction(capfd):
    network_speed.main(["--network", "dnn", "--steps", "2"])
    line = capfd.readouterr().out.splitlines()[-1]
    rates = re.fullmatch(r'\{"training": ([\d.]+), "prediction": ([\d.]+)\}', line)
    assert all(float(rate) > 1 for rate in rates.groups())
