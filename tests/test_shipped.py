"""The weights in models/weights/: whole, described, small, and able to tell drawn faces apart."""

import hashlib
import json
import re
import shutil

import numpy as np
import pytest

import predict
from data.csv_reader import read_csv
from data.errors import InputError
from models.locate import DEFAULT, DEFAULT_SINGLE, FOLDER, SHIPPED, find_all, find_weights
from models.prediction import predict_probabilities
from models.weights_file import ENDING, load_network
from training.precision import PRECISIONS

FILES = sorted({file for files in SHIPPED.values() for file in files})
PARAMETERS = {"cnn": 19_323_463, "dnn": 18_273_543, "compact": 1_762_695, "medium": 3_496_615}
# Kernels in float16, and 690 kB for both hashes of all training faces.
LARGEST = {"cnn": 40e6, "dnn": 38e6, "compact": 4.5e6, "medium": 9e6}


def test_every_file_is_named_and_every_name_has_its_files():
    assert sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}")) == FILES
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_its_sidecar_says(name):
    path = FOLDER / f"{name}{ENDING}"
    sidecar = json.loads((FOLDER / f"{name}.json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sidecar["sha256"]
    weights = find_weights(str(path))
    assert weights.network == sidecar["network"]
    assert path.stat().st_size <= LARGEST[weights.network]
    assert len(weights.training_hashes) == sidecar["training_faces"] == 28_709
    assert weights.perceptual_hashes is not None
    assert len(weights.perceptual_hashes) == 28_709
    assert sidecar["arguments"]["validation"] == "PublicTest"
    assert sidecar["precision"] in PRECISIONS
    assert re.fullmatch("[0-9a-f]{40}", sidecar["commit"])
    assert sidecar["PublicTest"]["faces"] == 3_589
    assert sidecar["PublicTest"]["faces_without_twins"] == 3_294
    assert not re.search(r"/(home|work|tmp|root|Users)/", (FOLDER / f"{name}.json").read_text())
    assert load_network(weights).count_params() == PARAMETERS[weights.network]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_name_predicts_drawn_faces_better_than_chance(name, drawn):
    faces = read_csv(drawn / "train.csv")
    networks = [load_network(weights) for weights in find_all([name])]
    probabilities = predict_probabilities(networks, faces.images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    # Drawn faces are no photographs; chance is 1 in 7.
    assert np.mean(probabilities.argmax(axis=1) == faces.labels) > 0.25


def test_an_ensemble_is_no_single_network():
    with pytest.raises(
        InputError,
        match="ensemble: stands for 2 networks; give a single one, such as cnn, dnn, compact, medium",
    ):
        find_weights("ensemble")
    assert len(find_all(["ensemble", "cnn"])) == 3
    with pytest.raises(InputError, match="is given twice"):
        find_all(["ensemble", "medium"])  # one of the two


def test_the_defaults_are_shipped():
    assert find_weights(DEFAULT).network == "medium"
    assert find_weights(DEFAULT_SINGLE).network == "cnn"


def test_the_ensemble_fits_its_budget():
    assert sum(weights.path.stat().st_size for weights in find_all(["ensemble"])) <= 30e6


def test_a_misspelt_name_is_told_the_right_ones(drawn, fails):
    message = fails(predict.main, "--data", drawn / "test.csv", "--weights", "kompact")
    assert "kompact: no such weights" in message
    assert "or one of cnn, dnn, compact, medium, ensemble" in message


def test_a_changed_byte_is_found_by_the_digest_of_the_sidecar(tmp_path):
    for name in ("compact.weights.h5", "compact.json"):
        shutil.copy(FOLDER / name, tmp_path)
    file = tmp_path / "compact.weights.h5"
    find_weights(str(file))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"is not the file that compact\.json describes"):
        find_weights(str(file))
