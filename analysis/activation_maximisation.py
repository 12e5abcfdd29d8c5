"""The input that activates each filter of a layer most, by gradient ascent (report, question 5).

A filter's mean activation is the mean over space of its response after the batch normalisation, residual sum
and ReLU that follow the layer: what the next layer sees. The response before the ReLU would not do: for a
first convolution, its mean over space is the sum of the kernel times the mean grey level, so every picture
would come out plain. But after the ReLU, positions where the filter is off have no gradient, and pictures
made from that gradient alone activated their filters less than real faces do. So the ReLU is leaky for the
first half of the steps. A filter that is off everywhere ascends its highest response before the ReLU until
that position turns on; one that is off at every step counts as dead.

Sources: Erhan et al. 2009 (activation maximisation); Mahendran & Vedaldi 2015 (jitter, total variation);
Olah et al. 2017 (Fourier parametrisation).

TensorFlow is imported where it is used, so that a script can check a preset's name before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.dataset import IMAGE_SIZE
from data.errors import InputError
from models.graph import only_reader
from models.progress import Progress, silent

# The report's CNN holds about 6 MB an image, and more at once are not faster.
IMAGES_PER_BATCH = 128
LIGHTEST = 255.0
# Each filter ascends from noise of all these mean grey levels, and its best picture is kept: filters that see
# dark places rarely turn on in a light picture.
STARTS = (LIGHTEST / 2, LIGHTEST / 4)
NOISE = 10.0
# How far a picture may go from the noise, and at most in one step: root mean squares in grey levels. Half the
# distance gives the CNN's first filters 1.9 times the activation by the best face, this 2.2 times.
DISTANCE, LONGEST_STEP = 400.0, 10.0
# From the middle on steps become shorter, down to this share.
LAST_STEP = 0.01


@dataclass(frozen=True)
class Preset:
    """How one step of the ascent is made.

    jitter: int, greatest random shift of the picture before each step, in pixels.
    total_variation: float, weight of the penalty's gradient against the activation's, whose root mean square
        is 1.
    fourier: bool, steepest ascent in Fourier coefficients scaled by 1 / frequency, in which low frequencies
        move as easily as high ones.
    """

    jitter: int = 0
    total_variation: float = 0.0
    fourier: bool = False


PRESETS = {
    "plain": Preset(),
    "smooth": Preset(jitter=2, total_variation=0.1),
    "natural": Preset(jitter=2, total_variation=0.1, fourier=True),
}


_NO_STEP = (np.zeros(2, np.int32), np.float32(0), np.float32(0))


@dataclass(frozen=True)
class Ascent:
    """The result for F filters.

    images: (F, 48, 48) float32 grey levels 0..255.
    curves: (F, steps + 1) float32, the mean activation before each step and after the last.
    dead: (F,) bool, filters that were off at every one of them, from each start.
    """

    images: np.ndarray
    curves: np.ndarray
    dead: np.ndarray

    @property
    def reached(self) -> np.ndarray:
        """(F,) float32, the mean activation after the last step."""
        return self.curves[:, -1]

    def order(self, by_activation: bool) -> np.ndarray:
        """(F,) int: the filters by their numbers, or those that reached most first."""
        return np.argsort(-self.reached, kind="stable") if by_activation else np.arange(len(self.reached))

    def table(self, names: Sequence[str]) -> pd.DataFrame:
        """One row per filter: its name as index, 'dead' (0 or 1), the activation after 0, 1, ... steps."""
        table = pd.DataFrame(self.curves, pd.Index(names, name="filter"))
        table.insert(0, "dead", self.dead.astype(int))
        return table


def response_network(network: Any, layer_name: str) -> tuple[Any, bool]:
    """Faces -> a layer's responses before its ReLU, and whether there is a ReLU; nothing beyond is computed.

    Raises InputError when the network has no such layer.
    """
    import keras

    layer = find_layer(network, layer_name)
    if layer.activation is not keras.activations.linear:
        linear = type(layer).from_config(layer.get_config() | {"activation": "linear"})
        response = linear(layer.input)
        linear.set_weights(layer.get_weights())
        return keras.Model(network.input, response), layer.activation is keras.activations.relu
    # In a residual block the ReLU follows the sum.
    before_relu = (keras.layers.BatchNormalization, keras.layers.Add)
    following = only_reader(network, layer)
    while isinstance(following, before_relu):
        layer, following = following, only_reader(network, following)
    return keras.Model(network.input, layer.output), isinstance(following, keras.layers.ReLU)


def maximise_activation(
    network: Any,
    layer_name: str,
    preset: Preset,
    steps: int,
    seed: int,
    progress: Progress = silent,
) -> Ascent:
    """Ascend from the same noise at each of STARTS for every filter or unit of a layer.

    network: a keras.Model of (N, 48, 48) grey levels. layer_name: of a convolution or dense layer. Raises
    InputError when the network has no such layer.
    """
    responses, rectified = response_network(network, layer_name)
    step = _compiled_step(responses, rectified, preset)
    filters = np.arange(responses.output.shape[-1], dtype=np.int32)
    batches = np.split(filters, range(IMAGES_PER_BATCH, len(filters), IMAGES_PER_BATCH))
    generator = np.random.default_rng(seed)
    noise = generator.uniform(-NOISE, NOISE, (1, IMAGE_SIZE, IMAGE_SIZE)).astype(np.float32)
    shifts = generator.integers(-preset.jitter, preset.jitter, (steps, 2), np.int32, endpoint=True)
    left = np.linspace(1, 0, steps, endpoint=False, dtype=np.float32)
    size = min(DISTANCE / max(steps, 1), LONGEST_STEP)
    leaks, sizes = np.maximum(2 * left - 1, 0), size * np.clip(2 * left, LAST_STEP, 1)
    task, done, total = "ascending steps", 0, len(STARTS) * len(batches) * steps
    progress(task, done, total)
    # By start: the pictures and curves of all filters.
    ascents = []
    for level in STARTS:
        pictures, curves = [], []
        for batch in batches:
            images, activations = np.repeat(level + noise, len(batch), axis=0), []
            for shift, leak, size in zip(shifts, leaks, sizes, strict=True):
                images, activation = step(images, batch, shift, leak, size)
                activations.append(activation)
                done += 1
                progress(task, done, total)
            # One step more, whose picture is not used, measures the last picture.
            activations.append(step(images, batch, *_NO_STEP)[1])
            pictures.append(images)
            curves.append(np.stack(activations, axis=1))
        ascents.append((np.concatenate(pictures), np.concatenate(curves)))
    all_pictures, all_curves = (np.stack(each) for each in zip(*ascents, strict=True))
    best = all_curves[..., -1].argmax(axis=0), np.arange(len(filters))
    dead = np.logical_and(rectified, ~all_curves.any(axis=(0, 2)))
    return Ascent(all_pictures[best], all_curves[best], dead)


def filter_outputs(network: Any, layer_name: str, face: np.ndarray) -> np.ndarray:
    """The output of each filter of a convolution for one face, after batch normalisation, sum and ReLU.

    face: (48, 48) grey levels. Returns (F, height, width) float32. Raises InputError when the network has no
    such layer.
    """
    responses, rectified = response_network(network, layer_name)
    outputs = np.moveaxis(responses(face[np.newaxis], training=False).numpy()[0], -1, 0)
    return np.maximum(outputs, 0) if rectified else outputs


def first_kernels(layer: Any) -> np.ndarray | None:
    """(F, 3, 3) float32 kernels of a convolution that sees the face itself, None for any other layer."""
    kernel = layer.kernel.numpy()
    return np.moveaxis(kernel[:, :, 0], -1, 0) if kernel.ndim == 4 and kernel.shape[2] == 1 else None


def find_layer(network: Any, name: str | None) -> Any:
    """The convolution or dense layer of that name; InputError names all when none has it.

    name: None for the first convolution, or in a dense network the classes, its last layer.
    """
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    layers = {layer.name: layer for layer in network.layers if isinstance(layer, kinds)}
    if name is None:
        first = next(iter(layers.values()))
        return first if isinstance(first, keras.layers.Conv2D) else network.layers[-1]
    if name not in layers:
        raise InputError(
            f"layer {name}: not one of the network's filters; {network.name} has {', '.join(layers)}"
        )
    return layers[name]


def _compiled_step(responses: Any, rectified: bool, preset: Preset) -> Callable[..., tuple[Any, Any]]:
    """What makes a step: (B, 48, 48) images after it, and (B,) mean activations before it.

    Takes (B, 48, 48) images, (B,) filters, the (2,) shift, the ReLU's leak and the size of the step.
    """
    import tensorflow as tf

    # XLA gains nothing here and compiles for seconds.
    @tf.function
    def step(images: Any, filters: Any, shift: Any, leak: Any, size: Any) -> tuple[Any, Any]:
        images = tf.roll(images, shift, axis=(1, 2))
        with tf.GradientTape() as tape:
            tape.watch(images)
            maps = responses(images, training=False)
            maps = tf.reshape(maps, (tf.shape(maps)[0], -1, maps.shape[-1]))
            own = tf.einsum("bsf,bf->bs", maps, tf.one_hot(filters, maps.shape[-1]))
            activation = tf.reduce_mean(tf.nn.relu(own) if rectified else own, axis=1)
            is_off = rectified & (activation == 0)
            leaky = (
                activation + leak * tf.reduce_mean(tf.minimum(own, 0.0), axis=1) if rectified else activation
            )
            objective = tf.where(is_off, tf.reduce_max(own, axis=1), leaky)
        direction = tape.gradient(objective, images)
        if preset.fourier:
            direction = tf.signal.irfft2d(tf.signal.rfft2d(direction) * _fourier_scales())
        # Pixels that would leave the range take no part of the step from those that can move.
        is_stuck = tf.where(direction < 0, images <= 0, images >= LIGHTEST)
        direction = tf.where(is_stuck, 0.0, direction)
        length = tf.sqrt(tf.reduce_mean(tf.square(direction), axis=(1, 2), keepdims=True))
        direction = tf.math.divide_no_nan(direction, length)
        if preset.total_variation:
            direction -= preset.total_variation * _total_variation_gradient(images)
        images = tf.clip_by_value(images + size * direction, 0.0, LIGHTEST)
        return tf.roll(images, -shift, axis=(1, 2)), activation

    return step


def _fourier_scales() -> np.ndarray:
    """(48, 25) complex64: steepest ascent in scaled coefficients is the gradient times the scale's square."""
    frequencies = np.hypot(np.fft.fftfreq(IMAGE_SIZE)[:, np.newaxis], np.fft.rfftfreq(IMAGE_SIZE))
    return (1 / np.maximum(frequencies, 1 / IMAGE_SIZE)).astype(np.complex64)


def _total_variation_gradient(images: Any) -> Any:
    """The gradient of the sum of absolute differences between neighbours."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(images)
        variation = tf.image.total_variation(images[..., tf.newaxis])
    return tape.gradient(variation, images)
