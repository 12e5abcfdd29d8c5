"""How much test-time views gain: PublicTest accuracy and log-loss of several sets of views.

    python benchmarks/views.py --data data/fer2013.csv --weights compact

Every set but the face alone holds each of its views twice, as it is and mirrored. All faces count, also those
that the network has seen in training.
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from command_line.errors import one_line_errors  # noqa: E402

import argparse  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from command_line.arguments import Parser  # noqa: E402
from command_line.progress import progress_bars  # noqa: E402
from data.cache import read_cached  # noqa: E402
from data.dataset import IMAGE_SIZE  # noqa: E402
from data.locate import locate_data  # noqa: E402
from models.keras_setup import set_up_tensorflow  # noqa: E402
from models.locate import DEFAULT, HELP, find_all  # noqa: E402
from models.prediction import predict_probabilities  # noqa: E402
from models.progress import Progress, silent  # noqa: E402
from models.weights_file import load_network  # noqa: E402

# The arguments of moved_view: part of the face's side, and pixels to the right and down.
View = tuple[float, float, float]
WHOLE: View = (1, 0, 0)


def corners(size: float, pixels: float) -> list[View]:
    """Four views whose centres are moved to the corners of a square."""
    return [(size, x, y) for x in (-pixels, pixels) for y in (-pixels, pixels)]


# All of them with their mirror images.
SETS: dict[str, list[View]] = {
    "the face and its mirror image (--tta)": [WHOLE],
    "as it is and 5 % closer": [WHOLE, (0.95, 0, 0)],
    "as it is and 10 % closer": [WHOLE, (0.9, 0, 0)],
    "as it is, 5 and 10 % closer": [WHOLE, (0.95, 0, 0), (0.9, 0, 0)],
    "as it is and moved by 1 pixel to each corner": [WHOLE, *corners(1, 1)],
    "as it is and moved by 2 pixels to each corner": [WHOLE, *corners(1, 2)],
    "ten crops: centre and corners of 44 pixels": [(44 / 48, 0, 0), *corners(44 / 48, 2)],
    "as it is, 5 % closer, and that moved to each corner": [WHOLE, (0.95, 0, 0), *corners(0.95, 1)],
}


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Measure with the options in `argv`, and print."""
    arguments = parse_args(argv)
    data = locate_data(arguments.data, "measure")
    weights = find_all(arguments.weights)
    faces = read_cached(data)
    public = faces.select(faces.rows_with_usage("PublicTest"))
    labels = public.require_labels()
    set_up_tensorflow()
    networks = [load_network(each) for each in weights]
    predicted = predict_views(networks, np.asarray(public.images), progress_bars())
    width = max(map(len, SETS))
    print(f"{'':<{width}}   views  accuracy  log-loss   ({len(labels):,} faces)")
    means = {"the face": [predicted[WHOLE, False]]}
    for name, views in SETS.items():
        means[name] = [predicted[view, mirrored] for view in views for mirrored in (False, True)]
    for name, chosen in means.items():
        mean = np.mean(chosen, axis=0)
        accuracy = (mean.argmax(axis=1) == labels).mean()
        loss = -np.log(mean[np.arange(len(labels)), labels]).mean()
        print(f"{name:<{width}}  {len(chosen):6}  {accuracy:8.4f}  {loss:8.4f}")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this benchmark."""
    parser = Parser(__doc__)
    parser.add_argument("--data", metavar="DATA", help="FER data with PublicTest")
    parser.add_argument(
        "--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged"
    )
    return parser.parse_args(argv)


def predict_views(
    networks: Sequence[Any], faces: np.ndarray, progress: Progress = silent
) -> dict[tuple[View, bool], np.ndarray]:
    """(N, 7) probabilities of (N, 48, 48) faces by each view in SETS, as it is and mirrored (True)."""
    views = sorted({view for views in SETS.values() for view in views}, reverse=True)
    predicted = {}
    for number, view in enumerate(views):
        progress("predicting views", number, len(views))
        moved = faces if view == WHOLE else moved_view(faces, *view)
        for mirrored in (False, True):
            predicted[view, mirrored] = predict_probabilities(
                networks, moved[:, :, ::-1] if mirrored else moved
            )
    progress("predicting views", len(views), len(views))
    return predicted


def moved_view(faces: np.ndarray, size: float, right: float = 0.0, down: float = 0.0) -> np.ndarray:
    """(N, 48, 48) grey levels -> a square part of each face, enlarged to (N, 48, 48) (bilinear).

    size: the part's side as a share of the face's. right, down: by how many pixels its centre is moved. What
    lies outside the face is filled with the nearest pixel.
    """
    import keras

    # Maps a pixel of the result to one of the face.
    edge = (1 - size) * (IMAGE_SIZE - 1) / 2
    transform = np.array([size, 0, edge + right, 0, size, edge + down, 0, 0], np.float32)
    moved = keras.ops.image.affine_transform(
        faces[..., np.newaxis].astype(np.float32),
        # One per face, because Keras's JAX backend does not take one for all.
        np.broadcast_to(transform, (len(faces), 8)),
        interpolation="bilinear",
        fill_mode="nearest",
        data_format="channels_last",
    )
    return keras.ops.convert_to_numpy(moved)[..., 0]


if __name__ == "__main__":
    main()
