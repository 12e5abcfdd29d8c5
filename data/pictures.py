"""Reading pictures of any kind, and FER2013 from folders of them, the form in which most people download it.

    train/angry/Training_3908.jpg          or the class folders themselves
    test/happy/PrivateTest_10131363.jpg    or the pictures themselves, which then have no labels

A folder's name says the class, in any case and by the usual synonyms: alphabetical folders are in another
order than FER2013's numbers. Split folders are train, validation (or val) and test. Hidden files and folders,
whose names start with a dot, Thumbs.db, desktop.ini and __MACOSX are the system's own and ignored. So is
whatever beside class or split folders holds no pictures, such as a README or a folder of code.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from data import CLASS_NAMES, IMAGE_SIZE, USAGE_NAMES, InputError
from data.faces import Faces

# What counts as a picture in a folder.
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".gif")
SYNONYMS = {"anger": "angry", "disgusted": "disgust", "fearful": "fear", "afraid": "fear", "scared": "fear"}
SYNONYMS |= {"happiness": "happy", "joy": "happy", "sadness": "sad", "surprised": "surprise"}
SYNONYMS |= {"neutrality": "neutral"}
CLASS_OF_FOLDER = {name: CLASS_NAMES.index(SYNONYMS.get(name, name)) for name in (*CLASS_NAMES, *SYNONYMS)}
# Validation faces take the place of FER2013's PublicTest, test faces that of its PrivateTest.
USAGE_OF_FOLDER = {"train": 0, "validation": 1, "val": 1, "test": 2}
SYSTEM_NAMES = ("thumbs.db", "desktop.ini", "__macosx")
# Phones take photographs of 200 megapixels, at which Pillow suspects a bomb.
Image.MAX_IMAGE_PIXELS = None


class Picture(NamedTuple):
    """A picture with indices into CLASS_NAMES and USAGE_NAMES where they are known."""

    path: Path
    label: int | None
    usage: int | None


class Square(NamedTuple):
    """A square part of a picture, in pixels from its upper left corner as a person sees it."""

    left: int
    top: int
    side: int


def read_folder(path: str | os.PathLike[str]) -> Faces:
    """Read all labelled pictures of a folder, or if none has a label, all pictures.

    So a test/ without class folders beside labelled ones is left out; to predict it, give test/ itself.
    In each split the classes are mixed evenly, in the order of the file names. Ids are the file names, or
    where two files share a name, the paths in the folder. FER2013's faces fill their picture, so of each its
    middle square is taken, and nothing here looks for a face.
    Raises OSError, and InputError, one line with the path, for a picture that is misplaced or broken.
    """
    folder = Path(path)
    pictures = _find_pictures(folder)
    labelled = [picture for picture in pictures if picture.label is not None]
    pictures = labelled or pictures
    if not pictures:
        raise InputError(f"{folder}: has no class folders, such as happy/, and no pictures; give another")
    paths = [picture.path for picture in pictures]
    # Threads would take longer: most of this is Python, of which one runs at a time.
    images = np.stack([_read_face(path) for path in tqdm(paths, "pictures", disable=None, leave=False)])
    ids = np.array([picture.path.name for picture in pictures])
    if len(np.unique(ids)) < len(ids):
        ids = np.array([picture.path.relative_to(folder).as_posix() for picture in pictures])
    usage = [picture.usage for picture in pictures]
    return Faces(
        images=images,
        labels=np.array([picture.label for picture in labelled], np.int64) if labelled else None,
        usage=None if None in usage else np.array(usage, np.uint8),
        ids=ids,
        source=str(path),
    )


def read_grey(path: str | os.PathLike[str]) -> Image.Image:
    """Read a picture of any size, grey or colour, as 8-bit grey levels, upright as its EXIF data says.

    Transparent parts become white; grey levels of 16 bits, 32 bits or floating point are scaled by their
    range. Raises OSError when there is no such file, and InputError when it is not a picture.
    """
    return _read_picture(Path(path), "L")


def read_colour(path: str | os.PathLike[str]) -> Image.Image:
    """The same in RGB."""
    return _read_picture(Path(path), "RGB")


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


def find_folders(folder: Path) -> dict[str, Path]:
    """The split and class folders in a folder, by their names in lower case."""
    known = USAGE_OF_FOLDER | CLASS_OF_FOLDER
    return {_key(each): each for each in _entries(folder) if each.is_dir() and _key(each) in known}


def _find_pictures(root: Path) -> list[Picture]:
    found = []
    for usage, folder in _known_folders(root, USAGE_OF_FOLDER):
        pictures = _pictures_in(folder)
        stated = [_stated_usage(path) for path, _ in pictures]
        if usage is None and set(stated) != {None}:
            usage = 0
        # FER2013's test/ holds PublicTest and PrivateTest faces; Training faces may be sorted into val/.
        found += [Picture(*each, name or usage) for each, name in zip(pictures, stated, strict=True)]
    return found


def _pictures_in(folder: Path) -> list[tuple[Path, int | None]]:
    """Those in the class folders of a folder, with the classes mixed evenly; without these, all its files."""
    places = []
    for label, each in _known_folders(folder, CLASS_OF_FOLDER):
        entries = _entries(each)
        files = [entry for entry in entries if entry.is_file()]
        if any(map(_is_picture, files)):
            _refuse_pictures(set(entries) - set(files))
            places += [((rank + 0.5) / len(files), label, file) for rank, file in enumerate(files)]
    return [(file, label) for _, label, file in sorted(places)]


def _known_folders(folder: Path, meanings: dict[str, int]) -> Sequence[tuple[int | None, Path]]:
    """The folders with such names in a folder, which may hold no picture beside them; without any, itself."""
    entries = _entries(folder)
    known = {each for each in entries if _key(each) in meanings and each.is_dir()}
    if not known:
        return [(None, folder)]
    _refuse_pictures(set(entries) - known)
    return sorted((meanings[_key(each)], each) for each in known)


def _refuse_pictures(paths: set[Path]) -> None:
    for path in sorted(paths):
        if any(_is_picture(each) for each in (path, *path.rglob("*"))):
            names = ", ".join([*USAGE_OF_FOLDER, *CLASS_NAMES])
            raise InputError(f"{path}: is or has pictures, but no class; move it into one of {names}")


def _stated_usage(path: Path) -> int | None:
    """2 of 'PrivateTest_10131363.jpg'; None where the name does not start with a Usage."""
    start, _, rest = path.name.partition("_")
    return USAGE_NAMES.index(start) if rest and start in USAGE_NAMES else None


def _read_face(path: Path) -> np.ndarray:
    grey = read_grey(path)
    return shrink(grey, middle_square(grey))


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, by name, without what is the system's own."""
    return sorted(
        each
        for each in folder.iterdir()
        if not each.name.startswith(".") and each.name.lower() not in SYSTEM_NAMES
    )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS


def _key(folder: Path) -> str:
    """A folder's name as the tables above have it."""
    return folder.name.strip().lower()


def _read_picture(path: Path, mode: str) -> Image.Image:
    with path.open("rb") as file:
        try:
            picture: Image.Image = Image.open(file)
            # Phones store a photograph as the sensor saw it, and which way is up beside it.
            ImageOps.exif_transpose(picture, in_place=True)
            picture = _with_eight_bits(picture)
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return picture.convert(mode)
        except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them to
            raise InputError(f"{path}: is no readable picture ({error}); save it as PNG") from None


def _with_eight_bits(picture: Image.Image) -> Image.Image:
    """The same picture with 8 bits per grey level; Pillow itself would cut off what is above 255."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    levels = np.asarray(picture, np.float64)
    low, high = min(float(levels.min()), 0.0), float(levels.max())
    # These have no usual range: the smallest of those of 1, 8, 12 and 16 bits that holds the picture.
    high = next((top for top in (1.0, 255.0, 4095.0, 65535.0) if high <= top), high)
    return Image.fromarray(np.rint((levels - low) / (high - low) * 255).astype(np.uint8))
