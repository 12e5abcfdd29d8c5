"""Networks for programs without TensorFlow: LiteRT (.tflite) and ONNX files, written and run.

Both take float32 faces (N, 48, 48), grey levels 0 to 255, and give (N, 7) probabilities. Their packages are
those of requirements-optional.txt, imported inside the functions.
"""

import importlib.util
import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import atomic_path
from data.dataset import CLASS_NAMES, IMAGE_SIZE
from data.errors import InputError
from data.replacing import MARK
from models.keras_setup import silent_stderr
from models.prediction import predict_probabilities
from models.weights_file import WeightsFile, load_network

# The ending of each format, and the modules that write and check it.
ENDINGS = {"litert": ".tflite", "onnx": ".onnx"}
_MODULES = {"litert": ("ai_edge_litert",), "onnx": ("tf2onnx", "onnx", "onnxruntime")}
# In a .tflite file, which is also a zip archive: https://ai.google.dev/edge/litert/models/metadata
METADATA = "metadata.json"
# The most that a probability may differ from TensorFlow's.
TOLERANCE = 1e-4


def require_packages(file_format: str) -> None:
    """InputError when a package of 'litert' or 'onnx' is not installed."""
    if missing := [name for name in _MODULES[file_format] if importlib.util.find_spec(name) is None]:
        raise InputError(
            f"--format {file_format}: needs {', '.join(missing).replace('_', '-')}; install with: "
            "python -m pip install -r requirements-optional.txt"
        )


def export_network(weights: WeightsFile, file: Path, faces: np.ndarray, versions: Mapping[str, str]) -> float:
    """Write a network in the format of the file's ending, and check it on (N, 48, 48) grey levels.

    versions: by package. Returns the largest difference of a probability from TensorFlow's. Raises InputError
    and writes nothing when it is above TOLERANCE.
    """
    network = load_network(weights)
    expected = predict_probabilities([network], faces)
    with atomic_path(file) as temporary:
        write_network(network, weights, temporary, versions)
        difference = np.abs(run_network(temporary, faces) - expected).max()
        if not difference <= TOLERANCE:
            raise InputError(
                f"{file}: a probability differs from TensorFlow's by {difference:.1e}; not written"
            )
    return difference


def write_network(network: Any, weights: WeightsFile, file: Path, versions: Mapping[str, str]) -> None:
    """Write a network that ends in logits as one that ends in probabilities, in the format of the ending.

    network: keras.Model of `weights`. file: written directly, so a temporary one. versions: by package.
    """
    metadata = {
        "made_by": MARK,
        "network": weights.network,
        "weights": weights.name,
        "class_names": json.dumps(CLASS_NAMES),
        "input": "float32 (batch, 48, 48), grey levels 0 to 255",
        "output": "float32 (batch, 7), probabilities in the order of class_names",
        "versions": json.dumps(dict(versions)),
    }
    exported = _with_probabilities(network, weights.description["mean"], weights.description["std"])
    file_format = _format_of(file)
    with _quiet():
        import tensorflow as tf

        faces = tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE), tf.float32, name="faces")
        exported.export(file, format=file_format, input_signature=[faces], verbose=False)
    if file_format == "onnx":
        _describe_onnx(file, metadata)
    else:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(zipfile.ZipInfo(METADATA), json.dumps(metadata, indent=2))


def run_network(file: Path, faces: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) probabilities, by the runtime of the file's format."""
    faces = faces.astype(np.float32)
    if _format_of(file) == "onnx":
        import onnxruntime

        return onnxruntime.InferenceSession(file).run(None, {"faces": faces})[0]
    with _quiet():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(file))
        (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.resize_tensor_input(taken["index"], faces.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], faces)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])


def _with_probabilities(network: Any, mean: float, std: float) -> Any:
    """The same layers, with an equal Rescaling for Normalization, whose constants would be inputs in ONNX."""
    import keras

    def replaced(layer: Any) -> Any:
        if isinstance(layer, keras.layers.Normalization):
            return keras.layers.Rescaling(1 / std, offset=-mean / std, name=layer.name)
        return layer

    logits = keras.models.clone_model(network, clone_function=replaced)
    return keras.Model(logits.inputs, keras.layers.Softmax(name="probabilities")(logits.outputs[0]))


def _describe_onnx(file: Path, metadata: Mapping[str, str]) -> None:
    """Add the metadata, and name the free dimension as the batch."""
    import onnx

    model = onnx.load(file)
    onnx.helper.set_model_props(model, dict(metadata))
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _format_of(file: Path) -> str:
    return next(name for name, ending in ENDINGS.items() if file.name.endswith(ending))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the converters and runtimes, which have no switch for it, write to stderr."""
    with silent_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
