"""Class probabilities of faces, and Keras set up for them and for training.

TensorFlow and Keras are imported inside the functions, because scripts check all their input before that: the
import takes seconds and 600 MB.
"""

import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data import NUM_CLASSES, InputError
from data.progress import Progress
from models.weights import Weights, load_network

BACKENDS = ("tensorflow", "jax")
BATCH_SIZE = 256
_PACKAGES = {"tensorflow": "tensorflow", "jax": "jax, for NVIDIA GPUs 'jax[cuda13]'"}
_ENVIRONMENT = {
    # On AMD processors TensorFlow leaves oneDNN off, which makes it 1.5 to 2 times slower.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # On a single core TensorFlow would take one thread for both the batches and the training that waits for
    # them, and sometimes hang.
    "TF_NUM_INTEROP_THREADS": str(max(2, os.cpu_count() or 2)),
    # Level 3, because the absence of a GPU is logged as an error.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Else the first process with JAX takes three quarters of the GPU and the second fails.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


class Gpu(NamedTuple):
    """A GPU that Keras computes on. compute_capability: (major, minor), None where it has none."""

    name: str
    compute_capability: tuple[int, int] | None


def set_up_keras(backend: str = "tensorflow", deterministic: bool = False) -> None:
    """Import Keras with one of BACKENDS, fast, silent and without settings of the user's own.

    A process has one backend. deterministic: ask for bit-identical results on the same machine with the same
    number of threads. Raises InputError when the backend is not installed or finds no device.
    """
    if importlib.util.find_spec(backend) is None:
        raise InputError(f"the package {backend} is not installed; pip install {_PACKAGES[backend]}")
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["KERAS_BACKEND"] = backend
    if deterministic and backend == "jax":
        os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_gpu_deterministic_ops=true"
    with silent_stderr():
        import keras

        # Keras uses TensorFlow with JAX too, if there is one; after this import it is silent.
        with contextlib.suppress(ImportError):
            import tensorflow
    assert keras.backend.backend() == backend, "another backend is in use in this process"
    if backend == "jax":
        import jax

        try:
            jax.devices()
        except (RuntimeError, AssertionError) as error:
            reason = str(error).split("\n")[0]
            raise InputError(f"JAX finds no device ({reason}); pip install {_PACKAGES['jax']}") from None
    else:
        # A process that loads several networks is warned of functions that are traced again; each is, once.
        tensorflow.get_logger().setLevel("ERROR")
        if deterministic:
            tensorflow.config.experimental.enable_op_determinism()
        # Without growth the first process takes the whole GPU and the second fails.
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.set_memory_growth(gpu, True)
    # ~/.keras/keras.json may say otherwise.
    keras.config.set_epsilon(1e-7)
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")


def gpus() -> list[Gpu]:
    """Those that Keras's backend computes on."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return [Gpu(each.device_kind, _capability(each)) for each in jax.devices() if each.platform == "gpu"]
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [Gpu(each.get("device_name", "GPU"), each.get("compute_capability")) for each in details]


def _capability(device: Any) -> tuple[int, int] | None:
    # '9.0' on NVIDIA's; AMD's are named otherwise.
    version = re.fullmatch(r"(\d+)\.(\d+)", str(getattr(device, "compute_capability", "")))
    return (int(version[1]), int(version[2])) if version else None


def predict(
    weights: Sequence[Weights], images: np.ndarray, tta: bool = False, calibrated: bool = False
) -> np.ndarray:
    """Set Keras up, load the network of each weight file, and predict_probabilities. Raises InputError.

    calibrated: divide the logits of each network by the temperature in its metadata.
    """
    set_up_keras()
    temperatures = [each.temperature if calibrated else 1.0 for each in weights]
    return predict_probabilities([load_network(each) for each in weights], images, tta, temperatures)


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """What to divide logits by, so that a network is right as often as it is sure (Guo et al. 2017).

    Of all temperatures it gives these labels, (N,) int, the least log loss. probabilities: (N, 7).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits, rows = np.log(np.maximum(probabilities, 1e-12)), np.arange(len(labels))

    def loss(logarithm: float) -> float:
        return -log_softmax(logits / np.exp(logarithm), axis=1)[rows, labels].mean()

    return round(float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x)), 4)


def predict_probabilities(
    networks: Sequence[Any], images: np.ndarray, tta: bool = False, temperatures: Sequence[float] = ()
) -> np.ndarray:
    """(N, 48, 48) grey levels -> (N, 7) float64 probabilities, the mean over networks.

    networks: keras.Models that end in logits. tta: test-time augmentation, the mean over each face and its
    mirror image, whose label is the same. temperatures: what the logits of each network are divided by; none
    for 1. Raises InputError when a probability is not finite.
    """
    import keras

    scales = np.repeat(temperatures or np.ones(len(networks)), 2 if tta else 1).astype(np.float32)
    probabilities = np.zeros((len(images), NUM_CLASSES))
    with Progress(desc="predicting", total=len(images), unit=" faces") as bar:
        for start in range(0, len(images), BATCH_SIZE):
            batch = images[start : start + BATCH_SIZE]
            inputs = (batch, batch[:, :, ::-1]) if tta else (batch,)
            # Not Keras's predict: the end of its tf.data pipeline waits up to as long again as it worked.
            outputs = [network.predict_on_batch(faces) for network in networks for faces in inputs]
            logits = np.stack(outputs) / scales[:, np.newaxis, np.newaxis]
            each = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
            probabilities[start : start + BATCH_SIZE] = each.mean(axis=0, dtype=np.float64)
            bar.update(len(batch))
    # Weights that are finite can still give products that are not.
    if not np.isfinite(probabilities).all():
        raise InputError("the weights give probabilities that are not finite; train or copy them again")
    return probabilities


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Drop what C++ writes to stderr in the block: TensorFlow's import logs before its log level applies."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as null:
        os.dup2(null.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
