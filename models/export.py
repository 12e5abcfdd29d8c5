"""Networks to share: weights in half precision, and LiteRT and ONNX files for programs without TensorFlow.

LiteRT and ONNX files take float32 faces (N, 48, 48), grey levels 0 to 255, and give (N, 7) probabilities.
Their packages, in requirements-optional.txt, are imported inside the functions.
"""

import datetime
import hashlib
import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data import CLASS_NAMES, IMAGE_SIZE, InputError
from data.faces import Faces
from data.splits import trained_on
from models.prediction import fit_temperature, predict_probabilities, silent_stderr
from models.weights import ENDING, MemoryFile, Weights, load_network

# What --format takes, and how its files end.
FORMATS = {"weights": ENDING, "litert": ".tflite", "onnx": ".onnx"}
# The most that half precision may change an accuracy, and a conversion a probability, in half precision too.
HALF_PRECISION_TOLERANCE = 0.001
CONVERSION_TOLERANCE, HALF_TOLERANCE = 1e-4, 1e-2
LICENCE = "MIT; fitted to FER2013 (Goodfellow et al. 2013), whose pictures may not be redistributed"


def half_precision(
    weights: Weights, faces: Faces, run: Mapping[str, Any], history: Sequence[Mapping[str, float]]
) -> tuple[bytes, dict[str, Any]]:
    """The weight file with kernels in float16, and the content of the JSON beside it.

    faces: labelled, to measure on. run: the content of run.json. history: the rows of history.csv. Raises
    InputError when half precision changes a score by more than HALF_PRECISION_TOLERANCE.
    """
    network = load_network(weights)
    duplicates = trained_on(faces.images, [weights.hashes])
    if duplicates.all():
        raise InputError(f"{faces.source}: the weights were trained on all of its PublicTest faces")
    before = measure(network, faces, duplicates)
    content = _with_half_kernels(weights.path)
    network.load_weights(MemoryFile(content))
    after = measure(network, faces, duplicates)
    change = max(abs(value - before[name]) for name, value in after.items())
    if change > HALF_PRECISION_TOLERANCE:
        problem = f"half precision changes an accuracy by {change:.4f}"
        raise InputError(f"{weights.path}: {problem}; share the file of the run")
    rest = faces.select(~duplicates)
    temperature = fit_temperature(rest.require_labels(), predict_probabilities([network], rest.images))
    after |= {"faces": len(faces), "faces_without_duplicates": int(np.sum(~duplicates))}
    made = {"sha256": hashlib.sha256(content).hexdigest(), "PublicTest": after, "history": list(history)}
    made |= {"date": datetime.date.today().isoformat(), "licence": LICENCE}
    return content, {**run, **weights.metadata, **made, "temperature": temperature}


def measure(network: Any, faces: Faces, duplicates: np.ndarray) -> dict[str, float]:
    """Accuracies of a network on labelled faces, also with test-time augmentation and without duplicates.

    duplicates: (N,) bool, not all.
    """
    accuracies = {}
    for name, tta in (("accuracy", False), ("accuracy_tta", True)):
        right = predict_probabilities([network], faces.images, tta).argmax(axis=1) == faces.require_labels()
        accuracies[name] = float(right.mean())
        accuracies[f"{name}_without_duplicates"] = float(right[~duplicates].mean())
    return accuracies


def convert(
    weights: Sequence[Weights], file_format: str, images: np.ndarray, half: bool = False
) -> tuple[bytes, float]:
    """A LiteRT or ONNX file, and the largest difference of a probability of `images` from TensorFlow's.

    weights: of one network or an ensemble, whose calibrated probabilities the file gives. file_format:
    'litert' or 'onnx'. images: (N, 48, 48) grey levels. half: whether kernels are float16. Raises InputError
    when the difference is above CONVERSION_TOLERANCE, or with `half` HALF_TOLERANCE.
    """
    networks, temperatures = [load_network(each) for each in weights], [each.temperature for each in weights]
    with silent_stderr(), warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        # The converters and runtimes have no switch for what they write to stderr.
        warnings.simplefilter("ignore")
        file = Path(folder) / f"network{FORMATS[file_format]}"
        content = _converted(networks, temperatures, file_format, file, half)
        probabilities = run(content, file_format, images)
    expected = predict_probabilities(networks, images, temperatures=temperatures)
    difference = np.abs(probabilities - expected).max()
    if not difference <= (HALF_TOLERANCE if half else CONVERSION_TOLERANCE):
        raise InputError(f"--format {file_format}: a probability changes by {difference:.1e}; not written")
    return content, float(difference)


def run(content: bytes, file_format: str, images: np.ndarray) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) probabilities, by the runtime of the file's format."""
    faces = {"faces": images.astype(np.float32)}
    if file_format == "onnx":
        import onnxruntime

        return onnxruntime.InferenceSession(content).run(None, faces)[0]
    from ai_edge_litert.interpreter import Interpreter

    (probabilities,) = Interpreter(model_content=content).get_signature_runner()(**faces).values()
    return probabilities


def _with_half_kernels(path: Path) -> bytes:
    """A weight file with kernels in float16.

    Vectors (biases, batch normalisation) stay float32: they are few, and a variance may be too large.
    """
    made = io.BytesIO()
    with h5py.File(path) as stored, h5py.File(made, "w") as halved:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                is_kernel = name.startswith("layers/") and item.ndim > 1
                halved[name] = item[()].astype(np.float16) if is_kernel else item[()]

        stored.visititems(copy)
    return made.getvalue()


def _converted(
    networks: Sequence[Any], temperatures: Sequence[float], file_format: str, file: Path, half: bool
) -> bytes:
    """The mean of the networks' calibrated probabilities in 'litert' or 'onnx'. file: a temporary one."""
    import keras
    import tensorflow as tf

    names = " + ".join(network.name for network in networks)
    metadata = {"network": names, "class_names": json.dumps(CLASS_NAMES)}
    inputs, outputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE)), []
    for number, (network, temperature) in enumerate(zip(networks, temperatures, strict=True)):
        network = keras.Model(network.inputs[0], network.outputs[0], name=f"network_{number}")
        outputs.append(keras.layers.Softmax()(network(inputs) / temperature))
    exported = keras.Model(inputs, sum(outputs) / len(outputs))
    faces = tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE), tf.float32, name="faces")
    spec = {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}
    options = spec if half and file_format == "litert" else {}
    exported.export(file, format=file_format, input_signature=[faces], verbose=False, **options)
    if file_format == "litert":
        # Also a zip archive: https://ai.google.dev/edge/litert/models/metadata
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(zipfile.ZipInfo("metadata.json"), json.dumps(metadata, indent=2))
        return file.read_bytes()
    import onnx

    model = onnx.load(file)
    onnx.helper.set_model_props(model, metadata)
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = "batch"
    for tensor in filter(lambda tensor: half and len(tensor.dims) > 1, model.graph.initializer):
        name, kernel = tensor.name, onnx.numpy_helper.to_array(tensor)
        if kernel.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(kernel.astype(np.float16), f"{name}_half"))
            cast = onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT)
            model.graph.node.insert(0, cast)
    return model.SerializeToString()
