"""Reading ordinary pictures of a face in the form that the networks take."""

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from data.dataset import IMAGE_SIZE
from data.errors import InputError


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture of any size, grey or colour: (48, 48) uint8, the middle square, scaled down.

    FER2013's faces fill their picture, so crop to the face first: nothing here looks for one. Transparent
    parts become white. Raises InputError when the file is not a picture.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name the pictures in it")
    try:
        with Image.open(path) as picture:
            # Phones store a photograph as the sensor saw it, and separately which way is up.
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path}: is not a picture that can be read ({error}); save it as PNG or JPEG"
        ) from None
    white = Image.new("RGBA", upright.size, "white")
    grey = Image.alpha_composite(white, upright).convert("L")
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    # Cropped before it is scaled, so that what is cut off does not bleed into the border.
    square = grey.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))
