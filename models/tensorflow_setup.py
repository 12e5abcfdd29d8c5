"""The settings that make TensorFlow fast and Keras the same for everybody; made before they are imported.

Scripts call `set_up_tensorflow()` after they have checked their arguments and files, because the import
costs seconds and 600 MB.
"""

import contextlib
import os
import sys
from collections.abc import Iterator


def set_up_tensorflow(deterministic: bool = False) -> None:
    """Import TensorFlow and Keras with oneDNN on, the start-up chatter off and no settings of the user's own.

    deterministic: ask for bit-identical results on the same machine with the same number of threads.
    """
    if "tensorflow" not in sys.modules:
        # On AMD processors TensorFlow leaves oneDNN off, which makes it 1.5 to 2 times slower.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
        # On a single core TensorFlow would take one thread for both the batches and the training that waits
        # for them, and sometimes hang.
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(max(2, os.cpu_count() or 2)))
        # Level 3, because the absence of a GPU is logged as an error.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # The networks are written for TensorFlow, whatever ~/.keras/keras.json says; see also below.
        os.environ["KERAS_BACKEND"] = "tensorflow"
    with silent_stderr():
        import keras
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    # A process that loads several networks is warned of functions that are traced again; each is, once.
    tf.get_logger().setLevel("ERROR")
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    # Without growth the first process takes the whole GPU and the second fails.
    for gpu in gpus:
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
