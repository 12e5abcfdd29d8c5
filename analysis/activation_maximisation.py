"""What activates each unit of a layer: pictures by gradient ascent, real faces, outputs (report, question 5).

A filter's activation is the mean over space of its response after the batch normalisation, residual sum and
ReLU that follow the layer: what the next layer sees. The response before the ReLU would not do: for a first
convolution, its mean over space is the sum of the kernel times the mean grey level, so every picture would
come out plain. But after the ReLU, positions where the filter is off have no gradient, and pictures made from
that gradient alone activated their filters less than real faces do. So the ReLU is leaky for the first half
of the steps. A filter that is off everywhere ascends its highest response before the ReLU until that position
turns on; one that is off at every step counts as dead.

What is sought is the pattern. So, unless unconstrained, the picture is brought to the mean and contrast of an
average face at each step, and so are the faces that it is compared with. Without this, filters that answer to
light get plain white or black pictures. With it they are recognised by a plain picture that differs from the
mean as much and activates them more.

Sources: Erhan et al. 2009 (activation maximisation); Mahendran & Vedaldi 2015 (jitter, total variation);
Olah et al. 2017 (Fourier parametrisation, real faces beside each picture).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from analysis.attribution import explain, surest_faces
from analysis.held_out import held_out
from analysis.metrics import WITHOUT_DUPLICATES
from data import CLASS_NAMES, IMAGE_SIZE, InputError
from data.faces import Faces
from data.progress import Progress
from models.prediction import predict_probabilities
from models.weights import Weights

# More take minutes and do not fit into a figure.
MOST_UNITS = 64
WHITE = 255.0
# The mean and the standard deviation of an average face of FER2013, in grey levels.
MEAN, CONTRAST = 129.0, 54.0
# The plain pictures that differ from that mean as much as an average face does.
DARK, LIGHT = MEAN - CONTRAST, MEAN + CONTRAST
# Each unit ascends from noise and from noise blurred by so many pixels, and its better picture is kept. Of
# natural pictures sharp noise and wide blobs would remain.
BLURS, NATURAL_BLURS = (0.0, 6.0), (2.0, 4.0)
# How far a picture may go from the noise, and at most in one step: root mean squares in grey levels. Half
# the distance leaves noise in some pictures.
DISTANCE, LONGEST_STEP = 1000.0, 10.0
# From the middle on steps become shorter, down to this share.
LAST_STEP = 0.01
# Of natural pictures: the greatest random shift before each step, in pixels, and the weight of total
# variation's gradient against the activation's, whose root mean square is 1.
JITTER = 2
TOTAL_VARIATION = 0.05
# The best face is sought among so many, spread evenly over the data.
COMPARED_FACES = 1000
BATCH_SIZE = 64


@dataclass(frozen=True)
class Units:
    """The filters of a convolution or the units of a dense layer: the first U, at most MOST_UNITS.

    layer: str, its name.
    kind: str, 'filter' of a convolution, 'class' of the network's last layer, else 'unit'.
    names: U str, a unit's number from 0, or its class.
    total: int, how many units the layer has.
    responses: keras.Model, (N, 48, 48) grey levels -> (N, height, width, U) responses before the ReLU; (N, U)
        of a dense layer.
    rectified: bool, whether a ReLU follows.
    natural: bool, whether the ascent favours low frequencies and smooth areas. Without that, pictures of deep
        layers look like noise. The fine patterns of a first convolution, and of others with maps as large as
        the face, reach more without it.
    constrained: bool, whether pictures and faces are brought to the mean and contrast of an average face.
    """

    layer: str
    kind: str
    names: Sequence[str]
    total: int
    responses: Any
    rectified: bool
    natural: bool
    constrained: bool

    @property
    def measure(self) -> str:
        """What titles call an activation."""
        names = {"filter": "mean activation over the picture", "class": "logit", "unit": "activation"}
        return names[self.kind]

    def described(self, network: str) -> str:
        """What titles call the layer, such as 'conv2d_1 of cnn'; network: its name."""
        drawn = len(self.names)
        part = f" (the first {drawn} of {self.total:,} {self.kind}s)" if drawn < self.total else ""
        return f"{self.layer} of {network}{part}"


@dataclass(frozen=True)
class Ascent:
    """The result for U units.

    images: (U, 48, 48) float32 grey levels 0..255.
    activations: (U,) float32, that of each image.
    plain: (2, U) float32, the activations by plain pictures of DARK and LIGHT.
    dead: (U,) bool, units that were off before and after every step, from both starts, and for `plain`.
    """

    images: np.ndarray
    activations: np.ndarray
    plain: np.ndarray
    dead: np.ndarray

    @property
    def tones(self) -> np.ndarray:
        """(U,) str: 'dark' or 'light' where that plain picture activates a unit more than its image."""
        weaker, dark = (self.plain <= self.activations).all(axis=0), self.plain[0] > self.plain[1]
        return np.select([weaker, dark], ["", "dark"], "light")


@dataclass(frozen=True)
class StrongestFaces:
    """For each of U units the N faces that activate it most, the best first.

    faces: Faces, up to COMPARED_FACES, among which they were found, as they were measured.
    indices: (U, N) int, their positions there.
    activations: (U, N) float32.
    """

    faces: Faces
    indices: np.ndarray
    activations: np.ndarray


def find_units(network: Any, name: str | None = None, constrained: bool = True) -> Units:
    """The units of a convolution or dense layer.

    network: a keras.Model of (N, 48, 48) grey levels. name: of the layer; None for the first convolution, or
    in a dense network the classes, its last layer. Raises InputError, which names all layers, when there is
    none of that name.
    """
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    layers = {layer.name: layer for layer in network.layers if isinstance(layer, kinds)}
    first, last = next(iter(layers)), network.layers[-1].name
    if name is None:
        name = first if isinstance(layers[first], keras.layers.Conv2D) else last
    if name not in layers:
        raise InputError(f"layer {name}: not in {network.name}; choose one of {', '.join(layers)}")
    output, rectified = _before_relu(network, layers[name])
    total, convolution = output.shape[-1], len(output.shape) == 4
    names = CLASS_NAMES if name == last else [str(number) for number in range(min(total, MOST_UNITS))]
    return Units(
        layer=name,
        kind="class" if name == last else "filter" if convolution else "unit",
        names=names,
        total=total,
        responses=keras.Model(network.input, output[..., : len(names)]),
        rectified=rectified,
        natural=not convolution or (name != first and output.shape[1] < IMAGE_SIZE),
        constrained=constrained,
    )


def like_an_average_face(images: Any) -> Any:
    """(N, 48, 48) grey levels brought to MEAN and CONTRAST and clipped; what is plain stays plain."""
    from keras import ops

    images = ops.convert_to_tensor(images, "float32")
    mean, variance = ops.moments(images, axes=(1, 2), keepdims=True)
    return ops.clip(MEAN + CONTRAST * (images - mean) / ops.sqrt(variance + 1e-6), 0, WHITE)


def maximise_activation(units: Units, steps: int, seed: int) -> Ascent:
    """Ascend `steps` steps for each unit, from the same two starts."""
    count, generator = len(units.names), np.random.default_rng(seed)
    jitter, blurs = (JITTER, NATURAL_BLURS) if units.natural else (0, BLURS)
    noise = generator.standard_normal((IMAGE_SIZE, IMAGE_SIZE), np.float32)
    starts = like_an_average_face(np.stack([gaussian_filter(noise, blur, mode="wrap") for blur in blurs]))
    shifts = generator.integers(-jitter, jitter, (steps + 1, 2), np.int32, endpoint=True)
    left = np.append(np.linspace(1, 0, steps, endpoint=False), 0).astype(np.float32)
    sizes = min(DISTANCE / max(steps, 1), LONGEST_STEP) * np.clip(2 * left, LAST_STEP, 1)
    # The last step has no length and no shift: it measures the pictures.
    sizes[-1], shifts[-1] = 0, 0
    images: Any = np.repeat(starts, count, axis=0)
    turned_on, step = np.zeros(len(images), bool), _compiled_step(units)
    schedule = zip(shifts, np.maximum(2 * left - 1, 0), sizes, strict=True)
    for shift, leak, size in Progress(schedule, "ascent", steps + 1, unit=" steps"):
        images, activations = step(images, shift, leak, size)
        turned_on |= activations.numpy() > 0
    by_start = activations.numpy().reshape(len(blurs), count)
    best = by_start.argmax(axis=0) * count + np.arange(count)
    plain = _activations(units, np.full((IMAGE_SIZE, IMAGE_SIZE, 2), (DARK, LIGHT), np.float32).T)
    on = np.vstack([turned_on.reshape(by_start.shape), plain > 0]).any(axis=0)
    return Ascent(images.numpy()[best], by_start.ravel()[best], plain, np.logical_and(units.rectified, ~on))


def compared_faces(faces: Faces) -> Faces:
    """Up to COMPARED_FACES of these faces, spread evenly over them."""
    return faces.select(np.linspace(0, len(faces) - 1, min(len(faces), COMPARED_FACES)).astype(int))


def strongest_faces(units: Units, faces: Faces, count: int) -> StrongestFaces:
    """Find the `count` of the `compared_faces` that activate each unit most; all if there are fewer."""
    faces = compared_faces(faces)
    if units.constrained:
        faces = replace(faces, images=np.round(like_an_average_face(faces.images)).astype(np.uint8))
    starts = Progress(range(0, len(faces), BATCH_SIZE), "measuring faces")
    batches = [_activations(units, faces.images[start : start + BATCH_SIZE]) for start in starts]
    activations = np.concatenate(batches).T
    # Stable, so that equally strong faces keep their order.
    chosen = np.argsort(-activations, axis=1, kind="stable")[:, :count]
    return StrongestFaces(faces, chosen, np.take_along_axis(activations, chosen, axis=1))


def filter_outputs(units: Units, face: np.ndarray) -> np.ndarray:
    """(U, height, width) float32, the output of each filter for one (48, 48) face."""
    return np.moveaxis(_outputs(units, face[np.newaxis])[0], -1, 0)


def happy_face(network: Any, weights: Weights, faces: Faces) -> Faces:
    """The one happy face that saliency.py draws: held out from the training of `weights` if possible.

    Where no face is labelled happy, it is chosen among the `compared_faces`, as if all of them were.
    """
    if faces.labels is None:
        faces = compared_faces(faces)
    else:
        held = held_out(faces, [weights], allow_seen=True)
        faces = held.faces.select(held.subsets.get(WITHOUT_DUPLICATES, slice(None)))
    # All faces, as saliency.py: in other batches, probabilities near 1 can differ in the last bit.
    probabilities = predict_probabilities([network], faces.images, temperatures=[weights.temperature])
    table = explain(faces, probabilities, "happy")
    if "happy" not in set(table["true"]):
        table["true"] = "happy"
    return faces.select(surest_faces(table[table["true"] == "happy"], 1).index.to_numpy())


def _activations(units: Units, images: np.ndarray) -> np.ndarray:
    """(N, U) activations of all units for N faces."""
    maps = _outputs(units, images)
    return maps.reshape(len(maps), -1, maps.shape[-1]).mean(axis=1)


def _outputs(units: Units, images: np.ndarray) -> np.ndarray:
    """(N, ..., U) outputs of all units for N faces, after the ReLU."""
    outputs = units.responses.predict_on_batch(images)
    return np.maximum(outputs, 0) if units.rectified else outputs


def _before_relu(network: Any, layer: Any) -> tuple[Any, bool]:
    """A layer's output after batch normalisation and residual sum, and whether a ReLU follows."""
    import keras

    if layer.activation is keras.activations.relu:  # the dense layers of the DNN
        return keras.ops.matmul(layer.input, layer.kernel) + layer.bias, True

    output = layer.output
    for following in network.operations:  # in the order of computation
        if any(tensor is output for tensor in keras.tree.flatten(following.input)):
            if not isinstance(following, (keras.layers.BatchNormalization, keras.layers.Add)):
                return output, isinstance(following, keras.layers.ReLU)
            output = following.output
    return output, False


def _compiled_step(units: Units) -> Callable[..., tuple[Any, Any]]:
    """What makes a step: (B, 48, 48) images after it, and (B,) activations before it.

    Takes the images, those of all units from the first start, then from the next; the (2,) shift; the ReLU's
    leak; the step's length.
    """
    import tensorflow as tf

    own = np.tile(np.eye(len(units.names), dtype=np.float32), (len(BLURS), 1))[:, np.newaxis]

    # XLA gains nothing here and compiles for seconds.
    @tf.function
    def step(images: Any, shift: Any, leak: Any, size: Any) -> tuple[Any, Any]:
        images = tf.roll(like_an_average_face(images) if units.constrained else images, shift, axis=(1, 2))
        maps = units.responses(images, training=False)
        # (B, positions), of each picture's own unit only
        maps = tf.reduce_sum(tf.reshape(maps, (len(own), -1, len(units.names))) * own, axis=-1)
        activations = objective = tf.reduce_mean(maps, axis=1)
        if units.rectified:
            activations = tf.reduce_mean(tf.nn.relu(maps), axis=1)
            leaky = activations + leak * tf.reduce_mean(tf.minimum(maps, 0.0), axis=1)
            objective = tf.where(activations == 0, tf.reduce_max(maps, axis=1), leaky)
        direction = tf.gradients(objective, images)[0]
        if units.natural:
            direction = tf.signal.irfft2d(tf.signal.rfft2d(direction) * _fourier_scales())
        # Pixels that would leave the range take no part of the step from those that can move.
        stuck = tf.where(direction < 0, images <= 0, images >= WHITE)
        direction = tf.where(stuck, 0.0, direction)
        length = tf.sqrt(tf.reduce_mean(tf.square(direction), axis=(1, 2), keepdims=True))
        direction = tf.math.divide_no_nan(direction, length)
        if units.natural:
            variation = tf.image.total_variation(images[..., tf.newaxis])
            direction -= TOTAL_VARIATION * tf.gradients(variation, images)[0]
        images = tf.clip_by_value(images + size * direction, 0.0, WHITE)
        return tf.roll(images, -shift, axis=(1, 2)), activations

    return step


def _fourier_scales() -> np.ndarray:
    """(48, 25) complex64 scales, by which low frequencies move as easily as high ones.

    In coefficients scaled by 1 / frequency, steepest ascent is the gradient times the scale's square.
    """
    frequencies = np.hypot(np.fft.fftfreq(IMAGE_SIZE)[:, np.newaxis], np.fft.rfftfreq(IMAGE_SIZE))
    return (1 / np.maximum(frequencies, 1 / IMAGE_SIZE)).astype(np.complex64)
