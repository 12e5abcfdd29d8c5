"""Which pixels change a class's logit: six attribution methods (report, question 4).

Each method is a function of a network, images, (N, 48, 48) grey levels, and classes, (N,) int, whose logits
it explains, and gives (N, 48, 48) float32 maps. A face's map never depends on the faces beside it.
Logits, not probabilities: after a softmax the gradient vanishes where the network is confident.
TensorFlow is imported where it is used, so that a script can check a method's name before.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from data import CLASS_NAMES, IMAGE_SIZE, NUM_CLASSES, InputError
from data.faces import Faces
from data.progress import Progress

# The name on the command line: the name in a figure.
METHODS = {"gradient": "gradient", "smoothgrad": "SmoothGrad", "integrated": "integrated gradients"}
METHODS |= {"gradcam": "Grad-CAM", "occlusion": "occlusion", "lime": "LIME"}

SMOOTHGRAD_SAMPLES = 50
SMOOTHGRAD_NOISE = 0.15
# The error of completeness is about 0.25 / steps: each ReLU's kink is missed by up to half a step.
INTEGRATION_STEPS = 384
# In pixels: the side of the square that hides a part, and how far it moves.
OCCLUSION_SIDE, OCCLUSION_STRIDE = 8, 4
# LIME: how many pictures, how many parts a face has, and the width of the kernel, that of its reference.
LIME_SAMPLES, LIME_PARTS, LIME_WIDTH = 256, 36, 0.25
# Forward and back, the report's CNN holds about 6 MB a face.
CHUNK = 64
# All views of this many faces, up to 384 each, are held at once; progress is shown after each block.
BLOCK = 8


def explain(faces: Faces, probabilities: np.ndarray, choice: str) -> pd.DataFrame:
    """The row of each of N faces, its true and its predicted class, the latter's probability, and the class
    that is to be explained.

    probabilities: (N, 7). choice: 'predicted', 'true', which needs labels, or a class name.
    """
    names = np.array(CLASS_NAMES, object)
    table = pd.DataFrame({"row": faces.rows}).assign(
        true=None if faces.labels is None else names[faces.labels],
        predicted=names[probabilities.argmax(axis=1)],
        probability=probabilities.max(axis=1),
    )
    return table.assign(explained=table[choice] if choice in table else choice)


def surest_faces(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Class by class, the up to `count` faces of `explain` that the network gets right with most confidence.

    Of a class without a right prediction, the one face that the network is most sure of.
    """
    # Stable, so that equally sure faces keep the order of the file.
    ordered = table.sort_values("probability", ascending=False, kind="stable")
    chosen = []
    for name in CLASS_NAMES:
        faces = ordered[ordered["true"] == name]
        right = faces[faces["predicted"] == name]
        chosen.append(right[:count] if len(right) else faces[:1])
    return pd.concat(chosen)


def saliency_maps(
    network: Any,
    methods: Sequence[str],
    images: np.ndarray,
    classes: np.ndarray,
    seed: int,
    views: int | None = None,
) -> dict[str, np.ndarray]:
    """Saliency maps, (N, 48, 48) and >= 0, by method.

    methods: of METHODS, or 'all' for each that the network allows. seed: of SmoothGrad's noise and of the
    parts that LIME hides. views: per face, in SmoothGrad and integrated gradients, if other than the default.
    Raises InputError for Grad-CAM of a network without a convolution.
    """
    if "all" in methods:
        methods = [name for name in METHODS if name != "gradcam" or gradcam_layer(network)]
    functions: dict[str, Callable[..., np.ndarray]] = {
        "gradient": gradients,
        "smoothgrad": functools.partial(smoothgrad, seed=seed, samples=views or SMOOTHGRAD_SAMPLES),
        "integrated": functools.partial(integrated_gradients, steps=views or INTEGRATION_STEPS),
        "gradcam": gradcam,
        "occlusion": occlusion,
        "lime": functools.partial(lime, seed=seed),
    }
    maps = {}
    for name in methods:
        blocks = [slice(start, start + BLOCK) for start in range(0, len(images), BLOCK)]
        each = (functions[name](network, images[b], classes[b]) for b in Progress(blocks, METHODS[name]))
        maps[name] = np.abs(np.concatenate(list(each)))
    return maps


def gradients(network: Any, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The gradient of the logit with respect to each grey level (Simonyan et al. 2013)."""
    return _differentiate(network, network.layers[0], images, classes)[1]


def smoothgrad(
    network: Any, images: np.ndarray, classes: np.ndarray, seed: int, samples: int = SMOOTHGRAD_SAMPLES
) -> np.ndarray:
    """SmoothGrad (Smilkov et al. 2017): the mean gradient over noisy copies of the face.

    The noise is Gaussian, its deviation 15 % of the face's range of grey levels, and the same for each face.
    """
    noise = np.random.default_rng(seed).standard_normal((samples, IMAGE_SIZE, IMAGE_SIZE), np.float32)
    ranges = np.ptp(images.astype(np.float32), axis=(1, 2))[:, None, None, None]
    return _mean_gradients(network, images[:, None] + ranges * (SMOOTHGRAD_NOISE * noise), classes)


def integrated_gradients(
    network: Any, images: np.ndarray, classes: np.ndarray, steps: int = INTEGRATION_STEPS
) -> np.ndarray:
    """Integrated gradients (Sundararajan et al. 2017) from `grey_baseline`, by the midpoint rule.

    They sum to logit(face) - logit(baseline).
    """
    positions = ((np.arange(steps, dtype=np.float32) + 0.5) / steps)[:, None, None]
    baseline = grey_baseline(images)
    contrast = images - baseline
    path = baseline[:, None] + positions * contrast[:, None]
    return contrast * _mean_gradients(network, path, classes)


def grey_baseline(images: np.ndarray) -> np.ndarray:
    """The faces without any feature: every pixel has its face's mean grey level, as (N, 1, 1) float32.

    A black baseline would give dark pixels, such as brows and eyes, no attribution at all.
    """
    return images.astype(np.float32).mean(axis=(1, 2), keepdims=True)


def gradcam(network: Any, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Grad-CAM (Selvaraju et al. 2017) of the output of `gradcam_layer`, enlarged to 48x48.

    Raises InputError when the network has no convolution.
    """
    import tensorflow as tf

    layer = gradcam_layer(network)
    if layer is None:
        raise InputError(f"{network.name} has no convolution, so no Grad-CAM; choose another --method")
    outputs, slopes = _differentiate(network, layer, images, classes)
    weights = slopes.mean(axis=(1, 2), keepdims=True)
    weighted = np.maximum((weights * outputs).sum(axis=-1, keepdims=True), 0)
    return tf.image.resize(weighted, (IMAGE_SIZE, IMAGE_SIZE)).numpy()[..., 0]


def gradcam_layer(network: Any) -> Any | None:
    """What Grad-CAM looks at: the last ReLU after a convolution; None where there is no convolution.

    In a residual block that is the one after the sum, because a branch alone is not what the logits see.
    """
    from keras import layers

    activations = [each for each in network.layers if isinstance(each, layers.ReLU | layers.Activation)]
    return next((each for each in reversed(activations) if each.output.ndim == 4), None)


def occlusion(network: Any, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Occlusion (Zeiler & Fergus 2014): how far the logit falls when a square of the mean grey hides a part.

    The mean over the squares that cover a pixel; negative where the logit rises. Squares reach over the edge,
    so that as many cover each pixel.
    """
    starts = np.arange(OCCLUSION_STRIDE - OCCLUSION_SIDE, IMAGE_SIZE, OCCLUSION_STRIDE)
    inside = (np.arange(IMAGE_SIZE) - starts[:, None]) // OCCLUSION_SIDE == 0
    hidden = (inside[:, None, :, None] & inside[:, None]).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    views = np.where(hidden, grey_baseline(images)[:, None], images[:, None])
    falls = _logits(network, images[:, None], classes) - _logits(network, views, classes)
    return np.tensordot(falls, hidden.astype(np.float32), 1) / hidden.sum(axis=0, dtype=np.float32)


def lime(network: Any, images: np.ndarray, classes: np.ndarray, seed: int) -> np.ndarray:
    """LIME (Ribeiro et al. 2016): the weights of a ridge regression of the logit on which parts are shown.

    Parts are superpixels (SLIC) where scikit-image is installed, else squares; hidden ones have the face's
    mean grey. Pictures count the more, the fewer of their parts are hidden.
    """
    from sklearn.linear_model import Ridge

    maps = []
    for image, grey, index in zip(images, grey_baseline(images), classes, strict=True):
        parts = superpixels(image)
        shown = np.random.default_rng(seed).random((LIME_SAMPLES, parts.max() + 1)) < 0.5
        shown[0] = True
        logits = _logits(network, np.where(shown[:, parts], image, grey)[None], np.array([index]))[0]
        # The cosine between a picture's parts and those of the whole face.
        distances = 1 - np.sqrt(shown.mean(axis=1))
        nearness = np.exp(-((distances / LIME_WIDTH) ** 2))
        maps.append(Ridge().fit(shown, logits, nearness).coef_[parts])
    return np.stack(maps).astype(np.float32)


def superpixels(image: np.ndarray) -> np.ndarray:
    """The part, from 0, that each pixel of a (48, 48) face belongs to."""
    try:
        from skimage.segmentation import slic
    except ImportError:
        side = round(LIME_PARTS**0.5)
        rows = np.arange(IMAGE_SIZE) * side // IMAGE_SIZE
        return rows[:, None] * side + rows
    return slic(image, n_segments=LIME_PARTS, compactness=0.1, channel_axis=None, start_label=0)


def _logits(network: Any, views: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(N, V): the logit of each face's class in (N, V, 48, 48) views of it."""
    flat, classes = views.reshape(-1, IMAGE_SIZE, IMAGE_SIZE), classes.repeat(views.shape[1])
    logits = _differentiate(network, network.layers[-1], flat, classes)[0]
    return logits[np.arange(len(flat)), classes].reshape(views.shape[:2])


def _mean_gradients(network: Any, views: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(N, 48, 48): the mean gradient over (N, V, 48, 48) views of each face."""
    flat = views.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return gradients(network, flat, classes.repeat(views.shape[1])).reshape(views.shape).mean(axis=1)


def _differentiate(
    network: Any, layer: Any, images: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A layer's (N, ...) output, and the gradient of each face's logit with respect to it."""
    compiled = _compiled(network, layer)
    images, classes = images.astype(np.float32), classes.astype(np.int32)
    chunks = [slice(start, start + CHUNK) for start in range(0, len(images), CHUNK)]
    outputs, slopes = zip(*(compiled(images[chunk], classes[chunk]) for chunk in chunks), strict=True)
    return np.concatenate(outputs), np.concatenate(slopes)


# Several methods and their checks need the same function, whose compilation costs a second or more.
@functools.lru_cache(maxsize=3)
def _compiled(network: Any, layer: Any) -> Any:
    """The function behind _differentiate, which reads the network's current weights at each call."""
    import keras
    import tensorflow as tf

    both = keras.Model(network.inputs, [layer.output, *network.outputs])
    # Any number of faces, so that it is compiled once.
    faces = tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE), tf.float32)

    @tf.function(input_signature=(faces, tf.TensorSpec((None,), tf.int32)))
    def differentiate(images: Any, classes: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            output, logits = both(images, training=False)
            chosen = tf.reduce_sum(logits * tf.one_hot(classes, NUM_CLASSES), axis=-1)
        return output, tape.gradient(chosen, output)

    return differentiate
