"""How large the square around a found face should be, judged by predictions for the crops and the faces.

    python benchmarks/face_framing.py                             # drawn faces
    python benchmarks/face_framing.py --data data/icml_face_data.csv

Pastes enlarged faces onto softly shaded backgrounds, finds them, crops them with several framings, and prints
the share found, how the found squares lie on the faces, and for each framing how often the crop is predicted
as the face itself is. With --data, the faces are Training faces of the CSV.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.cache import read_cached
from data.pictures import Square, shrink
from drawing.faces import draw_faces
from models.keras_setup import set_up_tensorflow
from models.locate import DEFAULT, find_all
from models.prediction import predict_probabilities
from models.weights_file import load_network
from photographs.finding import FRAMING, find_faces

SIDE, CANVAS = 144, 400
FRAMINGS = (0.9, 0.95, 1.0, 1.02, 1.04, 1.06, 1.1, 1.15, 1.2, 1.3)


def paste(face: np.ndarray, generator: np.random.Generator) -> tuple[Image.Image, Square]:
    """A canvas of soft shades with a face of SIDE pixels at a random place, and the face's square."""
    shades = generator.integers(60, 200, (6, 6), np.uint8)
    canvas = Image.fromarray(shades).resize((CANVAS, CANVAS), Image.Resampling.BICUBIC)
    left, top = generator.integers(0, CANVAS - SIDE, 2).tolist()
    canvas.paste(Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.BICUBIC), (left, top))
    return canvas, Square(left, top, SIDE)


def offset(found: Square, true: Square) -> np.ndarray:
    """A found square in units of the true one's side: its centre's shift right and down, and its side."""
    half = (found.side - true.side) / 2
    return np.array([found.left - true.left + half, found.top - true.top + half, found.side]) / true.side


def mean_and_interval(values: np.ndarray) -> str:
    """The mean of (N,) values of faces, and the middle 95 % of the means of 10,000 bootstrap samples."""
    samples = np.random.default_rng(0).integers(0, len(values), (10_000, len(values)))
    low, high = np.quantile(values[samples].mean(axis=1), (0.025, 0.975))
    return f"{values.mean():+.4f} ({low:+.4f} to {high:+.4f})"


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="CSV", help="measure on its Training rows in place of drawn faces")
    parser.add_argument("--faces", type=int, default=210, metavar="N", help="number of faces (default: 210)")
    arguments = parser.parse_args()
    if arguments.data:
        dataset = read_cached(arguments.data)
        rows = np.arange(len(dataset)) if dataset.usage is None else dataset.rows_with_usage("Training")
        faces = dataset.images[rows[: arguments.faces]]
    else:
        faces = draw_faces(arguments.faces, seed=1).images
    generator = np.random.default_rng(1)
    pasted = [paste(face, generator) for face in faces]
    crops: dict[float, list[np.ndarray]] = {framing: [] for framing in FRAMINGS}
    known, offsets, false_finds = [], [], 0
    for index, (canvas, true) in enumerate(pasted):
        near = [abs(offset(found, true) - [0, 0, 1]).max() < 0.4 for found in find_faces(canvas, 1.0)]
        false_finds += len(near) - any(near)
        if any(near):
            known.append(index)
            framed = {framing: find_faces(canvas, framing)[near.index(True)] for framing in FRAMINGS}
            offsets.append(offset(framed[1.0], true))
            for framing, square in framed.items():
                crops[framing].append(shrink(canvas, square))
    right, down, side = np.median(offsets, axis=0)
    found = f"found {len(known)} of {len(faces)} faces ({len(known) / len(faces):.1%})"
    print(f"{found}, and {false_finds} false ones")
    print(
        f"median: {right:+.3f} right and {down:+.3f} down of the face's centre, side {side:.3f} of the face's"
    )
    set_up_tensorflow()
    networks = [load_network(each) for each in find_all([DEFAULT])]
    itself = predict_probabilities(networks, faces[known])
    same, distances = {}, {}
    for framing, cropped in crops.items():
        probabilities = predict_probabilities(networks, np.array(cropped))
        same[framing] = (probabilities.argmax(1) == itself.argmax(1)).astype(float)
        distances[framing] = np.abs(probabilities - itself).mean(axis=1)
    print("framing  same class  mean difference of probabilities  both, minus those of the suite's framing")
    for framing in FRAMINGS:
        ours = [mean_and_interval(each[framing] - each[FRAMING]) for each in (same, distances)]
        means = f"{same[framing].mean():10.3f}  {distances[framing].mean():.4f}"
        print(f"{framing:7.2f}  {means}  {'  '.join(ours)}")


if __name__ == "__main__":
    main()
