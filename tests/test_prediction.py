"""Probabilities of faces, and Keras set up the same for everybody."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from scipy.special import softmax

from data import InputError
from data.drawn import draw_faces
from models import prediction
from models.prediction import BATCH_SIZE, fit_temperature, predict, predict_probabilities, set_up_keras
from models.weights import find_weights


def linear_network(seed: int, scale: float = 0.01) -> tuple[keras.Model, np.ndarray]:
    """Logits that are weighted sums of the pixels, and the weights (2304, 7)."""
    inputs = keras.Input((48, 48))
    network = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(inputs)))
    kernel = np.random.default_rng(seed).normal(0, scale, (2304, 7)).astype(np.float32)
    network.set_weights([kernel, np.zeros(7, np.float32)])
    return network, kernel


def test_probabilities_are_means_over_networks_and_mirror_images():
    images = np.random.default_rng(0).integers(0, 256, (BATCH_SIZE + 3, 48, 48), dtype=np.uint8)
    (first, a), (second, b) = linear_network(1), linear_network(2)

    def expected(faces: np.ndarray) -> np.ndarray:
        pixels = faces.reshape(-1, 2304).astype(np.float64)
        return (softmax(pixels @ a, axis=1) + softmax(pixels @ b, axis=1)) / 2

    probabilities = predict_probabilities([first, second], images)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, expected(images), atol=1e-4)
    both = (expected(images) + expected(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(predict_probabilities([first, second], images, tta=True), both, atol=1e-4)
    scaled = predict_probabilities([first, second], images, temperatures=(2.0, 1.0))
    pixels = images.reshape(-1, 2304).astype(np.float64)
    mean = (softmax(pixels @ a / 2, axis=1) + softmax(pixels @ b, axis=1)) / 2
    np.testing.assert_allclose(scaled, mean, atol=1e-4)
    assert predict_probabilities([first], images[:0]).shape == (0, 7)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_temperature_undoes_what_logits_were_multiplied_by(temperature):
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 7))
    labels = (softmax(logits, axis=1).cumsum(axis=1) > generator.random((20_000, 1))).argmax(axis=1)
    fitted = fit_temperature(labels, softmax(temperature * logits, axis=1))
    assert fitted == pytest.approx(temperature, rel=0.03)


def test_probabilities_that_are_not_finite_are_refused():
    network, _ = linear_network(1, scale=1e36)
    with pytest.raises(InputError, match="probabilities that are not finite"):
        predict_probabilities([network], np.full((2, 48, 48), 255, np.uint8))


def test_a_missing_backend_or_device_is_one_line(monkeypatch):
    def devices() -> None:
        raise RuntimeError("Unable to initialize backend\nand more")

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # which it is again after this test
    with monkeypatch.context() as patched:
        patched.setattr("keras.backend.backend", lambda: "jax")
        patched.setattr("jax.devices", devices)
        with pytest.raises(InputError, match=r"no device \(Unable to initialize backend\); pip install"):
            set_up_keras("jax")
    monkeypatch.setattr(prediction.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="package tensorflow is not installed; pip install tensorflow"):
        set_up_keras()
    with pytest.raises(InputError, match=r"package jax is not installed; .*'jax\[cuda13\]'"):
        set_up_keras("jax")


def test_what_gpus_of_jax_can_compute():
    for version, expected in (("8.0", (8, 0)), ("gfx90a", None)):
        assert prediction._capability(SimpleNamespace(compute_capability=version)) == expected


PROGRAM = """
from data.drawn import draw_faces
from models.prediction import set_up_keras, predict_probabilities
set_up_keras(deterministic=True)
set_up_keras()
import keras
from models.weights import find_weights, load_network
config = keras.config
print(config.backend(), config.floatx(), config.image_data_format())
print(*predict_probabilities([load_network(find_weights("dnn"))], draw_faces(2, seed=1).images).ravel())
"""


def test_settings_of_the_user_change_nothing_and_stderr_is_silent(tmp_path):
    settings = '{"backend": "torch", "floatx": "float16", "image_data_format": "channels_first"}'
    (tmp_path / "keras.json").write_text(settings)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(prediction.__file__).parent.parent,
        env=own | {"KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said, values = done.stdout.splitlines()
    assert said == "tensorflow float32 channels_last"
    expected = predict([find_weights("dnn")], draw_faces(2, seed=1).images)
    np.testing.assert_allclose(np.array(values.split(), float), expected.ravel(), atol=1e-4)
