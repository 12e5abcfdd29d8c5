"""saliency.py from the command line, and the pieces that only it uses."""

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import saliency
from analysis.figures.saliency import EMPTY, dim_least_salient, draw_saliency, scale_for_display
from analysis.figures.saliency_checks import draw_checks
from analysis.mean_saliency import mean_saliency
from analysis.saliency_checks import SaliencyChecks
from analysis.saliency_faces import (
    MOST_COLUMNS,
    explain,
    faces_of_photographs,
    faces_to_check,
    surest_faces,
)
from data.cache import read_cached
from data.dataset import CLASS_NAMES, IMAGE_SIZE, NUM_CLASSES, Dataset
from data.errors import InputError
from data.pictures import Square
from data.shared_json import shared_json
from data.splits import image_hashes
from models import builder
from models.weights_file import save_network
from photographs.reading import Photograph
from reporting.measurements import check_rows


@pytest.fixture(scope="module")
def weights(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Untrained networks by name; both claim to have seen the faces of train.csv."""
    folder = tmp_path_factory.mktemp("weights")
    seen = image_hashes(read_cached(drawn / "train.csv").images)
    files = {}
    for name in ("cnn", "dnn"):
        files[name] = folder / f"{name}.weights.h5"
        description = {"network": name, "mean": 128.0, "std": 64.0}
        save_network(builder(name)(128.0, 64.0), files[name], description, seen)
    return files


def run(*arguments: object) -> None:
    saliency.main([str(argument) for argument in arguments])


def test_default_draws_one_unseen_face_of_each_class(drawn, weights, tmp_path, capsys) -> None:
    out = tmp_path / "saliency.png"
    arguments = ("--data", drawn / "fer2013.csv", "--weights", weights["dnn"], "--out")
    run(*arguments, out)
    printed = capsys.readouterr().out
    assert str(out) in printed
    record = json.loads(out.with_suffix(".json").read_text())
    assert [face["true"] for face in record["faces"]] == list(CLASS_NAMES)
    assert all(160 <= face["row"] < 195 for face in record["faces"]), "PublicTest rows only"
    run(*arguments, tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == out.read_bytes()


def test_all_methods_with_checks(drawn, weights, tmp_path, capsys) -> None:
    out = tmp_path / "maps.pdf"
    data = ("--data", drawn / "test.csv", "--weights", weights["dnn"])
    run(*data, "--rows", "3,0", "--method", "all", "--check", "--class", "happy", "--out", out)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["maps-check.pdf", "maps.json", "maps.pdf"]
    record = json.loads(out.with_suffix(".json").read_text())
    assert [face["row"] for face in record["faces"]] == [3, 0]
    assert {face["true"] for face in record["faces"]} == {None}
    assert {face["explained"] for face in record["faces"]} == {"happy"}
    checks = record["checks"]
    # The dense network has no Grad-CAM.
    assert list(checks["rank_correlation"]) == ["gradient", "smoothgrad", "integrated"]
    assert next(iter(checks["rank_correlation"]["gradient"])) == "dense_11"
    assert checks["completeness"]["error"] < 0.1
    assert "completeness" in capsys.readouterr().out


def test_mean_maps_and_shares(drawn, weights, tmp_path, capsys) -> None:
    out = tmp_path / "mean.svg"
    run(
        "--data",
        drawn / "fer2013.csv",
        "--weights",
        weights["cnn"],
        "--mean",
        2,
        "--method",
        "smoothgrad",
        "gradient",
        "--out",
        out,
    )
    printed = capsys.readouterr().out
    assert "mouth" in printed
    record = json.loads(out.with_suffix(".json").read_text())
    assert record["methods"] == ["smoothgrad", "gradient"]
    mean = record["mean"]
    assert list(mean["saliency"]) == record["methods"]
    assert list(mean["faces"]) == [*CLASS_NAMES, "all"]
    assert sum(mean["area"].values()) == pytest.approx(1)
    for shares in mean["saliency"]["gradient"].values():
        assert sum(shares.values()) == pytest.approx(1)


def test_faces_of_photographs_are_explained(tmp_path, capsys) -> None:
    for name in ("astronaut", "cat"):
        Image.fromarray(getattr(skimage.data, name)()).save(tmp_path / f"{name}.png")
    out = tmp_path / "maps.svg"
    run("--images", tmp_path, "--weights", "compact", "--out", out)
    assert "no face found" in capsys.readouterr().out
    record = json.loads(out.with_suffix(".json").read_text())
    assert record["images"] == ["astronaut.png", "cat.png"]
    (face,) = record["faces"]
    assert (face["file"], face["face"], face["true"]) == ("astronaut.png", 1, None)
    assert (face["left"], face["top"], face["side"]) == pytest.approx((175, 64, 100), abs=15)
    assert face["predicted"] == face["explained"] == "happy"
    assert "<!-- astronaut.png -->" in out.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--images", "me.png", "--data", "fer2013.csv"), "not allowed with"),
        (("--images", "me.png", "--rows", "0"), "--rows goes with --data, not with --images; omit it"),
        (("--images", "me.png", "--mean", 2), "--mean goes with --data"),
        (("--images", "me.png", "--validation", "all"), "--validation goes with --data"),
        (("--images", "me.png", "--labels", "labels.csv"), "--labels goes with --data"),
        (("--images", "me.png", "--allow-seen"), "--allow-seen goes with --data"),
        (("--images", "me.png", "--check"), "--check goes with --data"),
        (("--images", "me.png", "--class", "true"), "no labels"),
        (("--images", "me.png", "--out", "me.png"), "read by this command"),
        (("--images", "."), "saliency.png: would be read as a photograph the next time"),
        (("--images", "none.png"), "no such file"),
        (("--faces", "whole"), "--faces goes with --images"),
    ],
)
def test_options_that_do_not_go_with_photographs(tmp_path, monkeypatch, fails, options, words) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (48, 48), 90).save("me.png")
    assert words in fails(saliency.main, *options)
    assert [file.name for file in tmp_path.iterdir()] == ["me.png"]


def test_places_in_photographs_name_file_and_face() -> None:
    images = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    path = Path("holiday/PXL_20260726_101112345.jpg")
    faces, places = faces_of_photographs([Photograph(path, [Square(1, 2, 3), Square(9, 2, 4)], images)])
    probabilities = np.eye(NUM_CLASSES)[[3, 0]]
    explained = explain(faces, probabilities, "predicted", places)
    assert str(explained[1]) == "...726_101112345.jpg\nface 2\npredicted angry\nprobability 1.000"
    assert explained[1].as_json() == {
        "file": str(path),
        "face": 2,
        **{"left": 9, "top": 2, "side": 4},
        **{"true": None, "predicted": "angry", "explained": "angry", "probability": 1.0},
    }
    with pytest.raises(InputError, match="42 faces do not fit"):
        faces_of_photographs([Photograph(path, [Square(0, 0, 1)] * (MOST_COLUMNS + 2), images)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rows", "0,230"), "no row 230"),
        (("--rows", "0,-1"), "whole number"),
        (("--rows", "0,,1"), "whole number"),
        (("--rows", ",".join("1" * 41)), "at most 40"),
        (("--rows", "1", "--mean", "3"), "omit --mean"),
        (("--class", "glad"), "surprise"),
        (("--method", "magic"), "smoothgrad"),
        (("--data", "test.csv"), "label"),
        (("--data", "test.csv", "--rows", "1", "--class", "true"), "no labels"),
        (("--data", "train.csv"), "trained on"),
        (("--data", "none.csv"), "no such file"),
        (("--weights", "none"), "no such weights"),
        (("--weights", "dnn", "--method", "gradcam"), "no convolution"),
        (("--out", "saliency.gif"), ".png"),
    ],
)
def test_wrong_input_ends_with_one_line_and_no_file(
    drawn, weights, tmp_path, monkeypatch, fails, arguments, words
) -> None:
    given = {"--data": "fer2013.csv", "--weights": "cnn", "--out": "saliency.png"}
    given |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    given["--data"] = drawn / given["--data"]
    given["--weights"] = weights.get(given["--weights"], given["--weights"])
    monkeypatch.chdir(tmp_path)
    assert words in fails(saliency.main, *(word for pair in given.items() for word in pair))
    assert not list(tmp_path.iterdir())


def test_surest_faces() -> None:
    labels = np.array([0, 0, 0, 1, 1, 6])
    probabilities = np.full((6, NUM_CLASSES), 0.01)
    for row, (predicted, confidence) in enumerate(
        [(0, 0.6), (0, 0.9), (3, 0.95), (2, 0.5), (4, 0.7), (6, 0.4)]
    ):
        probabilities[row, predicted] = confidence
    assert surest_faces(labels, probabilities, 1).tolist() == [1, 4, 5]
    assert surest_faces(labels, probabilities, 5).tolist() == [1, 0, 4, 5]


def test_titles_mark_wrong_faces_and_other_classes() -> None:
    images = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    faces = Dataset(images, np.array([3, 4]), rows=np.array([7, 9]))
    probabilities = np.eye(NUM_CLASSES)[[3, 0]]
    right, wrong = (str(face) for face in explain(faces, probabilities, "predicted"))
    assert "wrong" not in right
    assert "wrong" in wrong
    assert "map of" not in wrong
    assert [face.explained for face in explain(faces, probabilities, "true")] == ["happy", "sad"]
    assert "map of sad" in str(explain(faces, probabilities, "true")[1])


def test_display_clips_at_the_99th_percentile_and_never_gives_nan() -> None:
    ramp = np.arange(IMAGE_SIZE * IMAGE_SIZE, dtype=np.float32).reshape(1, IMAGE_SIZE, IMAGE_SIZE)
    spike = np.zeros_like(ramp)
    spike[0, 5, 6] = 3
    flat = np.full_like(ramp, 7)
    shown = scale_for_display(np.concatenate([ramp, spike, flat, 0 * flat]))
    assert (shown[0] == 1).mean() == pytest.approx(0.01, abs=0.001)
    assert shown[0].min() == 0
    assert shown[1, 5, 6] == 1
    assert shown[1].sum() == 1
    assert not shown[2:].any()


def test_dimming_keeps_the_salient_part() -> None:
    face = np.full((2, IMAGE_SIZE, IMAGE_SIZE), 255, np.uint8)
    maps = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE))
    maps[0, :12] = 1
    dimmed = dim_least_salient(face, maps)
    assert (dimmed[0] == 255).mean() == pytest.approx(0.2, abs=0.03)
    assert (dimmed[0, :8] == 255).all()
    assert (dimmed[1] < 255).all(), "a flat map has no salient part"


def test_an_empty_map_says_so_and_wrong_faces_have_bold_titles() -> None:
    images = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    faces = Dataset(images, np.array([3, 4]), rows=np.array([7, 9]))
    described = explain(faces, np.eye(NUM_CLASSES)[[3, 0]], "predicted")
    figure = draw_saliency(images, {"gradcam": np.stack([images[0], images[0] + 1])}, described, "title")
    titles, maps = figure.axes[:2], figure.axes[2:4]
    assert [axis.title.get_fontweight() for axis in titles] == ["normal", "bold"]
    assert [[text.get_text() for text in axis.texts] for axis in maps] == [[EMPTY], []]


def test_mean_counts_each_face_alike() -> None:
    maps = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE))
    maps[0, 36:40, 20:28] = 1000
    maps[1, 0, 0] = 0.001
    mean = mean_saliency(np.zeros_like(maps), np.array([5, 5]), {"gradient": maps})
    assert mean.names == ("surprise", "all")
    assert mean.shares["gradient"][0].tolist() == [0, 0, 0, 0.5, 0, 0.5]
    assert mean.maps["gradient"][0].sum() == pytest.approx(1)


def test_faces_to_check_are_drawn_evenly_from_the_classes() -> None:
    labels = np.repeat([0, 1, 6], [9, 2, 5])
    rows = faces_to_check(labels, 3, seed=1)
    assert labels[rows].tolist() == [0, 1, 6, 0, 1, 6, 0, 6]
    assert len(set(rows.tolist())) == 8
    assert faces_to_check(labels, 3, seed=2).tolist() != rows.tolist()


def test_checks_count_empty_maps_and_tell_the_spread() -> None:
    curves = np.stack([np.zeros(13), np.ones(13)])
    orders = {"gradcam": curves, "random": curves}
    correlations = {"gradcam": {"dense_1": np.array([0.5, np.nan])}}
    checks = SaliencyChecks(orders, orders, {"gradcam": 1}, correlations, None)
    assert "empty maps, of 2: Grad-CAM 1" in str(checks)
    assert "0.500 ± 0.500" in str(checks)
    assert "Grad-CAM, 1 of 2 maps: dense_1 0.50" in str(checks)
    record = json.loads(shared_json(checks.as_json()))
    assert record["empty_maps"] == {"gradcam": 1}
    assert record["rank_correlation"] == {"gradcam": {"dense_1": [0.5, None]}}
    assert check_rows(record)[0]["randomised"] == 0.5
    legends = [panel.get_legend().get_texts()[0].get_text() for panel in draw_checks(checks, "title").axes]
    assert legends[0] == "Grad-CAM: area 0.500 ± 0.500, 1 empty"
    assert legends[2] == "Grad-CAM, 1 of 2 maps"


def test_a_method_whose_maps_are_all_empty_has_no_rank_correlation() -> None:
    orders = {name: np.ones((2, 13)) for name in ("gradcam", "random")}
    correlations = {"gradcam": {"dense_1": np.full(2, np.nan)}}
    checks = SaliencyChecks(orders, orders, {"gradcam": 2}, correlations, None)
    assert "Grad-CAM, 0 of 2 maps: dense_1 -" in str(checks)
    assert check_rows(json.loads(shared_json(checks.as_json())))[0]["randomised"] is None
    panel = draw_checks(checks, "title").axes[2]
    assert [len(line.get_xdata()) for line in panel.lines] == [2], "only the line at zero"
