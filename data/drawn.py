"""Drawn faces of the seven expressions: a data set without photographs, free to share, for trying things out.

A face is an expression at a random strength, over a random identity, pose, light and noise. Its right half is
drawn with OpenCV at four times the size, mirrored, turned and shrunk.
"""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd

from data import IMAGE_SIZE, NUM_CLASSES, NUM_PIXELS, USAGE_NAMES, write_file
from data.faces import Faces
from data.progress import Progress

# Measure: the range that a face's value is drawn from, uniformly. Lengths are in pixels of a face of scale 1,
# whose origin is between the cheeks, u to the right and v down; brightness is from 0 to 255.
TRAITS: dict[str, tuple[float, float]] = {"skin": (115, 230), "face_width": (16.5, 20), "chin": (20.5, 23.5)}
TRAITS |= {"hair": (12, 130), "hair_length": (-12, 32), "hairline": (-22, -16.5)}
TRAITS |= {"eye_spacing": (7.8, 9.2), "lid_above": (1.7, 2.3), "brow_thickness": (0.6, 1.3)}
TRAITS |= {"nose_length": (4.5, 6.5), "mouth_level": (11.8, 13.2), "mouth_width": (5.8, 7.4), "lips": (1, 2)}
TRAITS |= {"scale": (0.92, 1.15), "right": (-2.5, 2.5), "down": (-2.5, 2.5), "roll": (-0.17, 0.17)}
TRAITS |= {"yaw": (-3, 3), "light": (-0.35, 0.35), "background": (20, 235), "noise": (1, 7)}
# What each expression, in the order of CLASS_NAMES, adds to a measure at full strength, and the action units
# that do it. Source: Ekman and Friesen, Facial Action Coding System (1978) and EMFACS prototypes (1983).
EXPRESSIONS = {
    "inner_brow": (-2.8, -1.6, 3.2, 0, 3.2, 3.6, 0),  # 1 inner brow raiser, 4 brow lowerer
    "outer_brow": (0, -0.3, 1.4, 0, -0.8, 3.0, 0),  # 2 outer brow raiser
    "lid_above": (-0.1, -0.6, 1.9, -0.6, -0.5, 1.8, 0),  # 5 upper lid raiser, 6 cheek raiser
    "lid_below": (-0.5, -0.4, 0.3, -0.7, 0, 0.4, 0),  # 6 cheek raiser, 7 lid tightener
    "wrinkles": (0, 1, 0, 0, 0, 0, 0),  # 9 nose wrinkler
    "fold": (0, 0.8, 0, 0.9, 0, 0, 0),  # 6 cheek raiser, 10 upper lip raiser, 12 lip corner puller
    "corners": (-0.5, -1.8, -2.2, 4.4, -3.8, 0, 0),  # 12 lip corner puller, 15 lip corner depressor
    "middle": (0.2, 1.5, 0, 0, 0.6, 0, 0),  # 10 upper lip raiser, 17 chin raiser
    "mouth_width": (-0.6, -0.5, 1.0, 2.6, -0.4, -2.2, 0),  # 12, 20 lip stretcher, 26 jaw drop
    "lips": (-0.9, 0.2, 0, -0.2, 0, 0, 0),  # 23 lip tightener, 24 lip pressor
    "gape": (0, 0, 6, 3.2, 0, 11, 0),  # 25 lips part, 26 jaw drop
}
EYES, EYE_WIDTH = -5.0, 4.3
# The drawn picture is this many times as large, and its points have this many binary places.
ZOOM, PLACES = 4, 4
# The level at which a layer of shade changes nothing.
UNSHADED = 200

# The columns of each file that write_csvs writes.
CSV_FILES = {
    "train.csv": "label,feature",
    "test.csv": "id,feature",
    "test_labels.csv": "id,label",
    "fer2013.csv": "emotion,pixels,Usage",
    "icml_face_data.csv": "emotion, Usage, pixels",
}


def draw_faces(count: int, seed: int, variety: float = 1.0) -> Faces:
    """Draw `count` faces, the seven classes equally often (give or take one) in a shuffled order.

    Face i depends on (seed, i, variety) alone: the first faces of a larger draw are those of a smaller one.
    variety: 0..1, how much of each trait's range is used, about its middle; expressions vary all the same.
    """
    blocks = np.tile(np.arange(NUM_CLASSES), (-(-count // NUM_CLASSES), 1))
    labels = np.random.default_rng(seed).permuted(blocks, axis=1).reshape(-1)[:count]
    images = np.empty((count, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for i in Progress(range(count), "drawing faces"):
        images[i] = _draw_face(labels[i], np.random.default_rng([seed, i]), variety)
    return Faces(images, labels, source="drawn faces")


def write_csvs(folder: Path, train: int, test: int, seed: int, variety: float = 1.0) -> None:
    """Draw train + test faces, no face in both, and write them as CSVs of every form that FER2013 comes in.

    train.csv has the train faces, fer2013.csv and icml_face_data.csv have all, the others of CSV_FILES have
    the test faces, whose first half is PublicTest and whose second is PrivateTest. Raises OSError.
    """
    faces = draw_faces(train + test, seed, variety)
    pixels = [" ".join(map(str, face)) for face in faces.images.reshape(-1, NUM_PIXELS).tolist()]
    ids, labels = np.arange(-train, test), faces.require_labels()
    table = pd.DataFrame({"id": ids, "label": labels, "emotion": labels, "feature": pixels, "pixels": pixels})
    table["Usage"] = np.repeat(USAGE_NAMES, [train, test // 2, test - test // 2])
    for name, header in CSV_FILES.items():
        rows = table[:train] if name == "train.csv" else table if "Usage" in header else table[train:]
        rows = rows[header.replace(" ", "").split(",")]
        write_file(folder / name, rows.to_csv(index=False, header=header.split(","), lineterminator="\n"))


def _draw_face(label: int, generator: np.random.Generator, variety: float) -> np.ndarray:
    """(48, 48) uint8, a random face of this class."""
    low, high = np.array(list(TRAITS.values())).T
    values = low + (high - low) * (0.5 + variety * (generator.random(len(TRAITS)) - 0.5))
    measures = dict.fromkeys(EXPRESSIONS, 0.0) | dict(zip(TRAITS, values.tolist(), strict=True))
    strengths = generator.uniform(0.7, 1) * generator.uniform(0.7, 1, len(EXPRESSIONS))
    for strength, (name, changes) in zip(strengths.tolist(), EXPRESSIONS.items(), strict=True):
        measures[name] += strength * changes[label]
    face = SimpleNamespace(**measures)
    picture = _layer(face.background)
    for paint in (_paint_head, _paint_lines, _paint_shades, _paint_eyes_and_brows, _paint_mouth):
        paint(picture, face)
    picture = cv2.resize(_posed(picture, face), (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    lit = cv2.GaussianBlur(picture, (0, 0), 0.45) * np.linspace(1 - face.light, 1 + face.light, IMAGE_SIZE)
    return np.clip(lit + face.noise * generator.standard_normal(lit.shape), 0, 255).astype(np.uint8)


def _paint_head(picture: np.ndarray, face: SimpleNamespace) -> None:
    _fill(picture, 0.6 * face.skin, *_oval(0, 24, 0.65 * face.face_width, 20))
    _fill(picture, 0.8 * face.skin, *_oval(face.face_width, -1, 2, 4.2))
    u, v = _oval(0, -3, face.face_width + 2.5, 20.5)
    _fill(picture, face.hair, u, np.where(v > -3, max(face.hair_length, -3), v))
    u, v = _outline(face)
    _fill(picture, face.skin, u, np.maximum(v, face.hairline + 0.01 * u**2))


def _paint_lines(picture: np.ndarray, face: SimpleNamespace) -> None:
    """The lines of the skin, each how much darker it is and its points: nose, folds and furrows."""
    base, half, eye = face.nose_length - face.wrinkles, 3.4 + 0.6 * face.wrinkles, face.eye_spacing
    corner, side = face.mouth_level - 0.65 * face.corners, face.mouth_width + 1.5
    for shade, *points in (
        (0.15, (2.6, EYES - 3), (1.5, EYES), (1.5, EYES + 3), (half - 0.8, base - 2)),
        (0.4, (half - 0.5, base - 2), (half, base - 1), (half - 0.2, base), (half - 1, base + 0.3)),
        (0.6, (0.4 * half, base + 0.2), (0.6 * half, base + 0.2)),
        (0.5 * face.fold, (half + 0.8, base - 1), (half + 2.5, base + 2), (side, corner + 1)),
        (0.2 * max(-face.inner_brow, 0), (1.4, EYES - 7), (1.5, EYES - 2.5)),
        (0.5 * face.wrinkles, (0, EYES + 1), (2, EYES + 1.2), (3.6, EYES + 2.4)),
        (0.5 * face.wrinkles, (0, EYES + 3), (2, EYES + 3.2), (3.6, EYES + 4.4)),
        (0.1 + 0.25 * face.fold, (eye - 4, -2.5), (eye, -1.5), (eye + 4, -2.5)),
    ):
        _line(picture, (1 - shade) * face.skin, 0.6, *np.array(points).T)


def _paint_shades(picture: np.ndarray, face: SimpleNamespace) -> None:
    """Soft shadow and light, each a brightness and a shape: round the head, sockets, cheeks, nose, chin."""
    layer, chin = _layer(UNSHADED), face.mouth_level + face.lips + 0.7 * face.gape + 1.8
    for level, u, v in (
        (0.72, *_outline(face, 1.03)),
        (1, *_outline(face, 0.82)),
        (0.82, *_oval(face.eye_spacing - 1, EYES - 1.5, EYE_WIDTH + 1.5, 3.6)),
        (1.04 + 0.16 * face.fold, *_oval(10.5, 4.5 - face.fold, 4.5, 3.2)),
        (1.12, *_oval(0, face.nose_length - 6, 1, 6.5)),
        (0.8, *_oval(0, face.nose_length + 1.2, 3.4, 1.2)),
        (0.8, *_oval(0, chin, 4, 0.9)),
    ):
        _fill(layer, level * UNSHADED, u, v)
    cv2.multiply(picture, cv2.stackBlur(layer, (27, 27)), picture, 1 / UNSHADED)


def _paint_eyes_and_brows(picture: np.ndarray, face: SimpleNamespace) -> None:
    t = np.linspace(-1, 1, 15)
    u, lens = face.eye_spacing + EYE_WIDTH * t, 1 - t**2
    above, below = EYES - max(face.lid_above, 0.5) * lens, EYES + (1.3 + face.lid_below) * lens
    eye = _layer(110 + 0.5 * face.skin)
    _fill(eye, 0.35 * face.skin, *_oval(face.eye_spacing, EYES - 0.2, 1.9, 1.9))
    _fill(eye, 8, *_oval(face.eye_spacing, EYES - 0.2, 0.9, 0.9))
    _fill_with(picture, eye, *_between(u, above, below))
    _line(picture, 0.2 * face.skin, 0.7, u, above)
    outer = (1 + t) / 2
    u = face.eye_spacing - 4.8 + 10.4 * outer
    v = -10.3 - 0.7 * lens - face.inner_brow * (1 - outer) ** 1.5 - face.outer_brow * outer
    thickness = face.brow_thickness * (1 - 0.7 * outer**2)
    _fill(picture, 0.35 * face.skin, *_between(u, v - thickness, v + thickness))


def _paint_mouth(picture: np.ndarray, face: SimpleNamespace) -> None:
    t = np.linspace(-1, 1, 29)
    u, curve, lip = face.mouth_width * t, np.sqrt(1 - t**2), max(face.lips, 0.4) * (1 - t**4)
    level = face.mouth_level - face.corners * (t**2 - 0.35) - face.middle * (1 - t**2)
    top, bottom = level - 0.25 * face.gape * curve, level + 0.75 * face.gape * curve
    _fill(picture, 0.68 * face.skin, *_between(u, top - 0.8 * lip, bottom + lip))
    mouth = _layer(0.12 * face.skin)
    _fill(mouth, 110 + 0.5 * face.skin, *_between(u, top, top + 1.4 * curve))
    _fill_with(picture, mouth, *_between(u, top, bottom))
    _line(picture, 0.35 * face.skin, 0.35, u, top)


def _posed(picture: np.ndarray, face: SimpleNamespace) -> np.ndarray:
    """Right half and mirror image, rolled and shifted; a turned head moves its middle more than its edge."""
    picture = np.hstack([picture[:, : len(picture) // 2 - 1 : -1], picture[:, len(picture) // 2 :]])
    axis = (np.arange(len(picture), dtype=np.float32) + 0.5) / ZOOM - IMAGE_SIZE / 2
    turn = complex(np.exp(-1j * face.roll) / face.scale)
    place = (axis - face.right + 1j * (axis[:, None] - face.down)) * turn
    place.real -= face.yaw * np.maximum(1 - (place.real**2 + place.imag**2) / 500, 0)
    x, y = ((each + IMAGE_SIZE / 2) * ZOOM - 0.5 for each in (place.real, place.imag))
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _layer(level: float) -> np.ndarray:
    return np.full((ZOOM * IMAGE_SIZE, ZOOM * IMAGE_SIZE), level, np.uint8)


def _points(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    pixels = (np.array([u, v]).T + IMAGE_SIZE / 2) * ZOOM - 0.5
    return np.rint(pixels * 2**PLACES).astype(np.int32, order="C")


def _fill(picture: np.ndarray, level: float, u: np.ndarray, v: np.ndarray) -> None:
    cv2.fillPoly(picture, [_points(u, v)], level, cv2.LINE_AA, PLACES)


def _line(picture: np.ndarray, level: float, width: float, u: np.ndarray, v: np.ndarray) -> None:
    cv2.polylines(picture, [_points(u, v)], False, level, round(width * ZOOM), cv2.LINE_AA, PLACES)


def _fill_with(picture: np.ndarray, content: np.ndarray, u: np.ndarray, v: np.ndarray) -> None:
    mask = _layer(0)
    _fill(mask, 255, u, v)
    np.copyto(picture, content, where=mask > 127)


def _oval(u: float, v: float, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of an ellipse about (u, v) with these half axes."""
    angle = np.linspace(0, 2 * np.pi, 40)
    return u + width * np.cos(angle), v + height * np.sin(angle)


def _outline(face: SimpleNamespace, size: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The outline of the head, narrower at the chin."""
    u, v = _oval(0, 0, size * face.face_width, size * face.chin)
    return u * (1 - 0.12 * np.maximum(v / face.chin, 0) ** 2), v


def _between(u: np.ndarray, above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shape between two curves."""
    return np.append(u, u[::-1]), np.append(above, below[::-1])
