"""Finding faces in a photograph with OpenCV's cascade for faces seen from the front.

The boxes of FER2013's own faces came from OpenCV, too, and were corrected by people where needed (Goodfellow
et al., 2013, arXiv:1307.0414), so squares that OpenCV finds are framed nearly as the networks expect. The
cascade ships in OpenCV's wheel. How it was chosen and what it misses: docs/results.md.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.pictures import Square

CASCADE = "haarcascade_frontalface_alt.xml"
# Steps between the sizes that are tried; how many neighbouring hits make a face, and the least confidence of
# the cascade's last stage. With less, hands and textures are taken for faces.
SCALE_STEP, NEIGHBOURS, LEAST_CONFIDENCE = 1.1, 5, 107.0
# Of a larger picture, a copy of this size is searched; faces smaller than SMALLEST there are not looked for.
LONGEST_SIDE, SMALLEST = 1280, 24
# The side of FER2013's pictures as a multiple of the side of the square that the cascade finds in them;
# benchmarks/face_framing.py measures it.
FRAMING = 1.02


def find_faces(grey: Image.Image, framing: float = FRAMING) -> list[Square]:
    """The faces of a grey picture, from left to right; empty where there are none.

    framing: the sides of the squares as a multiple of those that the cascade finds.
    """
    scale = min(1.0, LONGEST_SIDE / max(grey.size))
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    searched = np.asarray(grey.resize(size, Image.Resampling.BOX, reducing_gap=2.0))
    boxes, _, confidences = _cascade().detectMultiScale3(
        searched,
        scaleFactor=SCALE_STEP,
        minNeighbors=NEIGHBOURS,
        minSize=(SMALLEST, SMALLEST),
        outputRejectLevels=True,
    )
    return sorted(
        _framed(*(float(length) / scale for length in box[:3]), framing=framing, picture=grey)
        for box, confidence in zip(boxes, np.ravel(confidences), strict=True)
        if confidence >= LEAST_CONFIDENCE
    )


def _framed(left: float, top: float, side: float, *, framing: float, picture: Image.Image) -> Square:
    """The square with the same centre and `framing` times the side, moved into the picture."""
    framed = min(round(side * framing), *picture.size)
    edge = (side - framed) / 2
    return Square(
        min(max(0, round(left + edge)), picture.width - framed),
        min(max(0, round(top + edge)), picture.height - framed),
        framed,
    )


@functools.cache
def _cascade() -> Any:
    import cv2  # here, because scripts that look for no faces should not wait for it

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
