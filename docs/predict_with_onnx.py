"""Predict the faces in photographs by an exported network, with onnxruntime and without TensorFlow.

    python export_weights.py --weights compact --format onnx --out compact.onnx
    python docs/predict_with_onnx.py compact.onnx photograph.jpg

Faces are found, framed and turned upright as by predict.py.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from command_line import Parser, one_line_errors
from data import InputError
from data.photographs import face_table, read_photographs


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Print a row for each face."""
    parser = Parser(__doc__)
    parser.add_argument("network", help="ONNX file of export_weights.py")
    parser.add_argument("images", nargs="+", help="photographs, or folders of them")
    arguments = parser.parse_args(argv)
    try:
        import onnxruntime
    except ImportError:
        raise InputError("onnxruntime is not installed; pip install onnxruntime") from None
    photographs = read_photographs(arguments.images)
    faces = np.concatenate([photograph.images for photograph in photographs]).astype(np.float32)
    content = Path(arguments.network).read_bytes()
    try:
        (probabilities,) = onnxruntime.InferenceSession(content).run(None, {"faces": faces})
    except Exception as error:  # the runtime has a class for every kind of fault
        reason = str(error).splitlines()[0]
        raise InputError(f"{arguments.network}: was not exported by export_weights.py ({reason})") from None
    print(face_table(photographs, probabilities).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
