"""Ordinary pictures, and squares of them as the networks take them."""

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from data.dataset import IMAGE_SIZE
from data.errors import InputError
from data.files import require_file

# Phones take photographs of 200 megapixels; anything larger is more likely meant to fill the memory.
MOST_PIXELS = 250_000_000


class Square(NamedTuple):
    """A square part of a picture, in pixels from its upper left corner as a person sees it."""

    left: int
    top: int
    side: int


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture of one face: (48, 48) uint8 of its middle square. Raises InputError as read_grey does.

    FER2013's faces fill their picture, and nothing here looks for one; photographs/ does.
    """
    grey = read_grey(path)
    return shrink(grey, middle_square(grey))


def read_grey(path: str | os.PathLike[str]) -> Image.Image:
    """Read a picture of any size, grey or colour, as 8-bit grey levels, upright as its EXIF data says.

    Transparent parts become white; grey levels of 16 bits, 32 bits or floating point are scaled by their
    range. Raises InputError when the file is not a picture.
    """
    return _read(Path(path), "L")


def read_colour(path: str | os.PathLike[str]) -> Image.Image:
    """The same in RGB."""
    return _read(Path(path), "RGB")


def middle_square(picture: Image.Image) -> Square:
    """The largest square in the middle of a picture."""
    side = min(picture.size)
    return Square((picture.width - side) // 2, (picture.height - side) // 2, side)


def shrink(grey: Image.Image, square: Square) -> np.ndarray:
    """A square of a grey picture as a network takes it: (48, 48) uint8."""
    left, top, side = square
    # Cropped before it is scaled, so that what is cut off does not bleed into the border.
    cropped = grey.crop((left, top, left + side, top + side))
    # The gap lets a large photograph be shrunk in two steps, the first one fast.
    size = (IMAGE_SIZE, IMAGE_SIZE)
    return np.asarray(cropped.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _read(path: Path, mode: str) -> Image.Image:
    require_file(path, "the pictures")
    try:
        Image.MAX_IMAGE_PIXELS = MOST_PIXELS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damage, and of levels that are no numbers
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                # Phones store a photograph as the sensor saw it, and which way is up beside it.
                return _opaque(_with_eight_bits(ImageOps.exif_transpose(picture))).convert(mode)
    except MemoryError:
        raise InputError(f"{path}: is too large for this machine's memory; save it smaller") from None
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them to
        raise InputError(
            f"{path}: is not a picture that can be read ({error}); save it as PNG or JPEG"
        ) from None


def _opaque(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    coloured = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured)


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
