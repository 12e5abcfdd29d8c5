"""JSON files that people pass on: with the suite's mark, and without the folders of this machine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.replacing import MARK


def shared_json(values: Mapping[str, Any]) -> str:
    """The text of a JSON file; of each absolute path only the file's name."""
    return json.dumps({"written_by": MARK} | _without_folders(values), indent=2) + "\n"


def _without_folders(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_folders(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(each) for each in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
