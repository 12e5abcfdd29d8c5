"""filter_viz.py from the command line."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import saliency
from analysis.activation_maximisation import happy_face
from data import CLASS_NAMES
from data.splits import Hashes
from filter_viz import main
from models import builder
from models.weights import save_network


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weight files of a convolutional and of the dense network at random weights."""
    keras.utils.set_random_seed(1)
    files = {}
    hashes = Hashes(np.zeros(0, np.uint64), np.zeros((0, 2), np.uint64))
    for name in ("compact", "dnn"):
        files[name] = tmp_path_factory.mktemp(name) / "best.weights.h5"
        metadata = {"network": name, "mean": 128.0, "std": 60.0}
        save_network(builder(name)(128.0, 60.0), files[name], metadata, hashes)
    return files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_figures_and_table_repeat_to_the_byte(
    weights: dict[str, Path], csvs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr("analysis.activation_maximisation.MOST_UNITS", 5)
    contents, files = [], ["filters-examples.png", "filters-outputs.png", "filters.csv", "filters.png"]
    argv = ["--steps", "2", "--examples", "2", "--overwrite", "--out", str(tmp_path / "filters.png")]
    for _ in range(2):
        record = main([*argv, "--data", str(csvs / "fer2013.csv"), "--weights", str(weights["compact"])])
        assert names(tmp_path) == files
        contents.append([(tmp_path / name).read_bytes() for name in files])
        printed = capsys.readouterr().out
        assert sorted(printed.split()) == sorted(["wrote"] * 4 + [str(tmp_path / name) for name in files])
    assert contents[0] == contents[1]
    assert record["weights"] == str(weights["compact"])
    assert (record["layer"], record["kind"]) == ("conv2d_1", "filter")
    table = pd.read_csv(tmp_path / "filters.csv")
    assert table.columns.tolist() == ["name", "activation", "dead", "plain_dark", "plain_light", "best_face"]
    assert table["name"].tolist() == list(range(5))
    assert [unit["activation"] for unit in record["units"]] == pytest.approx(table["activation"])
    assert [unit["best_face"] for unit in record["units"]] == pytest.approx(table["best_face"])
    assert (table["activation"] > 0).all()


def test_unconstrained_pictures_reach_more(weights, csvs: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("analysis.activation_maximisation.MOST_UNITS", 2)
    argv = ["--steps", "20", "--data", str(csvs / "fer2013.csv"), "--weights", str(weights["compact"])]
    outputs = (["--out", str(tmp_path / "a.png")], ["--out", str(tmp_path / "b.png"), "--unconstrained"])
    less, more = (main([*argv, *given])["units"][0] for given in outputs)
    assert less["activation"] < more["activation"]
    assert less["best_face"] != more["best_face"]


def test_the_happy_face_is_that_of_the_saliency_maps(
    weights, csvs: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("analysis.activation_maximisation.MOST_UNITS", 2)
    chosen = []
    monkeypatch.setattr(
        "analysis.activation_maximisation.happy_face",
        lambda *args: chosen.append(happy_face(*args)) or chosen[-1],
    )
    argv = ["--data", str(csvs / "test.csv"), "--labels", str(csvs / "test_labels.csv")]
    argv += ["--weights", str(weights["compact"])]
    record = saliency.main([*argv, "--out", str(tmp_path / "saliency.png")])
    main([*argv, "--steps", "1", "--out", str(tmp_path / "filters.png")])
    happy = [face["row"] for face in record["faces"] if face["true"] == "happy"]
    assert chosen[0].rows.tolist() == happy


def test_classes_without_a_data_set(
    weights: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, failing
) -> None:
    monkeypatch.setattr("data.faces.DATA_FOLDER", tmp_path)
    monkeypatch.chdir(tmp_path)
    given = ["--weights", str(weights["dnn"]), "--steps", "2", "--out", "classes.svg", "classes.pdf"]
    record = main(given)
    assert names(tmp_path) == ["classes.csv", "classes.pdf", "classes.svg"]
    assert [unit["name"] for unit in record["units"]] == list(CLASS_NAMES)
    assert {unit["best_face"] for unit in record["units"]} == {None}
    assert {unit["dead"] for unit in record["units"]} == {False}
    assert len([line for line in capsys.readouterr().out.splitlines() if "faces" in line]) == 1
    assert "or train.csv" in failing(main, *given, "--examples", 1, "--overwrite")
    (tmp_path / "train.csv").write_text("label,feature\n3,70 80")
    assert "train.csv" in failing(main, *given, "--overwrite")


@pytest.mark.parametrize(
    ("network", "more", "message"),
    [
        ("compact", ["--layer", "conv2d_10"], "conv2d_9, dense_1"),
        ("dnn", ["--layer", "conv2d_1"], "dense_1, dense_2"),
        ("compact", ["--outputs", "210"], "rows 0 to 209"),
        ("compact", ["--outputs", "0", "--layer", "dense_1"], "choose a convolution"),
        ("compact", ["--out", "nowhere/filters.png"], "nowhere"),
        ("compact", ["--out", "old.png"], "old.csv"),
    ],
)
def test_bad_input_ends_with_one_line_and_writes_nothing(
    network, more, message, weights, csvs, tmp_path, monkeypatch, failing
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.csv").write_text("name")
    given = ["--weights", weights[network], "--data", csvs / "fer2013.csv", "--out", "filters.png"]
    assert message in failing(main, *given, *more)
    assert names(tmp_path) == ["old.csv"]
    assert (tmp_path / "old.csv").read_text() == "name"
