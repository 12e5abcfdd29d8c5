"""The settings that make Keras and its backend fast and the same for everybody; made before their import.

Scripts call `set_up_tensorflow()`, or in training `set_up_keras()`, after they have checked their arguments
and files, because the import costs seconds and 600 MB.
"""

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from data.errors import InputError
from models.stop import delivered_afterwards

Backend = Literal["tensorflow", "jax"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)


class Gpu(NamedTuple):
    """A GPU that Keras computes on. compute_capability: (major, minor), None where it has none."""

    name: str
    compute_capability: tuple[int, int] | None


def check_backend(backend: Backend) -> None:
    """InputError when the package of a backend is not installed."""
    if importlib.util.find_spec(backend) is not None:
        return
    if backend == "jax":
        raise InputError(
            "--backend jax: the package jax is not installed; install it, for NVIDIA GPUs with: pip install "
            "'jax[cuda13]'"
        )
    raise InputError(
        "the package tensorflow is not installed; install it with: pip install tensorflow (training alone "
        "also runs without it, by --backend jax)"
    )


def set_up_keras(backend: Backend, deterministic: bool = False) -> None:
    """Import Keras with this backend; a process has one. deterministic: as in set_up_tensorflow.

    Raises InputError when the backend is not installed or finds no device.
    """
    if backend == "tensorflow":
        set_up_tensorflow(deterministic)
    else:
        _set_up_jax(deterministic)


def _undo_settings_of_the_user() -> None:
    """Keras's defaults, whatever ~/.keras/keras.json and the environment say."""
    import keras

    keras.config.set_epsilon(1e-7)
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


def _set_up_jax(deterministic: bool) -> None:
    check_backend("jax")
    if "jax" not in sys.modules:
        # Of TensorFlow, see below. JAX itself only warns of the times by which it chose a GPU's kernels.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # Else the first process takes three quarters of the GPU and the second fails.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        if deterministic:
            flags = os.environ.get("XLA_FLAGS", "")
            os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    os.environ["KERAS_BACKEND"] = "jax"
    with delivered_afterwards(), silent_stderr():
        import keras

        # This imports TensorFlow too, if there is one, which is silent later on.
        keras.utils.set_random_seed(0)
        import jax

    assert keras.backend.backend() == "jax", "another backend is in use in this process"
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        platforms = os.environ.get("JAX_PLATFORMS", "")
        raise InputError(
            f"--backend jax: JAX finds no device ({reason}); install JAX for this machine or change "
            f"JAX_PLATFORMS, which is '{platforms}'"
        ) from None
    _undo_settings_of_the_user()


def gpus() -> list[Gpu]:
    """Those that Keras's backend computes on."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        found = []
        for device in jax.devices():
            if device.platform == "gpu":
                # '9.0' on NVIDIA's; AMD's are named otherwise.
                major, _, minor = str(getattr(device, "compute_capability", "")).partition(".")
                known = major.isdigit() and minor.isdigit()
                found.append(Gpu(device.device_kind, (int(major), int(minor)) if known else None))
        return found
    import tensorflow as tf

    details = [
        tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")
    ]
    return [Gpu(each.get("device_name", "GPU"), each.get("compute_capability")) for each in details]


def set_up_tensorflow(deterministic: bool = False) -> None:
    """Import TensorFlow and Keras with oneDNN on, the start-up chatter off and no settings of the user's own.

    deterministic: ask for bit-identical results on the same machine with the same number of threads.
    Raises InputError when TensorFlow is not installed.
    """
    check_backend("tensorflow")
    if "tensorflow" not in sys.modules:
        # On AMD processors TensorFlow leaves oneDNN off, which makes it 1.5 to 2 times slower.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
        # On a single core TensorFlow would take one thread for both the batches and the training that waits
        # for them, and sometimes hang.
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(max(2, os.cpu_count() or 2)))
        # Level 3, because the absence of a GPU is logged as an error.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ["KERAS_BACKEND"] = "tensorflow"
    with delivered_afterwards(), silent_stderr():
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
    # A process that loads several networks is warned of functions that are traced again; each is, once.
    tf.get_logger().setLevel("ERROR")
    _undo_settings_of_the_user()
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    # Without growth the first process takes the whole GPU and the second fails.
    for gpu in devices:
        tf.config.experimental.set_memory_growth(gpu, True)


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Drop what C++ writes to stderr in the block: TensorFlow's import logs before its log level applies."""
    sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
