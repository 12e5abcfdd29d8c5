"""export_weights.py --format litert and onnx: the same probabilities without TensorFlow, or one line."""

import json
import runpy
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import export_weights
from data.csv_reader import read_csv
from data.dataset import CLASS_NAMES
from data.replacing import may_replace
from models.locate import find_weights
from models.prediction import predict_probabilities
from models.runtime_formats import ENDINGS, run_network
from models.weights_file import load_network

MODULES = {"litert": "ai_edge_litert", "onnx": "onnxruntime"}
EXAMPLE = Path(export_weights.__file__).with_name("docs") / "predict_with_onnx.py"


def exported(compact_run: Path, folder: Path, file_format: str) -> Path:
    pytest.importorskip(MODULES[file_format], reason="is in requirements-optional.txt")
    out = folder / f"compact{ENDINGS[file_format]}"
    export_weights.main(["--weights", str(compact_run), "--format", file_format, "--out", str(out)])
    return out


def check_metadata(metadata: dict[str, str]) -> None:
    assert tuple(json.loads(metadata["class_names"])) == CLASS_NAMES
    assert metadata["network"] == "compact"
    assert {"python", "tensorflow", "keras"} <= set(json.loads(metadata["versions"]))


@pytest.mark.parametrize("file_format", ENDINGS)
def test_any_number_of_faces_gets_the_probabilities_of_tensorflow(
    drawn, compact_run, tmp_path, file_format, capsys
):
    out = exported(compact_run, tmp_path, file_format)
    assert capsys.readouterr().err == ""
    assert may_replace(out)
    faces = read_csv(drawn / "test.csv").images[:9]
    expected = predict_probabilities([load_network(find_weights(str(compact_run)))], faces)
    assert expected.std() > 0.01
    for count in (1, 9):
        np.testing.assert_allclose(run_network(out, faces[:count]), expected[:count], atol=1e-4)
    if file_format == "litert":
        check_metadata(json.loads(zipfile.ZipFile(out).read("metadata.json")))
        return
    onnxruntime = sys.modules["onnxruntime"]
    session = onnxruntime.InferenceSession(out)
    assert [taken.shape for taken in session.get_inputs()] == [["batch", 48, 48]]
    check_metadata(session.get_modelmeta().custom_metadata_map)
    picture = tmp_path / "face.png"
    Image.fromarray(faces[0]).save(picture)
    runpy.run_path(str(EXAMPLE))["main"](str(out), str(picture))
    first = CLASS_NAMES[expected[0].argmax()]
    assert capsys.readouterr().out.splitlines()[0] == f"{first:<9}{expected[0].max():.3f}"


def test_the_example_needs_no_tensorflow_and_nothing_of_the_suite():
    text = EXAMPLE.read_text()
    assert not any(word in text for word in ("import tensorflow", "import keras", "from data", "from models"))


def test_a_file_that_differs_is_not_written(compact_run, tmp_path, fails, monkeypatch):
    def write(network, weights, file, versions):
        file.write_bytes(b"")

    def run(file, faces):
        return np.full((len(faces), 7), np.nan)

    monkeypatch.setattr(export_weights, "require_packages", lambda file_format: None)
    monkeypatch.setattr("models.runtime_formats.write_network", write)
    monkeypatch.setattr("models.runtime_formats.run_network", run)
    message = fails(
        export_weights.main,
        *("--weights", compact_run, "--format", "litert", "--out", tmp_path / "x.tflite"),
    )
    assert "a probability differs from TensorFlow's by nan; not written" in message
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named_and_odd_options_refused(compact_run, tmp_path, fails, monkeypatch):
    for module in ("ai_edge_litert", "tf2onnx", "onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, module, None)

    def message(file_format, ending, *more):
        out = tmp_path / f"x{ending}"
        options = ["--weights", compact_run, "--format", file_format, "--out", out, *more]
        return fails(export_weights.main, *options)

    assert "needs ai-edge-litert; install with: python -m pip install -r" in message("litert", ".tflite")
    assert "needs tf2onnx, onnx, onnxruntime" in message("onnx", ".onnx")
    assert "must end in .onnx" in message("onnx", ".tflite")
    assert "--data: goes with --format weights" in message("onnx", ".onnx", "--data", "x.csv")
    assert list(tmp_path.iterdir()) == []
