"""JSON files that people pass on: with the suite's mark, and without the folders of this machine."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.replacing import MARK


def shared_json(values: Mapping[str, Any]) -> str:
    """The text of a JSON file; of each absolute path only the file's name, and null for NaN."""
    return json.dumps({"written_by": MARK} | _shared(values), indent=2, allow_nan=False) + "\n"


def _shared(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shared(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shared(each) for each in value]
    if isinstance(value, float) and math.isnan(value):
        return None  # JSON has no NaN
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
