"""What people see, pinned: these numbers, files and layers stay whatever is rewritten.

tests/pinned/ holds 70 drawn faces (faces.csv.gz: 35 PublicTest, 35 PrivateTest), and what the shipped
networks make of them. The faces are kept, because drawing may change.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import keras
import numpy as np
import pandas as pd
import pytest

import confusion
import curves
import filter_viz
import models.prediction
import predict
import saliency
import train_cnn
import train_dnn
from data.faces import read_faces
from models import builder
from models.weights import find_ensemble

PROJECT = Path(__file__).parent.parent
PINNED = PROJECT / "tests" / "pinned"
FACES = PINNED / "faces.csv.gz"
# Six decimals, and what kinds of CPU differ by.
TOLERANCE = 2e-5
SMALL = ["--batch-size", "14", "--validation", "none", "--precision", "float32"]


def run(main, *arguments: object) -> object:
    return main([str(argument) for argument in arguments])


def pinned_json(name: str) -> dict:
    return json.loads((PINNED / name).read_text())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned faces as test.csv, whose ids count from 1000, and as train.csv."""
    folder, faces = tmp_path_factory.mktemp("pinned"), pd.read_csv(FACES)
    test = pd.DataFrame({"id": np.arange(len(faces)) + 1000, "feature": faces["pixels"]})
    test.to_csv(folder / "test.csv", index=False)
    train = pd.DataFrame({"label": faces["emotion"], "feature": faces["pixels"]})
    train.to_csv(folder / "train.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def finished_run(files: Path) -> Path:
    """The folder of a finished run of compact."""
    options = ["--network", "compact", "--epochs", 3, "--deterministic", *SMALL]
    run(train_cnn.main, "--data", files / "train.csv", "--run", files / "whole", *options)
    return files / "whole"


@pytest.mark.parametrize("options", ["cnn", "dnn", "compact", "medium", "ensemble", "compact --tta"])
def test_probabilities(files: Path, tmp_path: Path, options: str) -> None:
    name, *tta = options.split()
    weights, faces = find_ensemble([name]), read_faces(files / "test.csv")
    pinned = pd.read_csv(PINNED / "probabilities.csv").query("options == @options")
    assert faces.ids.tolist() == list(range(1000, 1070))
    plain, classes = models.prediction.predict(weights, faces.images, bool(tta)), pinned.columns[2:]
    np.testing.assert_allclose(plain, pinned[classes], rtol=0, atol=TOLERANCE)
    outputs = ("--out", tmp_path / "submission.csv", "--probabilities", tmp_path / "table.csv")
    run(predict.main, "--data", files / "test.csv", "--weights", *options.split(), *outputs)
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["hash"].tolist() == pinned["hash"].tolist()
    if len(weights) == 1 and not tta:  # calibrated: the logits are divided by the temperature
        powers = plain ** (1 / weights[0].metadata["temperature"])
        calibrated = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(table[classes], calibrated, rtol=0, atol=TOLERANCE)
    if options == "compact":
        assert (tmp_path / "submission.csv").read_bytes() == (PINNED / "submission.csv").read_bytes()


@pytest.mark.parametrize("name", ["cnn", "dnn", "compact", "medium"])
def test_layers(name: str) -> None:
    keras.utils.clear_session()  # Keras numbers the layers that have no name of their own
    network = builder(name)(mean=0.0, std=1.0)
    layers = [[each.name, list(each.output.shape[1:]), each.count_params()] for each in network.layers]
    assert layers == pinned_json("layers.json")[name]


def scores_of(record: dict) -> dict:
    """Accuracy, macro F1 and matrix in the JSON of confusion.py."""
    scores = record["networks"]["compact"]
    accuracy = scores["accuracy"]["all"]["value"]
    return {"accuracy": accuracy, "macro_f1": scores["macro_f1"], "matrix": scores["matrix"]}


@pytest.mark.parametrize("usage", ["PublicTest", "PrivateTest"])
def test_scores(tmp_path: Path, usage: str) -> None:
    options = ["--weights", "compact", "--validation", usage, "--allow-seen"]
    run(confusion.main, "--data", FACES, *options, "--out", tmp_path / "confusion.png")
    scores = scores_of(json.loads((tmp_path / "confusion.json").read_text()))
    pinned = pinned_json("scores.json")[usage]
    assert scores.pop("matrix") == pinned.pop("matrix")
    assert scores == pytest.approx(pinned, abs=TOLERANCE)


@pytest.mark.parametrize("network", ["cnn", "dnn", "small", "compact", "medium"])
def test_a_short_training_lowers_the_loss(files: Path, tmp_path: Path, network: str) -> None:
    main = train_dnn.main if network == "dnn" else lambda argv: train_cnn.main(["--network", network, *argv])
    # Gentle steps: those of the recipes suit more faces.
    options = ["--epochs", 3, "--limit", 28, "--set", "learning_rate=0.001", "dropout=0.1", *SMALL]
    run(main, "--data", files / "train.csv", "--run", tmp_path / "run", *options)
    loss = pd.read_csv(tmp_path / "run" / "history.csv")["loss"]
    assert len(loss) == 3
    assert loss[2] < loss[0]


def arrays(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a weight file by their names, without texts such as the metadata."""
    found = {}
    with h5py.File(file) as stored:
        stored.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "dtype") else None
        )
    return {name: array for name, array in found.items() if isinstance(array, np.ndarray)}


def test_a_killed_run_resumes_to_the_same_weights(files: Path, finished_run: Path, tmp_path: Path) -> None:
    killed, history = tmp_path / "killed", tmp_path / "killed" / "history.csv"
    command = [
        sys.executable,
        PROJECT / "train_cnn.py",
        "--network",
        "compact",
        "--epochs",
        "3",
        "--deterministic",
    ]
    with subprocess.Popen([*command, *SMALL, "--data", files / "train.csv", "--run", killed]) as process:
        while not history.exists() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert 1 <= len(pd.read_csv(history)) < 3
    run(train_cnn.main, "--run", killed, "--resume")
    for name in ("last.weights.h5", "best.weights.h5"):
        expected, resumed = arrays(finished_run / name), arrays(killed / name)
        assert len(expected) > 20
        assert expected.keys() == resumed.keys()
        for key, array in expected.items():
            np.testing.assert_array_equal(array, resumed[key], err_msg=key)


FIGURES = {
    "confusion": ["confusion", "confusion-2", "confusion-2-minus-1", "confusion-worst"],
    "saliency": ["saliency", "saliency-check"],
    "filters": ["filters", "filters-examples", "filters-outputs"],
    "curves": ["curves"],
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures(finished_run: Path, tmp_path: Path, name: str) -> None:
    main, options = {
        "confusion": (confusion.main, ["--versus", "dnn", "--worst", "5", "--weights", "compact"]),
        "saliency": (saliency.main, ["--check", "--weights", finished_run]),
        "filters": (filter_viz.main, ["--steps", "2", "--examples", "2", "--weights", finished_run]),
        "curves": (curves.main, [finished_run]),
    }[name]
    data = [] if name == "curves" else ["--data", FACES]
    if name == "saliency":  # the run was trained on these faces
        data.append("--allow-seen")
    run(main, *options, *data, "--out", tmp_path / f"{name}.png")
    assert sorted(path.stem for path in tmp_path.glob("*.png")) == FIGURES[name]
