"""JSON that is passed on names no folder of this machine."""

import json

import pytest

from data.replacing import MARK
from data.shared_json import shared_json


def test_absolute_paths_become_names_at_any_depth(tmp_path):
    path = str(tmp_path / "faces.csv")
    values = {"data": path, "list": [path, "runs/cnn", 3], "deep": {"weights": (path,)}, "text": "a / b"}
    shared = json.loads(shared_json(values))
    assert shared == {
        "written_by": MARK,
        "data": "faces.csv",
        "list": ["faces.csv", "runs/cnn", 3],
        "deep": {"weights": ["faces.csv"]},
        "text": "a / b",
    }


def test_what_is_no_number_becomes_null():
    text = shared_json({"error": float("nan"), "list": [0.5, float("nan")]})
    assert json.loads(text, parse_constant=pytest.fail) == {
        "written_by": MARK,
        "error": None,
        "list": [0.5, None],
    }
