"""The presets of activation maximisation by name; apart from the ascent itself, which needs TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """How one step of the ascent is made.

    step_size: root mean square of a step, in grey levels. jitter: greatest random shift of the picture before
    each step, in pixels. total_variation: weight of the penalty's gradient against the activation's, whose
    root mean square is 1. fourier: steepest ascent in Fourier coefficients scaled by 1 / frequency, in which
    low frequencies move as easily as high ones.
    """

    step_size: float = 1.0
    jitter: int = 0
    total_variation: float = 0.0
    fourier: bool = False


PRESETS = {
    "plain": Preset(),
    "smooth": Preset(jitter=2, total_variation=0.1),
    "natural": Preset(jitter=2, total_variation=0.1, fourier=True),
}
