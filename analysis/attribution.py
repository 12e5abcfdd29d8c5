"""Which pixels change a class's logit: four attribution methods (report, question 4).

Every method takes a network ((N, 48, 48) grey levels -> (N, 7) logits) and gives a function of faces, (N, 48,
48) grey levels, and classes, (N,) int, that returns (N, 48, 48) float32. That function is compiled once and
reads the network's current weights at each call. A face's map never depends on the faces beside it.
Logits, not probabilities: after a softmax the gradient vanishes where the network is confident.
TensorFlow is imported where it is used, so that a script can check a method's name before.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from data.dataset import IMAGE_SIZE
from data.errors import InputError
from models.graph import bottlenecks
from models.progress import Progress, silent

Attribution = Callable[[np.ndarray, np.ndarray], np.ndarray]

# The name on the command line: the name in a figure.
METHODS = {
    "gradient": "gradient",
    "smoothgrad": "SmoothGrad",
    "integrated": "integrated gradients",
    "gradcam": "Grad-CAM",
}

# Forward and back, the report's CNN holds about 6 MB a face.
CHUNK = 64
# The views of this many faces are computed together; the progress bar advances after each block.
FACES_PER_BLOCK = 8
SMOOTHGRAD_SAMPLES = 50
SMOOTHGRAD_NOISE = 0.15
# The error of completeness is about 0.25 / steps: each ReLU's kink is missed by up to half a step.
INTEGRATION_STEPS = 384


def attribution(model: Any, method: str, seed: int, views: int | None = None) -> Attribution:
    """The function that gives the saliency maps, >= 0, of one of METHODS.

    seed: of SmoothGrad's noise. views: per face, in SmoothGrad and integrated gradients, if other than the
    default. Raises InputError for Grad-CAM of a network without a convolution.
    """
    if method == "gradcam":
        return gradcam(model)
    signed = {
        "gradient": logit_gradients,
        "smoothgrad": lambda model: smoothed_gradients(model, seed, views or SMOOTHGRAD_SAMPLES),
        "integrated": lambda model: integrated_gradients(model, views or INTEGRATION_STEPS),
    }[method](model)
    return lambda faces, classes: np.abs(signed(faces, classes))


def saliency_maps(
    model: Any,
    methods: Sequence[str],
    faces: np.ndarray,
    classes: np.ndarray,
    seed: int,
    views: int | None = None,
    progress: Progress = silent,
) -> dict[str, np.ndarray]:
    """Method -> (N, 48, 48) float32 saliency maps of (N, 48, 48) faces and the logits of (N,) int classes.

    methods: of METHODS, or 'all' for each that the network allows. seed, views: as of attribution(), whose
    InputError it raises.
    """
    if "all" in methods:
        methods = [name for name in METHODS if name != "gradcam" or has_convolution(model)]
    maps = {}
    for name in methods:
        maps_of = attribution(model, name, seed, views)
        task = f"{METHODS[name]} of faces"
        progress(task, 0, len(faces))
        blocks = []
        for start in range(0, len(faces), FACES_PER_BLOCK):
            block = slice(start, start + FACES_PER_BLOCK)
            blocks.append(maps_of(faces[block], classes[block]))
            progress(task, start + len(blocks[-1]), len(faces))
        maps[name] = np.concatenate(blocks)
    return maps


def logit_gradients(model: Any) -> Attribution:
    """The gradient of the logit with respect to each grey level (Simonyan et al. 2013)."""
    compiled = _compiled_gradients(model)
    return lambda faces, classes: _in_chunks(compiled, faces, classes)


def smoothed_gradients(model: Any, seed: int, samples: int = SMOOTHGRAD_SAMPLES) -> Attribution:
    """SmoothGrad (Smilkov et al. 2017): the mean gradient over noisy copies of the face.

    The noise is Gaussian, its deviation 15 % of the face's range of grey levels, and the same for each face.
    """
    gradients = logit_gradients(model)
    shape = (samples, IMAGE_SIZE, IMAGE_SIZE)
    noise = SMOOTHGRAD_NOISE * np.random.default_rng(seed).standard_normal(shape, np.float32)

    def noisy(faces: np.ndarray) -> np.ndarray:
        return faces[:, None] + np.ptp(faces, axis=(1, 2))[:, None, None, None] * noise

    return lambda faces, classes: _mean_gradients(gradients, noisy, faces, classes)


def integrated_gradients(model: Any, steps: int = INTEGRATION_STEPS) -> Attribution:
    """Integrated gradients (Sundararajan et al. 2017) from `grey_baseline`, by the midpoint rule.

    They sum to logit(face) - logit(baseline); analysis.saliency_checks measures how closely.
    """
    gradients = logit_gradients(model)
    positions = ((np.arange(steps, dtype=np.float32) + 0.5) / steps)[:, None, None]

    def path(faces: np.ndarray) -> np.ndarray:
        baseline = grey_baseline(faces)[:, None]
        return baseline + positions * (faces[:, None] - baseline)

    def integrated(faces: np.ndarray, classes: np.ndarray) -> np.ndarray:
        return (faces - grey_baseline(faces)) * _mean_gradients(gradients, path, faces, classes)

    return integrated


def grey_baseline(faces: np.ndarray) -> np.ndarray:
    """The face without any feature: every pixel has the face's mean grey level.

    A black baseline would give dark pixels, such as brows and eyes, no attribution at all.
    """
    faces = faces.astype(np.float32)
    return np.broadcast_to(faces.mean(axis=(-2, -1), keepdims=True), faces.shape)


def has_convolution(model: Any) -> bool:
    """Whether Grad-CAM can be computed."""
    return bool(_convolution_outputs(model))


def gradcam(model: Any) -> Attribution:
    """Grad-CAM (Selvaraju et al. 2017) of the last convolutional block's output, at 48x48.

    That is after normalisation, residual sum and ReLU, because a branch alone is not what the logits see.
    Raises InputError when the network has no convolution.
    """
    import keras
    import tensorflow as tf

    blocks = _convolution_outputs(model)
    if not blocks:
        raise InputError(
            f"the network {model.name} has no convolution, so no Grad-CAM; choose another --method"
        )
    maps_and_logits = keras.Model(model.inputs, [blocks[-1].output, *model.outputs])

    @tf.function(input_signature=_signature())
    def class_activation(faces: Any, classes: Any) -> Any:
        with tf.GradientTape() as tape:
            maps, logits = maps_and_logits(faces, training=False)
            chosen = _chosen_logits(logits, classes)
        weights = tf.reduce_mean(tape.gradient(chosen, maps), axis=(1, 2), keepdims=True)
        weighted = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
        return tf.image.resize(weighted, (IMAGE_SIZE, IMAGE_SIZE))[..., 0]

    return lambda faces, classes: _in_chunks(class_activation, faces, classes)


# Three methods and their checks need the same function, whose compilation costs a second or more.
@functools.lru_cache(maxsize=1)
def _compiled_gradients(model: Any) -> Any:
    import tensorflow as tf

    @tf.function(input_signature=_signature())
    def gradients(faces: Any, classes: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(faces)
            chosen = _chosen_logits(model(faces, training=False), classes)
        return tape.gradient(chosen, faces)

    return gradients


def _signature() -> tuple[Any, ...]:
    """The inputs of a compiled function: any number of faces and classes, so that it is compiled once."""
    import tensorflow as tf

    return (tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE), tf.float32), tf.TensorSpec((None,), tf.int32))


def _chosen_logits(logits: Any, classes: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(logits * tf.one_hot(classes, logits.shape[-1]), axis=-1)


def _convolution_outputs(model: Any) -> list[Any]:
    """The layers that end a convolutional block or a step of it; all paths to the logits pass through."""
    from keras import layers

    kinds = (layers.Conv2D, layers.BatchNormalization, layers.Add, layers.ReLU, layers.Activation)
    return [
        layer for layer in bottlenecks(model) if isinstance(layer, kinds) and len(layer.output.shape) == 4
    ]


def _in_chunks(compiled: Any, faces: np.ndarray, classes: np.ndarray) -> np.ndarray:
    faces, classes = faces.astype(np.float32), classes.astype(np.int32)
    starts = range(0, len(faces), CHUNK)
    return np.concatenate([compiled(faces[i : i + CHUNK], classes[i : i + CHUNK]).numpy() for i in starts])


def _mean_gradients(
    gradients: Attribution,
    views_of: Callable[[np.ndarray], np.ndarray],
    faces: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray:
    """(N, 48, 48): the mean gradient over the views of each face, which fill chunks across faces.

    views_of: (B, 48, 48) faces -> (B, V, 48, 48) views.
    """
    means = []
    for start in range(0, len(faces), FACES_PER_BLOCK):
        block = slice(start, start + FACES_PER_BLOCK)
        views = views_of(faces[block].astype(np.float32))
        flat = views.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        each = gradients(flat, np.repeat(classes[block], views.shape[1]))
        means.append(each.reshape(views.shape).mean(axis=1))
    return np.concatenate(means)
