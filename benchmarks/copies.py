"""How many copies of a face the perceptual hash finds, and how many different faces it takes for copies.

    python benchmarks/copies.py --data data/fer2013.csv

Copies: all faces, recompressed as JPEG of several qualities, or with each grey level changed by up to one.
Different faces: those of PublicTest that have no exact copy in Training, against all of Training. Some
photographs occur in FER2013 several times, scaled, cropped or watermarked differently. So two faces that the
hash takes for copies count as one photograph if they correlate by SAME_PHOTOGRAPH or more after the best
shift of up to three pixels. --figure draws all of them for inspection.
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from command_line.errors import one_line_errors  # noqa: E402

import argparse  # noqa: E402
import io  # noqa: E402
from collections.abc import Sequence  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from command_line.arguments import Parser  # noqa: E402
from command_line.outputs import check_outputs  # noqa: E402
from data.cache import read_cached  # noqa: E402
from data.copies import MOST_BITS, find_copies, group_copies, perceptual_hashes  # noqa: E402
from data.locate import locate_data  # noqa: E402
from data.splits import image_hashes  # noqa: E402

QUALITIES = (75, 80, 85, 90, 95)
SAME_PHOTOGRAPH = 0.9
MOST_SHIFT = 3


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this benchmark."""
    parser = Parser(__doc__)
    parser.add_argument("--data", metavar="DATA", help="FER data with Training and PublicTest")
    parser.add_argument("--figure", metavar="FILE", help="draw PublicTest faces and their copies (.png)")
    return parser.parse_args(argv)


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure with the options in `argv`, and print."""
    arguments = parse_args(argv)
    data = locate_data(arguments.data, "measure")
    figure, *_ = [*check_outputs([arguments.figure] if arguments.figure else [], (".png",), [data]), None]
    faces = read_cached(data)
    measure_copies(np.asarray(faces.images))
    training, public = (
        np.asarray(faces.images[faces.rows_with_usage(name)]) for name in ("Training", "PublicTest")
    )
    measure_different_faces(public, training, figure)


def measure_copies(images: np.ndarray) -> None:
    """Print which share of altered images, (N, 48, 48) uint8, is found to be a copy of the original."""
    noise = np.random.default_rng(1).integers(-1, 2, images.shape)
    altered = {f"JPEG, quality {quality}": as_jpeg(images, quality) for quality in QUALITIES}
    altered["each grey level changed by -1, 0 or 1"] = np.clip(images + noise, 0, 255).astype(np.uint8)
    hashes = perceptual_hashes(images)
    print(f"copies of {len(images):,} faces found, as up to {MOST_BITS} bits differ:")
    for name, copies in altered.items():
        bits = np.bitwise_count(hashes ^ perceptual_hashes(copies)).sum(axis=1)
        exact = (image_hashes(copies) == image_hashes(images)).mean()
        print(f"  {name:<40}{(bits <= MOST_BITS).mean():9.4%}   by the exact hash {exact:.4%}")


def measure_different_faces(public: np.ndarray, training: np.ndarray, figure: Path | None) -> None:
    """Print how many of (N, 48, 48) `public` faces without an exact copy in `training` count as copies."""
    public = public[~np.isin(image_hashes(public), image_hashes(training))]
    hashes = perceptual_hashes(training)
    found = public[find_copies(perceptual_hashes(public), hashes)]
    pairs = []
    for face, face_hash in zip(found, perceptual_hashes(found), strict=True):
        nearest = training[np.bitwise_count(hashes ^ face_hash).sum(axis=1).argmin()]
        pairs.append((correlation(face, nearest), face, nearest))
    pairs.sort(key=lambda pair: pair[0])
    different = sum(pair[0] < SAME_PHOTOGRAPH for pair in pairs)
    print(f"of {len(public):,} PublicTest faces without an exact copy in Training:")
    print(f"  copies of a photograph in Training: {len(pairs) - different}")
    print(f"  different faces taken for copies: {different} ({different / len(public):.4%})")
    exact = image_hashes(training)
    for name, groups in (("exact", exact), ("perceptual", group_copies(hashes, exact))):
        counts = np.unique(groups, return_counts=True)[1]
        print(
            f"Training faces in a group of copies by the {name} hash: {counts[counts > 1].sum():,}, the "
            f"largest {counts.max()}"
        )
    if figure and pairs:
        Image.fromarray(np.vstack([np.hstack(pair[1:]) for pair in pairs])).save(figure)
        print(f"wrote {figure}: the least alike first")


def as_jpeg(images: np.ndarray, quality: int) -> np.ndarray:
    """(N, 48, 48) uint8 -> the same after they were stored as JPEGs."""
    copies = np.empty_like(images)
    for index, image in enumerate(images):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=quality)
        copies[index] = np.asarray(Image.open(buffer))
    return copies


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """The highest correlation of two (48, 48) images without their borders, over shifts of a few pixels."""
    middle = slice(MOST_SHIFT, -MOST_SHIFT)
    shifts = range(-MOST_SHIFT, MOST_SHIFT + 1)
    shifted = [
        np.roll(second, (rows, columns), (0, 1))[middle, middle] for rows in shifts for columns in shifts
    ]
    return max(np.corrcoef(first[middle, middle].ravel(), each.ravel())[0, 1] for each in shifted)


if __name__ == "__main__":
    main()
