"""export_weights.py: half the size and the same predictions, also without TensorFlow, and how it was made."""

import hashlib
import io
import json
import runpy
import shutil
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import onnxruntime
import pytest
from PIL import Image

import export_weights
from data import CLASS_NAMES
from data.faces import read_faces
from models import export
from models.prediction import fit_temperature, predict
from models.weights import LAST, find_weights

EXAMPLE = Path(export_weights.__file__).parent / "docs" / "predict_with_onnx.py"


@pytest.fixture(scope="module")
def exported(csvs, tiny_run, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "small.weights.h5"
    export_weights.main(["--weights", str(tiny_run), "--data", str(csvs / "fer2013.csv"), "--out", str(out)])
    return out


def test_half_the_size_and_nearly_the_same_probabilities(drawn, tiny_run, exported):
    full, half = find_weights(str(tiny_run)), find_weights(str(exported))
    assert exported.stat().st_size < 0.6 * full.path.stat().st_size
    assert half.metadata | {"temperature": 1} == full.metadata | {"temperature": 1}
    np.testing.assert_array_equal(half.hashes.exact, full.hashes.exact)
    np.testing.assert_array_equal(half.hashes.perceptual, full.hashes.perceptual)
    np.testing.assert_allclose(predict([half], drawn.images), predict([full], drawn.images), atol=0.01)
    with h5py.File(exported) as stored:
        assert stored["layers/conv2d_3/vars/0"].dtype == np.float16
        assert stored["layers/fused_batch_normalization/vars/3"].dtype == np.float32


def test_the_record_says_how_it_was_made_without_folders(csvs, tiny_run, exported):
    text = exported.with_name("small.json").read_text()
    assert str(csvs) not in text
    record, run = json.loads(text), json.loads((tiny_run / "run.json").read_text())
    assert record.keys() > run.keys() | {"mean", "std", "seed", "epoch", "date", "licence"}
    assert record["arguments"]["data"] == "fer2013.csv"
    assert len(record["history"]) == record["arguments"]["epochs"]
    assert record["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    public = read_faces(csvs / "fer2013.csv").of_usage("PublicTest")
    probabilities = predict([find_weights(str(exported))], public.images)
    assert record["PublicTest"]["accuracy"] == np.mean(probabilities.argmax(axis=1) == public.labels)
    assert record["PublicTest"]["faces"] == len(public)
    # So the temperature is that of the halved kernels, not of the run's.
    assert record["temperature"] == fit_temperature(public.require_labels(), probabilities)


def test_scores_are_right_on_a_small_set(drawn, monkeypatch):
    """Angry is called disgust; with mirror images all is right; the faces of disgust are duplicates."""
    called = {False: np.where(drawn.labels == 0, 1, drawn.labels), True: drawn.labels}
    monkeypatch.setattr(export, "predict_probabilities", lambda networks, images, tta: np.eye(7)[called[tta]])
    scores = export.measure(None, drawn, drawn.labels == 1)
    assert scores["accuracy"] == pytest.approx(6 / 7)
    assert scores["accuracy_tta"] == scores["accuracy_tta_without_duplicates"] == 1
    assert scores["accuracy_without_duplicates"] == pytest.approx(5 / 6)


@pytest.mark.parametrize("file_format", ["litert", "onnx"])
def test_other_formats_give_the_probabilities_of_tensorflow(drawn, tiny_run, tmp_path, file_format, capfd):
    out = tmp_path / f"tiny{export.FORMATS[file_format]}"
    capfd.readouterr()
    export_weights.main(["--weights", str(tiny_run), "--format", file_format, "--out", str(out)])
    assert capfd.readouterr().err == ""
    content = out.read_bytes()
    expected = predict([find_weights(str(tiny_run))], drawn.images[:9], calibrated=True)
    assert expected.std() > 0.01
    for count in (1, 9):
        given = export.run(content, file_format, drawn.images[:count])
        np.testing.assert_allclose(given, expected[:count], atol=1e-4)
    if file_format == "litert":
        metadata = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("metadata.json"))
    else:
        session = onnxruntime.InferenceSession(content)
        metadata = session.get_modelmeta().custom_metadata_map
        Image.fromarray(drawn.images[0]).save(tmp_path / "face.png")
        example = runpy.run_path(str(EXAMPLE))["main"]
        capfd.readouterr()
        example([str(out), str(tmp_path / "face.png")])
        best = expected[0].argmax()
        row = capfd.readouterr().out.splitlines()[1].split()
        assert row[-1] == CLASS_NAMES[best]
        np.testing.assert_allclose(np.array(row[-8:-1], float), expected[0], atol=1e-3)
    assert tuple(json.loads(metadata["class_names"])) == CLASS_NAMES
    assert metadata["network"] == "compact"


@pytest.mark.parametrize("file_format", ["litert", "onnx"])
def test_an_ensemble_in_half_precision_is_one_file_of_half_the_size(
    tiny_run, drawn, tmp_path, file_format, capsys
):
    networks, sizes = [find_weights(str(tiny_run)), find_weights(str(tiny_run / LAST))], {}
    for half in (False, True):
        content, difference = export.convert(networks, file_format, drawn.images[:9], half)
        given, sizes[half] = export.run(content, file_format, drawn.images[:9]), len(content)
        expected = predict(networks, drawn.images[:9], calibrated=True)
        assert np.abs(given - expected).max() == pytest.approx(difference)
        assert difference < (1e-2 if half else 1e-4)
    assert sizes[True] < 0.53 * sizes[False]


def test_what_differs_is_not_written(csvs, tiny_run, tmp_path, failing, monkeypatch):
    scores = iter([{"accuracy": 0.5}, {"accuracy": 0.502}])
    monkeypatch.setattr(export, "measure", lambda *arguments: next(scores))
    monkeypatch.setattr(export, "run", lambda content, file_format, images: np.full((len(images), 7), np.nan))
    monkeypatch.setattr(export, "_converted", lambda *arguments: b"")
    options, data = ["--weights", tiny_run, "--out"], ["--data", csvs / "fer2013.csv"]
    message = failing(export_weights.main, *options, tmp_path / "x.weights.h5", *data)
    assert "half precision changes an accuracy by 0.0020" in message
    message = failing(export_weights.main, *options, tmp_path / "x.onnx", "--format", "onnx")
    assert "--format onnx: a probability changes by nan; not written" in message
    assert list(tmp_path.iterdir()) == []


def test_the_example_says_what_is_missing(tmp_path, failing, monkeypatch):
    example = runpy.run_path(str(EXAMPLE))["main"]
    assert "required: network, images" in failing(example)
    detector, picture = EXAMPLE.parent.parent / "data" / "centerface.onnx", tmp_path / "face.png"
    Image.new("L", (48, 48), 90).save(picture)
    assert "was not exported by export_weights.py" in failing(example, detector, picture)
    assert "was not exported by export_weights.py" in failing(example, picture, picture)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "pip install onnxruntime" in failing(example, "x.onnx", tmp_path / "face.png")


def test_wrong_usage_is_one_line(csvs, tiny_run, exported, tmp_path, failing):
    def refusal(run: Path, out: Path, *more: object) -> str:
        return failing(export_weights.main, "--weights", run, "--out", out, *more)

    data, onnx = ("--data", csvs / "fer2013.csv"), ("--format", "onnx")
    assert "must end in .onnx" in refusal(tiny_run, tmp_path / "x.tflite", *onnx)
    assert "--half goes with --format litert and onnx" in refusal(
        tiny_run, tmp_path / "x.weights.h5", "--half"
    )
    assert "--data goes with --format weights" in refusal(tiny_run, tmp_path / "x.onnx", *onnx, *data)
    (tmp_path / "y.json").touch()
    assert "y.json: exists already" in refusal(tiny_run, tmp_path / "y.weights.h5", *data)
    assert "has no run.json" in refusal(exported, tmp_path / "x.weights.h5", *data)
    unfinished = shutil.copytree(tiny_run, tmp_path / "unfinished")
    lines = (tiny_run / "history.csv").read_text().splitlines(keepends=True)
    (unfinished / "history.csv").write_text("".join(lines[:2]))
    assert "is not finished" in refusal(unfinished / LAST, tmp_path / "x.weights.h5", *data)
