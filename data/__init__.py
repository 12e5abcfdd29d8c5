"""FER2013 in every form it comes in: reading, splitting, and writing predictions, without TensorFlow.

This file is the one place that owns class names, image shape and split names.
"""

import os
import secrets
from pathlib import Path

CLASS_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
NUM_CLASSES = len(CLASS_NAMES)
IMAGE_SIZE = 48
NUM_PIXELS = IMAGE_SIZE * IMAGE_SIZE
USAGE_NAMES = ("Training", "PublicTest", "PrivateTest")


class InputError(Exception):
    """What a user did wrong: one line that names the file, the row and how to fix it.

    The scripts print it on stderr and end with exit code 2 (command_line.one_line_errors).
    """


def write_file(path: str | os.PathLike[str], content: bytes | memoryview | str) -> None:
    """Write a file whole or not at all: under a temporary name beside it, which is then renamed.

    Whatever makes a file makes its bytes first: libraries crash, or say nothing clear, on a full disk. Text
    is written as UTF-8. Missing folders are made. Raises OSError.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(4)}.tmp")
    try:
        # A file's name in a text may hold what is no character in any encoding.
        encoded = content.encode(errors="backslashreplace") if isinstance(content, str) else content
        temporary.write_bytes(encoded)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
