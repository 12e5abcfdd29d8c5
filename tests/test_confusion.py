"""Which faces are held out, the figures of confusion, and confusion.py through its own main."""

import csv
import dataclasses
import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import confusion
from analysis.compared_networks import find_networks
from analysis.confusion_tables import as_csv, as_text
from analysis.figures.confusion import draw_difference, draw_scores, draw_worst_faces
from analysis.figures.saving import ENDINGS, save_figure
from analysis.held_out import held_out
from analysis.metrics import compare, evaluate
from benchmarks.copies import as_jpeg
from data.copies import perceptual_hashes
from data.csv_reader import read_csv, read_labels
from data.dataset import CLASS_NAMES
from data.errors import InputError
from data.splits import image_hashes
from drawing.csv_files import write_drawn_csvs
from models.dnn import build_dnn
from models.locate import find_weights
from models.prediction import predict_probabilities
from models.weights_file import WeightsFile, load_network, save_network
from training.run_split import split_of_run
from training.training_data import load_training_data

MATRIX = np.diag([50, 0, 40, 90, 60, 80, 70])
MATRIX[0, 4], MATRIX[4, 0], MATRIX[2, 4] = 25, 12, 20
LABELS, PREDICTED = (np.repeat(classes.ravel(), MATRIX.ravel()) for classes in np.indices((7, 7)))


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> Path:
    """90 faces for training and 40 for testing, of which 20 are PublicTest, in every format."""
    folder = tmp_path_factory.mktemp("faces")
    write_drawn_csvs(folder, train=90, test=40, seed=3)
    return folder


@pytest.fixture(scope="module")
def weights(faces, tmp_path_factory) -> Path:
    """Two untrained DNNs; both claim to have seen the first 5 test faces and all training faces."""
    folder = tmp_path_factory.mktemp("weights")
    seen = image_hashes(
        np.concatenate([read_csv(faces / f).images[:n] for f, n in [("test.csv", 5), ("train.csv", 90)]])
    )
    for seed, name in ((1, "cnn"), (2, "dnn")):
        keras.utils.set_random_seed(seed)
        description = {"network": "dnn", "mean": 128.0, "std": 64.0}
        (folder / name).mkdir()
        save_network(build_dnn(128.0, 64.0), folder / name / "best.weights.h5", description, seen)
    return folder


def having_seen(images, path=Path("x.weights.h5")) -> WeightsFile:
    return WeightsFile(path, {"network": "cnn"}, image_hashes(images))


def test_without_data_the_file_with_faces_to_measure_on_is_read(
    faces, weights, tmp_path, monkeypatch, capsys
) -> None:
    for name in ("train.csv", "icml_face_data.csv"):
        (tmp_path / name).symlink_to(faces / name)
    monkeypatch.setattr("data.locate.DATA_FOLDER", tmp_path)
    confusion.main(["--weights", str(weights / "cnn"), "--out", str(tmp_path / "confusion.png")])
    assert f"15 PublicTest rows of {tmp_path / 'icml_face_data.csv'}" in capsys.readouterr().out


class TestHeldOut:
    def test_leaves_out_what_any_of_the_weights_has_seen(self, faces):
        dataset = read_csv(faces / "emotion_pixels.csv")
        each = [having_seen(dataset.images[:3]), having_seen(dataset.images[2:6])]
        held = held_out(faces / "emotion_pixels.csv", each, split_of_run)
        assert held.faces.rows.tolist() == list(range(6, 40))
        np.testing.assert_array_equal(held.faces.images, dataset.images[6:])
        np.testing.assert_array_equal(held.faces.labels, dataset.labels[6:])
        assert held.seen.faces.sum() == 6
        assert str(held).endswith(
            "left out 6 more that the weights were trained on (6 by the exact hash, 0 more by the perceptual "
            "hash, which x, x lack)"
        )

    def test_jpeg_copies_are_left_out_and_the_hash_that_knew_them_is_named(self, faces):
        dataset = read_csv(faces / "emotion_pixels.csv")
        seen = np.concatenate([dataset.images[:3], as_jpeg(dataset.images[3:8], 80)])
        weights = dataclasses.replace(having_seen(seen), perceptual_hashes=perceptual_hashes(seen))
        held = held_out(faces / "emotion_pixels.csv", [weights], split_of_run)
        assert held.faces.rows.tolist() == list(range(8, 40))
        assert str(held).endswith("(3 by the exact hash, 5 more by the perceptual hash)")
        assert (held.as_json()["seen"], held.as_json()["seen_by_exact_hash"]) == (8, 3)
        old = held_out(faces / "emotion_pixels.csv", [having_seen(seen)], split_of_run)
        assert len(old.faces) == 37, "older files know exact copies only"

    def test_public_test_is_the_default_where_there_is_a_usage_column(self, faces):
        nothing = [having_seen(np.zeros((0, 48, 48), np.uint8))]
        assert held_out(faces / "fer2013.csv", nothing, split_of_run).faces.rows.tolist() == list(
            range(90, 110)
        )
        assert held_out(
            faces / "fer2013.csv", nothing, split_of_run, split="PrivateTest"
        ).faces.rows.tolist() == list(range(110, 130))
        assert len(held_out(faces / "fer2013.csv", nothing, split_of_run, split="all").faces.rows) == 130
        assert held_out(faces / "train.csv", nothing, split_of_run).split == "all"

    def test_refuses_faces_that_were_all_seen(self, faces):
        everything = [having_seen(read_csv(faces / "train.csv").images)]
        with pytest.raises(InputError, match=r"all 90 rows .*--allow-seen"):
            held_out(faces / "train.csv", everything, split_of_run)
        held = held_out(faces / "train.csv", everything, split_of_run, allow_seen=True)
        assert len(held.faces.rows) == held.seen.faces.sum() == 90
        assert "the weights were trained on 90 of them (90 by the exact hash" in str(held)

    def test_both_populations_are_measured_where_most_faces_are_new(self, faces):
        dataset = read_csv(faces / "emotion_pixels.csv")
        few, most = ([having_seen(dataset.images[:count])] for count in (3, 30))
        held = held_out(faces / "emotion_pixels.csv", few, split_of_run)
        assert list(held.populations) == ["without_twins", "all"]
        assert [rows.sum() for rows in held.populations.values()] == [37, 40]
        assert held.described() == "37 faces without twins in training"
        with_seen = held_out(faces / "emotion_pixels.csv", few, split_of_run, allow_seen=True)
        assert list(with_seen.populations) == ["all", "without_twins"]
        assert with_seen.described() == "all 40 faces (3 trained on)"
        # Faces that were mostly trained on are no measure, and predicting them takes long.
        held = held_out(faces / "emotion_pixels.csv", most, split_of_run)
        assert len(held.predicted) == len(held.faces) == 10
        assert list(held.populations) == ["without_twins"]
        assert held.seen.faces.sum() == 30

    def test_labels_of_their_own_file_may_cover_a_part(self, faces, tmp_path):
        ids, labels = read_labels(faces / "test_labels.csv")
        (tmp_path / "some.csv").write_text(
            "id,label\n" + "".join(f"{ids[i]},{labels[i]}\n" for i in (7, 3, 30))
        )
        nothing = [having_seen(np.zeros((0, 48, 48), np.uint8))]
        held = held_out(faces / "test.csv", nothing, split_of_run, labels=str(tmp_path / "some.csv"))
        assert held.faces.rows.tolist() == [3, 7, 30]
        np.testing.assert_array_equal(held.faces.labels, labels[[3, 7, 30]])
        with pytest.raises(InputError, match="--labels"):
            held_out(faces / "test.csv", nothing, split_of_run)

    @pytest.mark.parametrize(
        ("name", "limit"), [("train.csv", None), ("train.csv", 80), ("fer2013.csv", None)]
    )
    def test_run_is_the_split_that_training_made(self, name, limit, faces, tmp_path, write_run_state):
        data = load_training_data(str(faces / name), "0.2", seed=1, limit=limit)
        write_run_state(tmp_path, "0.2", limit, len(data.validation))
        run = [having_seen(data.training.images, tmp_path / "best.weights.h5")]
        held = held_out(faces / name, run, split_of_run, split="run")
        np.testing.assert_array_equal(held.faces.images, data.validation.images)
        np.testing.assert_array_equal(held.faces.labels, data.validation.labels)
        assert not held.seen.faces.any()
        with pytest.raises(InputError, match="its faces are not those that"):
            held_out(faces / "emotion_pixels.csv", run, split_of_run, split="run")

    @pytest.mark.parametrize("validation", ["none", "/elsewhere/faces.csv"])
    def test_run_without_a_split(self, validation, faces, tmp_path, write_run_state):
        run = [having_seen(read_csv(faces / "train.csv").images, tmp_path / "best.weights.h5")]
        with pytest.raises(InputError, match="not in a run folder"):
            held_out(faces / "train.csv", run, split_of_run, split="run")
        write_run_state(tmp_path, validation)
        with pytest.raises(InputError, match=f"--validation {validation}"):
            held_out(faces / "train.csv", run, split_of_run, split="run")

    def test_run_validated_on_public_test(self, faces, tmp_path, write_run_state):
        write_run_state(tmp_path, "PublicTest")
        run = [having_seen(read_csv(faces / "train.csv").images, tmp_path / "best.weights.h5")]
        assert held_out(faces / "fer2013.csv", run, split_of_run, split="run").faces.rows.tolist() == list(
            range(90, 110)
        )


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_matrix_shows_share_count_and_accuracy_per_class():
    scores = evaluate(LABELS, np.eye(7)[PREDICTED])
    axes, bar = draw_scores("cnn", scores, "447 faces").axes
    shown = texts(axes)
    assert re.fullmatch(
        r"cnn: 87\.2 % right \(95 % interval 8\d\.\d to \d\d\.\d\)\n447 faces", axes.get_title()
    )
    assert shown[:2] == ["67 %", "50"]
    cell = 2 * (0 * 7 + 4)
    assert shown[cell : cell + 2] == ["33 %", "25"]
    margin = shown[2 * 49 :]
    assert margin == [
        "accuracy", "66.7 %", "of 75", "-", "of 0", "66.7 %", "of 60", "100.0 %", "of 90",
        "83.3 %", "of 72", "100.0 %", "of 80", "100.0 %", "of 70",
    ]  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASS_NAMES)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASS_NAMES)
    assert axes.get_ylabel() == "true class"
    np.testing.assert_allclose(axes.images[0].get_array()[0], [2 / 3, 0, 0, 0, 1 / 3, 0, 0])
    assert axes.images[0].get_clim() == (0, 1)
    assert bar.get_ylabel() == "share of the true class's faces"


def test_colours_of_a_difference_say_better_and_worse_and_mark_chance():
    better = PREDICTED.copy()
    better[LABELS == 0] = 0  # 25 angry faces that were seen as sad are right
    better[np.flatnonzero(LABELS == 3)[:40]] = 4  # 40 happy faces are wrong now
    better[np.flatnonzero(LABELS == 5)[:1]] = 6  # one face is within chance
    difference = compare(LABELS, np.eye(7)[PREDICTED], np.eye(7)[better])
    axes, bar = draw_difference(difference, "a title").axes
    image, shown = axes.images[0], np.reshape(texts(axes)[:49], (7, 7))
    colours = image.get_array()
    assert colours[0, 0] == pytest.approx(1 / 3), "more right faces are better"
    assert colours[0, 4] == pytest.approx(1 / 3), "fewer wrong faces are better"
    assert colours[3, 3] == pytest.approx(-40 / 90)
    assert colours[3, 4] == pytest.approx(-40 / 90)
    assert (shown[0, 0], shown[0, 4], shown[3, 3], shown[3, 4]) == ("+33", "-33", "-44", "+44")
    assert (colours[5, 5], shown[5, 5], shown[5, 6]) == (0, "(-1)", "(+1)")
    assert image.get_clim() == pytest.approx((-40 / 90, 40 / 90))
    assert image.get_cmap()(1.0)[2] > image.get_cmap()(1.0)[0], "better is blue"
    assert bar.get_ylabel().startswith("worse")
    assert bar.get_ylabel().endswith("better")
    same = compare(LABELS, np.eye(7)[PREDICTED], np.eye(7)[PREDICTED])
    assert draw_difference(same, "").axes[0].images[0].get_clim() == (-0.1, 0.1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_same_matrix_gives_the_same_bytes(ending, tmp_path):
    scores = evaluate(LABELS, np.eye(7)[PREDICTED])
    files = [tmp_path / f"{number}{ending}" for number in (1, 2)]
    for file in files:
        save_figure(draw_scores("a", scores, "b"), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_worst_faces_are_named(faces):
    dataset = read_csv(faces / "emotion_pixels.csv").select(slice(0, 9))
    probabilities = np.full((9, 7), 0.01)
    probabilities[:, 5] = 0.94
    figure = draw_worst_faces(
        "cnn, 9 faces", dataset.images, dataset.labels, probabilities, np.arange(100, 109)
    )
    assert figure.get_suptitle() == "cnn, 9 faces"
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == f"row 100\ntrue class {CLASS_NAMES[dataset.labels[0]]}\nseen as surprise, 94.0 %"
    assert sum(bool(title) for title in titles) == 9
    none = slice(0, 0)
    empty = draw_worst_faces(
        "cnn", dataset.images[none], dataset.labels[none], probabilities[none], np.arange(0)
    )
    assert empty.texts[0].get_text() == "no face is wrong"


def test_tables_list_pairs_as_the_report_does():
    labels = np.array([0, 0, 4, 4, 3])
    scores = evaluate(labels, np.eye(7)[[0, 4, 4, 0, 3]])
    assert "1. angry-sad 50.0 %, 2 faces (angry as sad 1, sad as angry 1)" in as_text("cnn", {"all": scores})
    text = as_csv({"cnn": {"all": scores}, "dnn": {"all": scores}})
    tables = [list(csv.reader(table.splitlines())) for table in text.split("\n\n")]
    assert [len(table) - 1 for table in tables] == [2, 14, 2]
    assert tables[0][1][:3] == ["cnn", "all", "0.6"]
    assert tables[1][0][-2:] == ["recall_low", "recall_high"]
    row = ["cnn", "angry", "1", "0", "0", "0", "1", "0", "0", "2", "0.5", "0.5", "0.5", "0.0", "1.0"]
    assert tables[1][1] == row
    assert tables[2][1] == ["cnn", "angry", "sad", "0.5", "1", "1", "2"]


def test_script_measures_the_network_on_held_out_faces(weights, faces, tmp_path, capsys):
    out = tmp_path / "confusion.svg"
    arguments = [
        "--data",
        str(faces / "test.csv"),
        "--labels",
        str(faces / "test_labels.csv"),
        "--out",
        str(out),
    ]
    arguments += ["--weights", str(weights / "cnn"), str(weights / "dnn"), "--worst", "4"]
    confusion.main(arguments)
    printed = capsys.readouterr().out
    assert "35 labelled rows" in printed
    assert "left out 5 more" in printed
    files = [out, tmp_path / "confusion-worst.svg", out.with_suffix(".json"), out.with_suffix(".csv")]
    assert printed.splitlines()[-4:] == [f"wrote {file}" for file in files]
    assert sorted(files) == sorted(tmp_path.iterdir())

    networks = [load_network(find_weights(str(weights / name))) for name in ("cnn", "dnn")]
    probabilities = predict_probabilities(networks, read_csv(faces / "test.csv").images[5:])
    expected = evaluate(read_labels(faces / "test_labels.csv")[1][5:], probabilities)
    record = json.loads(out.with_suffix(".json").read_text())
    assert (record["validation"], record["faces"], record["seen"]) == ("all", 35, 5)
    numbers = record["networks"]["cnn + 1 more"]
    assert numbers["matrix"] == expected.matrix.tolist()
    assert numbers["accuracy"] == pytest.approx(expected.accuracy, abs=1e-6)
    assert numbers["expected_calibration_error"] == pytest.approx(
        expected.expected_calibration_error, abs=1e-5
    )
    low, high = expected.accuracy_interval
    assert (numbers["accuracy_low"], numbers["accuracy_high"]) == pytest.approx((low, high), abs=1e-6)
    for name, recall_low, recall_high in zip(CLASS_NAMES, *expected.recall_interval, strict=True):
        ends = [numbers["per_class"][name][key] for key in ("recall_low", "recall_high")]
        assert ends == pytest.approx([recall_low, recall_high], abs=1e-6)

    everything = predict_probabilities(networks, read_csv(faces / "test.csv").images)
    with_twins = evaluate(read_labels(faces / "test_labels.csv")[1], everything)
    assert record["population"] == "without_twins"
    assert numbers["populations"]["without_twins"]["accuracy"] == numbers["accuracy"]
    assert numbers["populations"]["all"]["faces"] == 40
    assert numbers["populations"]["all"]["accuracy"] == pytest.approx(with_twins.accuracy, abs=1e-6)
    shown = f"accuracy {expected.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f}), 35 faces without"
    assert f"cnn + 1 more: {shown} twins in training\n" in printed
    assert f"cnn + 1 more: accuracy {with_twins.accuracy:.4f} (" in printed
    assert "), all 40 faces\n" in printed

    before = {file: file.read_bytes() for file in files}
    confusion.main(arguments)
    assert {file: file.read_bytes() for file in files} == before


def test_several_networks_are_each_compared_with_the_first(weights, faces, tmp_path, capsys):
    out = tmp_path / "c.svg"
    cnn, dnn = (str(weights / name) for name in ("cnn", "dnn"))
    arguments = ["--data", faces / "fer2013.csv", "--weights", cnn, "--versus", dnn, "--versus", cnn, dnn]
    confusion.main([*map(str, arguments), "--out", str(out)])
    record = json.loads(out.with_suffix(".json").read_text())
    assert list(record["networks"]) == ["cnn", "dnn", "cnn + 1 more"]
    assert list(record["differences"]) == ["dnn", "cnn + 1 more"]
    for name, difference in record["differences"].items():
        first, other = (record["networks"][each]["accuracy"] for each in ("cnn", name))
        assert difference["accuracy"] == pytest.approx(other - first, abs=2e-6)
    stems = ("c", "c-2", "c-2-minus-1", "c-3", "c-3-minus-1")
    assert sorted(tmp_path.glob("*.svg")) == sorted(tmp_path / f"{stem}.svg" for stem in stems)
    assert "cnn + 1 more minus cnn: accuracy " in capsys.readouterr().out


def test_networks_of_the_same_name_are_told_apart_by_their_folders(weights, tmp_path):
    copies = [tmp_path / letter / "cnn" for letter in "ab"]
    for copy in copies:
        shutil.copytree(weights / "cnn", copy)
    assert list(find_networks([str(copies[0])], [str(copies[1])])) == ["a/cnn", "b/cnn"]
    assert list(find_networks([str(copies[0])], [str(weights / "dnn")])) == ["cnn", "dnn"]


def test_script_compares_two_networks_on_the_same_faces(weights, faces, tmp_path, capsys):
    out = tmp_path / "c.png"
    arguments = ["--data", faces / "fer2013.csv", "--weights", weights / "cnn", "--versus", weights / "dnn"]
    confusion.main([*map(str, arguments), "--out", str(out)])
    record, printed = json.loads(out.with_suffix(".json").read_text()), capsys.readouterr().out
    networks, difference = record["networks"], record["differences"]["dnn"]
    assert list(networks) == ["cnn", "dnn"]
    assert [np.sum(numbers["matrix"]) for numbers in networks.values()] == [15, 15]
    assert "15 PublicTest rows" in printed

    for population, faces_measured in (("without_twins", 15), ("all", 20)):
        first, second = (networks[name]["populations"][population] for name in networks)
        of_both = difference["populations"][population]
        assert first["faces"] == second["faces"] == of_both["faces"] == faces_measured
        assert of_both["accuracy"] == pytest.approx(second["accuracy"] - first["accuracy"], abs=2e-6)
        assert of_both["accuracy_low"] <= of_both["accuracy"] <= of_both["accuracy_high"]
    first, second = (networks[name]["per_class"]["happy"]["recall"] for name in networks)
    assert difference["per_class"]["happy"]["recall"] == pytest.approx(second - first, abs=2e-6)
    assert np.shape(difference["shares_low"]) == np.shape(difference["within_chance"]) == (7, 7)
    line = f"dnn minus cnn: accuracy {difference['accuracy']:+.4f} (95 % interval "
    (start,) = [each for each in printed.splitlines() if each.startswith(line)][:1]
    assert start.endswith("15 faces without twins in training")
    assert "dnn minus cnn, 15 faces without twins in training: recall" in printed


def test_tta_sees_mirror_images(weights, faces, tmp_path):
    out = tmp_path / "c.png"
    arguments = ["--data", faces / "train.csv", "--allow-seen", "--weights", weights / "cnn", "--tta"]
    confusion.main([*map(str, arguments), "--out", str(out)])
    record = json.loads(out.with_suffix(".json").read_text())
    dataset = read_csv(faces / "train.csv")
    network = load_network(find_weights(str(weights / "cnn")))
    plain, mirrored_too = (predict_probabilities([network], dataset.images, tta) for tta in (False, True))
    expected = [evaluate(dataset.labels, each).expected_calibration_error for each in (plain, mirrored_too)]
    assert record["tta"] is True
    reported = record["networks"]["cnn"]["expected_calibration_error"]
    assert reported == pytest.approx(expected[1], abs=1e-6)
    assert abs(expected[0] - expected[1]) > 1e-5


def test_script_errors_are_one_line_and_write_nothing(weights, faces, tmp_path, fails, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, cnn = ["--data", faces / "fer2013.csv"], ["--weights", weights / "cnn"]

    def error(*arguments) -> str:
        return fails(confusion.main, *arguments)

    assert "nowhere" in error(*data, "--weights", "nowhere")
    assert "nowhere.csv" in error("--data", "nowhere.csv", *cnn)
    assert ".png" in error(*data, *cnn, "--out", "confusion.jpg")
    assert "does not exist" in error(*data, *cnn, "--out", "no/confusion.png")
    assert "--allow-seen" in error("--data", faces / "train.csv", *cnn)
    assert "Usage" in error("--data", faces / "train.csv", *cnn, "--validation", "PublicTest")
    assert "Training" in error(*data, *cnn, "--validation", "Training")
    assert "not in a run folder" in error(*data, *cnn, "--validation", "run")
    assert "omit --labels" in error(*data, *cnn, "--labels", faces / "test_labels.csv")
    assert "--labels" in error("--data", faces / "pixels.csv", *cnn)
    assert "given twice" in error(*data, *cnn, "--versus", weights / "cnn")
    assert "whole number" in error(*data, *cnn, "--worst", "0")
    before = (faces / "fer2013.csv").read_bytes()
    assert "would be lost" in error(*data, *cnn, "--out", faces / "fer2013.png")
    (tmp_path / "run.json").write_text("{}")
    for name in ("run.png", "history.png"):
        (tmp_path / name).with_suffix(".csv").write_text("epoch,loss\n")
        assert "would be lost" in error(*data, *cnn, "--out", tmp_path / name)
        (tmp_path / name).with_suffix(".csv").unlink()
    (tmp_path / "run.json").unlink()
    assert (faces / "fer2013.csv").read_bytes() == before
    assert not (faces / "fer2013.png").exists()
    assert list(tmp_path.iterdir()) == []


def test_side_files_replace_no_data_set_and_no_sidecar_of_weights(weights, faces, tmp_path, fails):
    for name in ("train.csv", "x.weights.h5", "x.json"):
        (tmp_path / name).write_text("precious")
    options = ["--data", faces / "fer2013.csv", "--weights", weights / "cnn"]
    for name in ("train.png", "x.png"):
        assert "not written by this script" in fails(confusion.main, *options, "--out", tmp_path / name)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"precious"}
