"""saliency.py from the command line, and its figures."""

import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

import saliency
from analysis.figures.saliency import EMPTY, draw_checks, draw_saliency, face_title, scale_for_display
from analysis.metrics import most_confident_mistakes
from analysis.saliency_checks import RANDOM, SaliencyChecks
from data import CLASS_NAMES, IMAGE_SIZE
from data.faces import read_faces
from models.prediction import predict
from models.weights import find_weights


def run(*arguments: object) -> dict:
    return saliency.main(["--weights", "compact", *(str(argument) for argument in arguments)])


def test_default_draws_one_held_out_face_of_each_class(csvs, tmp_path) -> None:
    data = ("--data", csvs / "fer2013.csv")
    record = run(*data, "--out", tmp_path / "maps.png")
    assert json.loads((tmp_path / "maps.json").read_text()) == record
    assert [face["true"] for face in record["faces"]] == list(CLASS_NAMES)
    assert [face["explained"] for face in record["faces"]] == [face["predicted"] for face in record["faces"]]
    public = read_faces(csvs / "fer2013.csv").of_usage("PublicTest").rows
    assert {face["row"] for face in record["faces"]} <= set(public.tolist())
    assert record["mean"] is record["checks"] is None
    assert run(*data, "--out", tmp_path / "again.png") == record
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "maps.png").read_bytes()


def test_all_methods_of_unlabelled_rows_with_checks(csvs, tmp_path, capsys) -> None:
    options = (
        "--rows",
        "3,0",
        "--method",
        "all",
        "--check",
        "--class",
        "happy",
        "--out",
        tmp_path / "maps.pdf",
    )
    record = run("--data", csvs / "test.csv", *options)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["maps-check.pdf", "maps.json", "maps.pdf"]
    assert [face["row"] for face in record["faces"]] == [3, 0]
    assert {(face["true"], face["explained"]) for face in record["faces"]} == {(None, "happy")}
    assert record["methods"] == ["gradient", "smoothgrad", "integrated", "gradcam", "occlusion", "lime"]
    assert list(record["checks"]["orders"]) == [*record["methods"], "centre first", RANDOM]
    printed = capsys.readouterr().out
    assert "deletion" in printed
    assert f"wrote {tmp_path / 'maps-check.pdf'}" in printed


def test_mean_maps_and_shares(csvs, tmp_path, capsys) -> None:
    options = ("--mean", 2, "--validation", "all", "--out", tmp_path / "mean.svg", tmp_path / "mean.png")
    record = run("--data", csvs / "fer2013.csv", *options)
    mean, explained = record["mean"], record["faces"]
    assert all(face["explained"] == face["true"] for face in explained), "of no class a map of another one"
    assert list(mean["faces"]) == [name for name in CLASS_NAMES if name in str(explained)] + ["all"]
    assert 5 < len(mean["faces"]) < 8, "compact never takes one of the drawn faces for disgust"
    for shares in mean["saliency"]["gradient"].values():
        assert sum(shares.values()) == pytest.approx(1)
    assert "mouth" in capsys.readouterr().out
    assert {file.suffix for file in tmp_path.iterdir()} == {".svg", ".png", ".json"}


def test_the_most_confident_mistakes_are_explained(csvs, tmp_path) -> None:
    record = run("--data", csvs / "fer2013.csv", "--worst", "3", "--out", tmp_path / "worst.svg")
    faces = read_faces(csvs / "fer2013.csv").of_usage("PublicTest")
    probabilities = predict([find_weights("compact")], faces.images, calibrated=True)
    wrong = faces.rows[most_confident_mistakes(faces, probabilities, 3)]
    assert [face["row"] for face in record["faces"]] == wrong.tolist()
    assert all(face["true"] != face["predicted"] for face in record["faces"])


def test_faces_of_photographs_are_explained(tmp_path, capsys) -> None:
    for name in ("astronaut", "cat"):
        Image.fromarray(getattr(skimage.data, name)()).save(tmp_path / f"{name}.png")
    record = run("--images", tmp_path, "--out", tmp_path / "maps.svg")
    assert "no face found" in capsys.readouterr().out
    (face,) = record["faces"]
    assert (face["file"], face["face"], face["true"]) == (str(tmp_path / "astronaut.png"), 1, None)
    assert (face["left"], face["top"], face["side"]) == pytest.approx((168, 58, 112), abs=15)
    assert face["predicted"] == face["explained"] == "happy"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--images", "me.png", "--data", "test.csv"), "not allowed with"),
        (("--images", "me.png", "--rows", "0"), "--rows goes with --data only"),
        (("--images", "me.png", "--validation", "all"), "--validation does not go with --images"),
        (("--images", "me.png", "--class", "true"), "no labels"),
        (("--images", "a.png", "--classes", "a=sad"), "--classes goes with --data only"),
        (("--worst", "2", "--rows", "1"), "--worst does not go with --images or --rows"),
        (("--data", "test.csv", "--rows", "1", "--mean", "3"), "--mean does not go with"),
        (("--data", "test.csv", "--rows", "0,70"), "test.csv has the rows 0 to 69"),
        (("--data", "test.csv", "--rows", ",".join("1" * 41)), "at most 40"),
        (("--data", "test.csv", "--rows", "1", "--class", "true"), "no labels"),
        (("--data", "test.csv"), "label"),
        (("--method", "magic"), "smoothgrad"),
        (("--data", "test.csv", "--rows", "1", "--method", "gradcam", "--weights", "dnn"), "no convolution"),
        (("--out", "saliency.gif"), ".png"),
    ],
)
def test_wrong_input_ends_with_one_line_and_no_file(
    csvs, tmp_path, monkeypatch, failing, options, words
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (IMAGE_SIZE, IMAGE_SIZE), 90).save("me.png")
    (tmp_path / "test.csv").symlink_to(csvs / "test.csv")
    assert words in failing(saliency.main, *options)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["me.png", "test.csv"]


def test_titles_mark_wrong_faces_other_classes_and_empty_maps() -> None:
    face = {"row": 7, "true": "happy", "predicted": "happy", "probability": 0.5, "explained": "happy"}
    wrong = {**face, "true": "sad", "explained": "sad"}
    assert face_title(face) == "row 7: happy\npredicted happy\nprobability 0.500"
    assert face_title(wrong) == "row 7: sad\npredicted happy\nprobability 0.500\nwrong\nmap of sad"
    found = {**face, "file": "a/PXL_20260726_101112345.jpg", "face": 2, "true": None}
    del found["row"]
    assert face_title(found).startswith("...726_101112345.jpg\nface 2\npredicted happy")
    images = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE))
    eight = draw_saliency(np.repeat(images, 4, 0), {"gradcam": np.ones((8, 48, 48))}, [face] * 8, "title")
    assert [ax.get_title() != "" for ax in eight.axes[:-1]] == ([True] * 4 + [False] * 8) * 2, "4 in a line"
    figure = draw_saliency(images, {"gradcam": np.stack([images[0], images[0] + 1])}, [face, wrong], "title")
    assert [ax.title.get_fontweight() for ax in figure.axes[:2]] == ["normal", "bold"]
    assert [[text.get_text() for text in ax.texts] for ax in figure.axes[2:4]] == [[EMPTY], []]


def test_display_clips_at_the_99th_percentile_and_never_gives_nan() -> None:
    ramp = np.arange(IMAGE_SIZE * IMAGE_SIZE, dtype=np.float32).reshape(IMAGE_SIZE, IMAGE_SIZE)
    spike, flat = np.zeros_like(ramp), np.full_like(ramp, 7)
    spike[5, 6] = 3
    shown = scale_for_display(np.stack([ramp, spike, flat, 0 * flat]))
    assert shown[0].min() == 0
    assert (shown[0] == 1).mean() == pytest.approx(0.01, abs=0.001)
    np.testing.assert_array_equal(shown[1], spike / 3)
    assert not shown[2:].any()


def test_the_figure_of_checks_tells_spread_and_empty_maps() -> None:
    areas = {"deletion": 0.5, "deletion_sd": 0.25, "insertion": 0.5, "insertion_sd": 0.1}
    orders = {"gradcam": areas | {"shuffled": None, "compared": 0, "empty": 2}}
    orders |= {RANDOM: areas | {"shuffled": None, "compared": 0, "empty": 0}}
    figure = draw_checks(SaliencyChecks(dict.fromkeys(orders, np.ones((2, 2, 13))), orders, {}), "cnn")
    assert figure.get_suptitle() == "Can saliency maps of cnn be trusted? Checked on 2 faces"
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["Grad-CAM: area 0.500 ± 0.250, 2 empty", "random: area 0.500 ± 0.250"]
