"""The ranges of random augmentation; apart from the transform itself, which needs TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """Ranges, each uniform and symmetric about 'unchanged'.

    rotation: degrees. shift: share of the side. zoom: share of the size, closer and farther. flip: mirror
    half of the faces. erase: side in pixels of one square set to the face's own mean, 0 for none (DeVries &
    Taylor 2017).
    """

    rotation: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0
    flip: bool = False
    erase: int = 0
