"""Confused classes, differences of networks, their figures, and confusion.py through its own main."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix, roc_auc_score

import confusion
from analysis.confusion import (
    as_text,
    compare,
    confused_pairs,
    named_ensembles,
    row_shares,
    seed_statistics,
    significant,
)
from analysis.figures.confusion import draw_difference, draw_mistakes, draw_roc, draw_scores, draw_seeds
from analysis.metrics import evaluate, matrix_of, most_confident_mistakes
from data import CLASS_NAMES, InputError
from data.faces import read_faces
from data.splits import Hashes
from models import builder
from models.prediction import predict
from models.weights import find_ensemble, save_network

MATRIX = np.diag([50, 0, 40, 90, 60, 80, 70])
MATRIX[0, 4], MATRIX[4, 0], MATRIX[2, 4] = 25, 12, 20
LABELS, PREDICTED = (np.repeat(classes.ravel(), MATRIX.ravel()) for classes in np.indices((7, 7)))


@pytest.fixture(scope="module")
def weights(csvs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two untrained networks that claim to know the Training faces and the first 5 PublicTest faces."""
    folder = tmp_path_factory.mktemp("weights")
    hashes = Hashes.of(read_faces(csvs / "fer2013.csv").images[:145])
    for seed, name in ((1, "cnn"), (2, "dnn")):
        keras.utils.set_random_seed(seed)
        metadata = {"network": "compact", "mean": 128.0, "std": 64.0}
        save_network(builder("compact")(128.0, 64.0), folder / name / "best.weights.h5", metadata, hashes)
    return folder


def test_groups_of_weights_have_names_for_figures(weights):
    own = str(weights / "cnn")
    assert list(named_ensembles([[own], ["cnn", "dnn"]])) == ["cnn", "cnn + dnn"]
    assert {name: len(each) for name, each in named_ensembles([[own], ["cnn"]]).items()} == {own: 1, "cnn": 1}
    with pytest.raises(InputError, match="the same weights are given twice"):
        named_ensembles([[own], [own]])


def test_differences_are_paired_and_agree_with_the_bootstrap_of_scipy():
    generator = np.random.default_rng(0)
    labels, reference = generator.integers(0, 7, 300), generator.dirichlet(np.ones(7), 300)
    other = np.roll(reference, 1, axis=1)
    other[:280] = reference[:280]
    table = compare(labels, reference, other)
    before, after = (values.argmax(axis=1) == labels for values in (reference, other))
    value, low, high = table.loc[("all", "accuracy")]
    assert value == pytest.approx(after.mean() - before.mean(), abs=1e-6)
    change = after.astype(float) - before
    bootstrap = stats.bootstrap([change], np.mean, rng=np.random.default_rng(7), method="percentile")
    assert (low, high) == pytest.approx(tuple(bootstrap.confidence_interval), abs=0.006)
    shares = [confusion_matrix(labels, each.argmax(axis=1), normalize="true") for each in (reference, other)]
    np.testing.assert_allclose(matrix_of(table), shares[1] - shares[0], atol=1e-6)
    recall = table["value"].xs("recall", level="measure")
    np.testing.assert_array_equal(recall, matrix_of(table).diagonal())
    assert not significant(compare(labels, reference, reference)).any()


def test_only_a_clear_difference_is_significant():
    labels = np.repeat([0, 1], 100)
    reference, other = np.eye(7)[labels], np.eye(7)[labels]
    other[[*range(30), 100]] = np.eye(7)[4]
    assert np.argwhere(significant(compare(labels, reference, other))).tolist() == [[0, 0], [0, 4]]
    # All faces change alike, but they are only two.
    assert not significant(compare(labels[:2], reference[:2], other[:2])).any()


def test_confused_pairs_add_both_directions_by_share_not_by_count():
    matrix = np.diag([80, 5, 0, 0, 90, 0, 0])
    matrix[0, 4], matrix[1, 0], matrix[4, 0] = 20, 5, 10
    pairs = confused_pairs(matrix)
    assert pairs[["first", "second"]].to_numpy().tolist() == [["angry", "disgust"], ["angry", "sad"]]
    assert pairs["share"].tolist() == pytest.approx([(0 + 0.5) / 2, (0.2 + 0.1) / 2])
    assert (pairs["first_as_second"][1], pairs["second_as_first"][1]) == (20, 10)
    assert pairs["faces"].tolist() == [5, 30]
    matrix[0, 2] = 9
    assert "fear" not in confused_pairs(matrix)["second"].tolist(), "a class without faces is in no pair"


def test_most_confident_mistakes_leave_right_faces_and_copies_out(drawn):
    faces = replace(drawn.select(np.arange(4)), labels=np.arange(4))
    copies = replace(faces, images=faces.images[[0, 1, 1, 0]])
    probabilities = np.eye(7)[[0, 5, 5, 6]] * [[0.99], [0.6], [0.9], [0.7]]
    assert most_confident_mistakes(faces, probabilities, 2).tolist() == [2, 3]
    assert most_confident_mistakes(faces, probabilities, 9).tolist() == [2, 3, 1]
    assert most_confident_mistakes(copies, probabilities, 9).tolist() == [2, 3]


def test_a_difference_is_printed_with_what_is_not_significant():
    labels = np.repeat([0, 3], 50)
    other = np.eye(7)[np.roll(labels, 20)]
    other[labels == 3] = np.eye(7)[3]
    text = as_text("dnn minus cnn", {"all": compare(labels, np.eye(7)[labels], other)})
    assert "recall of angry -0.4000 (95 % interval -0.5" in text
    assert "recall of happy +0.0000 (95 % interval -0.0533 to +0.0533), not significant" in text


def test_the_matrix_shows_share_count_and_accuracy_per_class():
    ax, _ = draw_scores("cnn", evaluate(LABELS, np.eye(7)[PREDICTED]), "447 faces").axes
    assert ax.get_title() == "cnn: accuracy 87.2 % (95 % interval 83.8 to 90.0)\n447 faces"
    row = [text.get_text() for text in ax.texts if abs(text.get_position()[1]) < 0.5]
    others = ["0 %", "0"]
    assert row[2:] == ["67 %", "50", *others, *others, *others, "33 %", "25", *others, *others]
    beside = [text.get_text() for text in ax.texts if text.get_position()[0] > 6.5]
    assert beside[:6] == ["accuracy", "66.7 %", "of 75", "no faces", "66.7 %", "of 60"]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(CLASS_NAMES)
    assert ax.get_ylabel() == "true class"
    np.testing.assert_allclose(ax.images[0].get_array()[0], [2 / 3, 0, 0, 0, 1 / 3, 0, 0])
    assert ax.images[0].get_array()[1].mask.all(), "a class without faces has a white row"


def test_colours_of_a_difference_say_better_and_worse_and_what_is_not_significant():
    better = PREDICTED.copy()
    better[LABELS == 0] = 0  # 25 angry faces that were predicted sad are right
    better[np.flatnonzero(LABELS == 3)[:40]] = 4  # 40 happy faces are wrong now
    better[np.flatnonzero(LABELS == 5)[:1]] = 6  # one face is not significant
    ax, _ = draw_difference(compare(LABELS, np.eye(7)[PREDICTED], np.eye(7)[better]), "a title").axes
    colours = ax.images[0].get_array()
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    assert colours[0, 0] == pytest.approx(1 / 3, abs=1e-6), "more right faces are better"
    assert colours[0, 4] == pytest.approx(1 / 3, abs=1e-6), "fewer wrong faces are better"
    assert colours[3, 3] == colours[3, 4] == pytest.approx(-40 / 90, abs=1e-6)
    assert [shown[place] for place in ((0, 0), (4, 0), (3, 3), (4, 3))] == ["+33", "-33", "-44", "+44"]
    assert (colours[5, 5], shown[5, 5], shown[6, 5]) == (0, "(-1)", "(+1)")
    assert (0, 1) not in shown, "no face is disgusted"
    assert ax.images[0].get_clim() == pytest.approx((-40 / 90, 40 / 90), abs=1e-6)
    assert np.argmax(ax.images[0].get_cmap()(1.0)[:3]) == 2, "better is blue"


def test_mistakes_are_named(drawn):
    faces = drawn.select(np.arange(60, 69))
    figure = draw_mistakes("cnn, 9 faces", faces, np.tile([0.01] * 5 + [0.94, 0.01], (9, 1)))
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles[0] == f"row 60\ntrue class {CLASS_NAMES[faces.labels[0]]}\npredicted surprise, 94.0 %"
    assert len(titles) == 9
    empty = draw_mistakes("cnn", faces.select(slice(0)), np.zeros((0, 7)))
    assert empty.get_suptitle() == "cnn\nno face is wrong"


def test_the_script_measures_what_the_networks_were_not_trained_on(weights, csvs, tmp_path, capsys):
    paths = [str(weights / "cnn"), str(weights / "dnn")]
    arguments = ["--data", str(csvs / "fer2013.csv"), "--out", str(tmp_path / "c.png")]
    record = confusion.main(
        [*arguments, "--weights", *paths, "--worst", "4", "--roc", "--calibration", "--tta"]
    )
    names = ("c.png", "c-calibration.png", "c-roc.png", "c-worst.png", "c.json", "c.csv", "c-worst.csv")
    files = {name: tmp_path / name for name in names}
    printed = capsys.readouterr().out
    assert printed.splitlines()[-7:] == [f"wrote {file}" for file in files.values()]
    assert sorted(files.values()) == sorted(tmp_path.iterdir())
    assert json.loads(files["c.json"].read_text()) == record

    faces = read_faces(csvs / "fer2013.csv").of_usage("PublicTest")
    probabilities = predict(find_ensemble(paths), faces.images, tta=True)
    predicted = probabilities.argmax(axis=1)
    assert [record[key] for key in ("data", "usage", "tta")] == ["fer2013.csv", "PublicTest", True]
    assert record["subset"] == "without_duplicates"
    assert record["faces"] == {"without_duplicates": 30, "all": 35}
    [(name, scores)] = record["networks"].items()
    assert (name, scores["difference"]) == ("cnn + dnn", None)
    assert scores["weights"] == [f"{path}/best.weights.h5" for path in paths]
    matrix = confusion_matrix(faces.labels[5:], predicted[5:], labels=range(7))
    assert scores["matrix"] == matrix.tolist()
    for subset, first in (("without_duplicates", 5), ("all", 0)):
        right = predicted[first:] == faces.labels[first:]
        low, high = stats.binomtest(right.sum(), len(right)).proportion_ci(0.95, method="wilson")
        expected = {"faces": len(right), "value": right.mean(), "low": low, "high": high}
        assert scores["accuracy"][subset] == pytest.approx(expected, abs=1e-4)
        assert f"accuracy {right.mean():.4f} (95 % interval " in printed
    assert scores["pairs"] == confused_pairs(matrix).round(6).to_dict("records")
    # These weights have no temperature.
    errors = record["expected_calibration_error"]
    assert errors["plain"] == errors["calibrated, as predict.py"]
    assert errors["plain"] == pytest.approx(scores["expected_calibration_error"], abs=1e-6)
    worst = pd.read_csv(files["c-worst.csv"])
    confidence = probabilities[5:].max(axis=1)[predicted[5:] != faces.labels[5:]]
    np.testing.assert_allclose(worst[list(CLASS_NAMES)].max(axis=1), np.sort(confidence)[:-5:-1], atol=1e-6)
    expected = [CLASS_NAMES[label] for label in faces.labels[worst["row"] - 140]]
    assert worst["true"].tolist() == expected
    assert (worst["usage"] == "PublicTest").all()
    table = pd.read_csv(files["c.csv"])
    areas = table.query("subset == 'all' and measure == 'roc_area'").set_index("class")["value"]
    expected = roc_auc_score(faces.labels == 3, probabilities[:, 3])
    assert areas["happy"] == pytest.approx(expected, abs=1e-6)
    assert table.columns.tolist() == ["network", "subset", "class", "measure", "value", "low", "high"]
    happy = table.query("subset == 'all' and `class` == 'happy' and measure == 'predicted_sad'")
    assert happy["value"].tolist() == [((faces.labels == 3) & (predicted == 4)).sum()]


def test_other_networks_are_each_compared_with_the_reference(weights, csvs, tmp_path, capsys):
    arguments = ["--data", str(csvs / "fer2013.csv"), "--out", str(tmp_path / "c.png"), "--weights"]
    cnn, dnn = str(weights / "cnn"), str(weights / "dnn")
    record = confusion.main([*arguments, cnn, "--versus", dnn, "--versus", cnn, dnn])
    assert list(record["networks"]) == ["cnn", "dnn", "cnn + dnn"]
    reference, _, other = record["networks"].values()
    for subset, difference in other["difference"]["accuracy"].items():
        expected = other["accuracy"][subset]["value"] - reference["accuracy"][subset]["value"]
        assert difference["value"] == pytest.approx(expected, abs=2e-6)
        assert difference["low"] <= difference["value"] <= difference["high"]
    stems = ("c", "c-2", "c-2-minus-1", "c-3", "c-3-minus-1")
    assert sorted(tmp_path.glob("*.png")) == sorted(tmp_path / f"{stem}.png" for stem in stems)
    assert "\ncnn + dnn minus cnn:\naccuracy " in capsys.readouterr().out
    networks = pd.read_csv(tmp_path / "c.csv")["network"].unique()
    assert networks.tolist() == ["cnn", "dnn", "dnn minus cnn", "cnn + dnn", "cnn + dnn minus cnn"]


def test_errors_are_one_line_and_write_nothing(weights, csvs, tmp_path, failing, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, cnn = ["--data", csvs / "fer2013.csv"], ["--weights", weights / "cnn"]
    for arguments, words in (
        (["--data", csvs / "train.csv", *cnn], "runs/NAME"),
        ([*data, *cnn, "--validation", "Training"], "--allow-seen"),
        ([*data, *cnn, "--versus", weights / "cnn"], "given twice"),
    ):
        assert words in failing(confusion.main, *arguments)
    assert list(tmp_path.iterdir()) == []
    options = ["--versus", weights / "dnn", "--worst", "2", "--roc", "--out", "c.png"]
    for name in ("c.csv", "c-2-minus-1.png", "c-worst.csv", "c-roc.png"):
        (tmp_path / name).write_text("precious")
        assert f"{name}: exists already" in failing(confusion.main, *data, *cnn, *options)
        assert (tmp_path / name).read_text() == "precious"
        (tmp_path / name).unlink()


def test_runs_that_differ_in_their_seed_have_mean_and_deviation(weights, csvs, tmp_path, capsys):
    record = {"network": "compact", "recipe": {"epochs": 1}, "arguments": {"seed": 1, "data": "a"}}
    for seed, name in ((1, "cnn"), (2, "dnn")):
        record["arguments"]["seed"] = seed
        (weights / name / "run.json").write_text(json.dumps(record))
    arguments = ["--data", str(csvs / "fer2013.csv"), "--out", str(tmp_path / "c.png")]
    options = ["--weights", str(weights / "cnn"), "--versus", str(weights / "dnn")]
    measured = confusion.main(arguments + options)
    assert (tmp_path / "c-seeds.png").is_file()
    values = [each["accuracy"]["without_duplicates"]["value"] for each in measured["networks"].values()]
    accuracy = measured["seeds"]["accuracy"]
    assert accuracy == pytest.approx({"mean": np.mean(values), "deviation": np.std(values, ddof=1)})
    text = f"mean and standard deviation of 2 seeds:\naccuracy {np.mean(values):.4f} ± "
    assert text in capsys.readouterr().out
    record["arguments"]["data"] = "b"
    (weights / "dnn" / "run.json").write_text(json.dumps(record))
    assert "seeds" not in confusion.main([*arguments, *options, "--overwrite"])
    for name in ("cnn", "dnn"):
        (weights / name / "run.json").unlink()


def test_figures_of_seeds_and_roc_curves_show_the_numbers():
    values = np.random.default_rng(0).dirichlet(np.ones(7), len(LABELS))
    tables = [evaluate(LABELS, each) for each in (values, np.eye(7)[LABELS])]
    figure = draw_seeds(tables, seed_statistics(tables), "some faces")
    shares = [row_shares(matrix_of(table))[0, 0] for table in tables]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[:2] == [f"{100 * np.mean(shares):.0f} %", f"± {100 * np.std(shares, ddof=1):.1f}"]
    ax = draw_roc(LABELS, {"net": np.eye(7)[LABELS]}, "some faces").axes[0]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    present = [CLASS_NAMES[index] for index in np.unique(LABELS)]
    assert labels == ["chance: area 0.500", *(f"{name}: area 1.000" for name in present)]
