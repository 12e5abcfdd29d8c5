"""filter_viz.py from the command line."""

import csv
from pathlib import Path

import keras
import numpy as np
import pytest

from analysis.activation_maximisation import find_layer
from filter_viz import main
from models import builder
from models.weights_file import save_network

FILES = ["filters-outputs.png", "filters.csv", "filters.png"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weight files of both networks at random weights."""
    keras.utils.set_random_seed(1)
    files = {}
    for name in ("cnn", "dnn"):
        files[name] = tmp_path_factory.mktemp(name) / "best.weights.h5"
        description = {"network": name, "mean": 128.0, "std": 60.0}
        save_network(builder(name)(128.0, 60.0), files[name], description, np.zeros(0, np.uint64))
    return files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(weights: Path, data: Path | None, out: Path, *more: str) -> None:
    given = [] if data is None else ["--data", str(data)]
    main(["--weights", str(weights), *given, "--steps", "2", "--out", str(out), *more])


def test_both_figures_and_the_curves_repeat_to_the_byte(
    weights: dict[str, Path], drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        run(weights["cnn"], drawn / "train.csv", folder / "filters.png", "--preset", "natural")
        assert names(folder) == FILES
        contents.append([(folder / name).read_bytes() for name in FILES])
        printed = capsys.readouterr().out
        assert "\b" not in printed
        assert "\r" not in printed
        assert all(str(folder / name) in printed for name in FILES)
    assert contents[0] == contents[1]


def test_the_curves_have_a_row_per_filter_and_a_column_per_step(
    weights: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    run(
        weights["cnn"].parent,
        drawn / "train.csv",
        tmp_path / "filters.svg",
        "--outputs",
        "3",
        "--order",
        "activation",
        "--examples",
        "2",
    )
    assert names(tmp_path) == ["filters-examples.svg", "filters-outputs.svg", "filters.csv", "filters.svg"]
    with (tmp_path / "filters.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["filter", "dead", "best face", "0", "1", "2"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(32)]
    assert all(float(row[-1]) > float(row[3]) for row in rows[1:])


def test_logits_have_class_names_and_no_outputs(
    weights: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    more = ("--layer", "dense_11", "--examples", "2")
    run(weights["dnn"], drawn / "train.csv", tmp_path / "filters.pdf", *more)
    assert names(tmp_path) == ["filters-examples.pdf", "filters.csv", "filters.pdf"]
    assert (tmp_path / "filters.csv").read_text().splitlines()[4].startswith("happy,0,")


@pytest.mark.parametrize(
    ("network", "more", "message"),
    [
        ("cnn", ["--layer", "conv2d_10"], "conv2d_9, dense_1, dense_2"),
        ("dnn", ["--layer", "conv2d_1"], "dnn has dense_1, dense_2"),
        ("cnn", ["--outputs", "160"], "rows 0 to 159"),
        ("cnn", ["--outputs", "-1"], "--outputs"),
        ("cnn", ["--outputs", "0", "--layer", "dense_2"], "choose a convolution"),
        ("cnn", ["--preset", "pretty"], "plain"),
        ("cnn", ["--steps", "0"], "--steps"),
        ("cnn", ["--out", "nowhere/filters.png"], "nowhere"),
        ("cnn", ["--out", "filters.jpg"], ".png or .pdf or .svg"),
        ("cnn", ["--data", "missing.csv"], "missing.csv"),
        ("cnn", ["--weights", "missing.weights.h5"], "missing.weights.h5"),
    ],
)
def test_bad_input_ends_with_one_line_and_writes_nothing(
    network, more, message, weights, drawn, tmp_path, monkeypatch, fails
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["--weights", weights[network], "--data", drawn / "train.csv", "--out", "filters.png"]
    assert message in fails(main, *given, *more)
    assert names(tmp_path) == []


def test_the_curves_do_not_replace_the_faces_of_the_data_folder(
    weights: dict[str, Path], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails
) -> None:
    faces = tmp_path / "train.csv"
    faces.write_bytes((drawn / "train.csv").read_bytes())
    monkeypatch.setattr("data.locate.DATA_FOLDER", tmp_path)
    line = fails(main, "--weights", weights["cnn"], "--steps", "2", "--out", tmp_path / "train.png")
    assert "would be lost" in line
    assert faces.read_bytes() == (drawn / "train.csv").read_bytes()


def test_a_damaged_data_set_in_the_data_folder_is_not_passed_over(
    weights: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails
) -> None:
    (tmp_path / "fer2013.csv").write_text("emotion,pixels\n3,70 80")
    monkeypatch.setattr("data.locate.DATA_FOLDER", tmp_path)
    line = fails(main, "--weights", weights["cnn"], "--steps", "2", "--out", tmp_path / "filters.png")
    assert "fer2013.csv" in line
    assert not (tmp_path / "filters.png").exists()


def test_the_default_layer_is_one_that_the_network_has():
    assert find_layer(builder("compact")(0.0, 1.0), None).name == "conv2d_1"
    dense = builder("dnn")(0.0, 1.0)
    assert find_layer(dense, None) is dense.layers[-1]
