"""The weights in models/weights/: whole, described and small. test_pinned.py has their probabilities."""

import hashlib
import json
import re

import pytest

from models import weights

FOLDER, ENDING = weights.FOLDER, weights.ENDING
FILES = sorted({file for files in weights.SHIPPED.values() for file in files})
PARAMETERS = {"cnn": 19_323_463, "dnn": 18_273_543, "compact": 1_762_695, "medium": 3_496_615}


def test_every_file_is_named_and_every_name_has_its_files():
    assert sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}")) == FILES
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == FILES
    assert weights.find_weights(weights.DEFAULT).network == "medium"
    assert weights.find_weights(weights.DEFAULT_SINGLE).network == "cnn"
    names = [found.name for found in weights.find_ensemble(["ensemble", "cnn"])]
    assert names == ["medium", "medium-seed3", "cnn"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_the_json_beside_it_says(name):
    path = FOLDER / f"{name}{ENDING}"
    text = path.with_name(f"{name}.json").read_text()
    record = json.loads(text)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    found = weights.find_weights(str(path))
    assert {key: record[key] for key in found.metadata} == found.metadata
    assert len(found.hashes.exact) == len(found.hashes.perceptual) == record["training_faces"] == 28_709
    # Kernels in float16, and 690 kB for both hashes of all training faces.
    assert path.stat().st_size < 2 * PARAMETERS[found.network] + 1_000_000
    assert re.fullmatch("[0-9a-f]{40}", record["commit"])
    scores = record["PublicTest"]
    assert (scores["faces"], scores["faces_without_duplicates"]) == (3_589, 3_294)
    assert scores.keys() >= {"accuracy", "accuracy_tta_without_duplicates"}
    assert [row["epoch"] for row in record["history"]] == list(range(1, record["arguments"]["epochs"] + 1))
    assert not re.search(r"/(home|work|tmp|root|Users)/", text)
