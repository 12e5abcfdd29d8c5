"""Ordinary pictures of a face as the networks take them."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from data.dataset import IMAGE_SIZE
from data.errors import InputError
from data.files import require_file

# Phones take photographs of 200 megapixels; what is larger is more likely meant to fill the memory.
MOST_PIXELS = 250_000_000


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture of any size, grey or colour: (48, 48) uint8, the middle square, scaled down.

    FER2013's faces fill their picture, so crop to the face first: nothing here looks for one. Transparent
    parts become white; grey levels of 16 bits, 32 bits or floating point are scaled by their range. Raises
    InputError when the file is not a picture.
    """
    path = Path(path)
    require_file(path, "the pictures")
    try:
        Image.MAX_IMAGE_PIXELS = MOST_PIXELS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damage, and of levels that are no numbers
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                # Phones store a photograph as the sensor saw it, and which way is up beside it.
                grey = _grey(_with_eight_bits(ImageOps.exif_transpose(picture)))
    except MemoryError:
        raise InputError(f"{path}: is too large for this machine's memory; save it smaller") from None
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them to
        raise InputError(
            f"{path}: is not a picture that can be read ({error}); save it as PNG or JPEG"
        ) from None
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    # Cropped before it is scaled, so that what is cut off does not bleed into the border.
    square = grey.crop((left, top, left + side, top + side))
    # The gap lets a large photograph be shrunk in two steps, the first one fast.
    size = (IMAGE_SIZE, IMAGE_SIZE)
    return np.asarray(square.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _grey(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("L")
    coloured = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured).convert("L")


def _with_eight_bits(picture: Image.Image) -> Image.Image:
    """The same picture with 8 bits per grey level; Pillow itself would cut off what is above 255."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    levels = np.asarray(picture, np.float64)
    if not np.isfinite(levels).all():
        raise ValueError("it has grey levels that are not finite")
    darkest, brightest = float(levels.min()), float(levels.max())
    if picture.mode.startswith("I;16"):
        lowest, highest = 0.0, 65535.0
    else:  # 32 bits and floating point have no usual range: the smallest of these that holds the picture
        ranges = [(0.0, 255.0), (0.0, 65535.0), (darkest, brightest)]
        if picture.mode == "F":
            ranges.insert(0, (0.0, 1.0))
        lowest, highest = next(each for each in ranges if each[0] <= darkest and brightest <= each[1])
    scaled = (levels - lowest) / ((highest - lowest) or 1.0) * 255
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
