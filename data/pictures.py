"""One picture: read from a file of any kind, the faces in it, and what a network takes of each.

Faces are found by OpenCV's cascade for faces seen from the front. The boxes of FER2013's own faces came from
OpenCV, too, and were corrected by people where needed (Goodfellow et al., 2013, arXiv:1307.0414), so squares
that OpenCV finds are framed nearly as the networks expect. The cascade ships in OpenCV's wheel. How it was
chosen and what it misses: docs/results.md.
"""

import functools
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from data import IMAGE_SIZE, InputError
from data.progress import Progress

# What counts as a picture in a folder.
ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".gif", ".pgm")
# Squares up to this side are taken whole by default: data sets of cropped faces are common with 48
# (FER2013), 96 (a reduced AffectNet) and 100 pixels (RAF-DB as some resize it), and a cascade needs to see
# what is around a face.
SMALL_SQUARE = 100
CASCADE = "haarcascade_frontalface_alt.xml"
# Steps between the sizes that are tried; how many neighbouring hits make a face, and the least confidence of
# the cascade's last stage. With less, hands and textures are taken for faces.
SCALE_STEP, NEIGHBOURS, LEAST_CONFIDENCE = 1.1, 5, 107.0
# Of a larger picture, a copy of this size is searched; faces smaller than SMALLEST there are not looked for.
LONGEST_SIDE, SMALLEST = 1280, 24
# The side of FER2013's pictures as a multiple of the side of the square that the cascade finds in them.
FRAMING = 1.02
# Pictures without a face that a note names.
MOST_NAMED = 10
# Phones take photographs of 200 megapixels, at which Pillow suspects a bomb.
Image.MAX_IMAGE_PIXELS = None


class Square(NamedTuple):
    """A square part of a picture, in pixels from its upper left corner as a person sees it."""

    left: int
    top: int
    side: int


def read_grey(file: str | os.PathLike[str] | IO[bytes], name: str = "") -> Image.Image:
    """Read a picture of any size, grey or colour, as 8-bit grey levels, upright as its EXIF data says.

    Transparent parts become white; grey levels of 16 bits, 32 bits or floating point are scaled by their
    range. name: in messages, by default that of the file. Raises OSError when there is no such file, and
    InputError when it is not a picture.
    """
    return _read_picture(file, "L", name)


def read_colour(path: str | os.PathLike[str]) -> Image.Image:
    """The same in RGB."""
    return _read_picture(path, "RGB")


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


def png_bytes(image: np.ndarray) -> bytes:
    """A picture, (height, width) uint8, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def squares_of(grey: Image.Image, how: str | None) -> list[Square]:
    """The squares of a picture that are faces.

    how: 'find' looks for faces, from left to right; 'whole' takes the middle square of the picture; None does
    the latter for squares of at most 100 pixels.
    """
    is_small_square = grey.width == grey.height <= SMALL_SQUARE
    return [middle_square(grey)] if how == "whole" or (how is None and is_small_square) else find_faces(grey)


def largest_faces(
    pictures: Iterable[Any], names: Sequence[str], how: str | None, source: str
) -> tuple[np.ndarray, np.ndarray]:
    """The largest face of each of N pictures: (M, 48, 48) uint8, and (M,) the indices of those that have one.

    pictures: paths, open files, or Pillow's grey pictures. names: theirs; a note names those without a face.
    how: as for squares_of. source: their folder or file, for messages.
    Raises InputError, also when no picture has a face.
    """
    images, kept, without = [], [], []
    listed = Progress(zip(pictures, names, strict=True), "pictures", len(names))
    for index, (picture, name) in enumerate(listed):
        named = "" if isinstance(picture, Path) else f"{source}: {name}"
        grey = picture if isinstance(picture, Image.Image) else read_grey(picture, named)
        squares = squares_of(grey, how)
        if squares:
            images.append(shrink(grey, max(squares, key=lambda square: square.side)))
            kept.append(index)
        else:
            without.append(name)
    if without:
        listing = ", ".join(without[:MOST_NAMED]) + (", ..." if len(without) > MOST_NAMED else "")
        problem = f"no face found in {len(without):,} of {len(names):,} pictures"
        way_out = "--faces whole takes each picture as one face"
        if not kept:
            raise InputError(f"{source}: {problem}; {way_out}")
        print(f"note: {source}: {problem}, which are left out ({way_out}): {listing}", flush=True)
    return np.array(images, np.uint8), np.array(kept)


def find_faces(grey: Image.Image) -> list[Square]:
    """The faces of a grey picture, from left to right; empty where there are none."""
    scale = min(1.0, LONGEST_SIDE / max(grey.size))
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    small = grey.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    boxes, _, confidences = _cascade().detectMultiScale3(
        # The cascade misses dark and flat faces.
        np.asarray(ImageOps.autocontrast(small, cutoff=0.5)),
        scaleFactor=SCALE_STEP,
        minNeighbors=NEIGHBOURS,
        minSize=(SMALLEST, SMALLEST),
        outputRejectLevels=True,
    )
    found = []
    for box, confidence in zip(boxes, np.ravel(confidences), strict=True):
        if confidence >= LEAST_CONFIDENCE:
            left, top, side = (float(length) / scale for length in box[:3])
            framed = min(round(side * FRAMING), *grey.size)
            # The same centre, but within the picture.
            left, top = (round(start + (side - framed) / 2) for start in (left, top))
            left, top = max(0, min(left, grey.width - framed)), max(0, min(top, grey.height - framed))
            found.append(Square(left, top, framed))
    return sorted(found)


@functools.cache
def _cascade() -> Any:
    import cv2  # here, because scripts that look for no faces should not wait for it

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))


def _read_picture(file: str | os.PathLike[str] | IO[bytes], mode: str, name: str = "") -> Image.Image:
    opened = Path(file).open("rb") if isinstance(file, (str, os.PathLike)) else file
    with opened:
        try:
            picture: Image.Image = Image.open(opened)
            # Phones store a photograph as the sensor saw it, and which way is up beside it.
            ImageOps.exif_transpose(picture, in_place=True)
            picture = _with_eight_bits(picture)
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return picture.convert(mode)
        except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them to
            reason = str(error).partition(" <")[0]  # Pillow shows the open file there
            raise InputError(f"{name or file}: is no readable picture ({reason}); save it as PNG") from None


def _with_eight_bits(picture: Image.Image) -> Image.Image:
    """The same picture with 8 bits per grey level; Pillow itself would cut off what is above 255."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    return Image.fromarray(eight_bits(np.asarray(picture)))


def eight_bits(levels: np.ndarray) -> np.ndarray:
    """Grey levels of an unknown range as uint8: of 1, 8, 12 or 16 bits, the first that holds them."""
    low, high = min(float(levels.min()), 0.0), float(levels.max())
    # Pictures of levels up to 1 that were resized go a little over it.
    high = 1.0 if high < 2 else next((top for top in (255.0, 4095.0, 65535.0) if high <= top), high)
    return np.rint((levels - np.float64(low)) / (high - low) * 255).clip(0, 255).astype(np.uint8)
