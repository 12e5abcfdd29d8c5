"""Predict the emotion of a photograph by an exported network, with onnxruntime and Pillow and no TensorFlow.

    python export_weights.py --weights compact --format onnx --out compact.onnx
    python docs/predict_with_onnx.py compact.onnx photograph.jpg

Crop the photograph to the face first: its middle square is taken as the face.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

network, photograph = sys.argv[1:]
session = onnxruntime.InferenceSession(network)
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
with Image.open(photograph) as picture:
    grey = ImageOps.exif_transpose(picture).convert("L")
face = ImageOps.fit(grey, (48, 48), Image.Resampling.LANCZOS)
(probabilities,) = session.run(None, {"faces": np.asarray(face, np.float32)[np.newaxis]})[0]
for index in np.argsort(-probabilities):
    print(f"{names[index]:<9}{probabilities[index]:.3f}")
