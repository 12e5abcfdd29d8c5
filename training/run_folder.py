"""A run folder: weights, arguments, versions, seed, commit and history, so that a number can be repeated."""

import contextlib
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from data.atomic import atomic_path, write_text
from data.errors import InputError

# What run.json holds of the arguments that other scripts use too; a person may have edited it.
_ARGUMENT_TYPES: dict[str, tuple[type, ...]] = {
    "data": (str,),
    "recipe": (str,),
    "validation": (str,),
    "epochs": (int,),
    "batch_size": (int,),
    "seed": (int,),
    "limit": (int, type(None)),
    "set": (list,),
}


class RunFolder:
    """The files of one run.

    run.json: arguments, versions, seed, commit, machine, mean and deviation. history.csv: one row an epoch.
    best.weights.h5 and last.weights.h5: weights with the hashes of their training images. curves.png: the
    history drawn. checkpoint.weights.h5: what --resume goes on from; gone when the run is finished.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.record = self.path / "run.json"
        self.history = self.path / "history.csv"
        self.best = self.path / "best.weights.h5"
        self.last = self.path / "last.weights.h5"
        self.checkpoint = self.path / "checkpoint.weights.h5"

    def refuse_existing(self) -> None:
        """InputError when the folder holds a run already."""
        if self.record.exists():
            raise InputError(f"{self.path}: holds a run already; go on with --resume or choose another --run")

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Make the folder and hold it for this process; the system lets go of it even after a kill."""
        lock = filelock.FileLock(self.path / ".lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            for left_by_a_kill in self.path.glob(".*.tmp.*"):
                left_by_a_kill.unlink()
        except filelock.Timeout:
            raise InputError(
                f"{self.path}: another process is training in it; choose another --run"
            ) from None
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror}); choose another --run"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def write_record(self, record: dict[str, Any]) -> None:
        """Write run.json."""
        write_text(self.record, json.dumps(record, indent=2) + "\n")

    def read_record(self) -> dict[str, Any]:
        """Read run.json; InputError when there is none or it is damaged."""
        try:
            record = json.loads(self.record.read_text())
            if not isinstance(record, dict) or not isinstance(record.get("arguments"), dict):
                raise ValueError("it holds no arguments of a run")
            for name, value in record["arguments"].items():
                if not isinstance(value, _ARGUMENT_TYPES.get(name, (object,))) or (
                    isinstance(value, int) and value < 0
                ):
                    raise ValueError(f"{name} is {value!r}")
            return record
        except FileNotFoundError:
            raise InputError(
                f"{self.path}: holds no run to resume; leave --resume away to start one"
            ) from None
        except (OSError, ValueError) as error:
            raise InputError(f"{self.record}: cannot be read ({error}); start a new run") from None

    def finished_epochs(self) -> list[dict[str, float]]:
        """The rows of history.csv; none before the first epoch ends. Raises InputError."""
        return read_history(self.path) if self.history.exists() else []

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write history.csv, one row per finished epoch."""
        with atomic_path(self.history) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def read_history(path: Path) -> list[dict[str, float]]:
    """The finished epochs of a run folder or of a .json record of exported weights. Raises InputError."""
    try:
        if path.suffix == ".json":
            rows = json.loads(path.read_text())["history"]
        else:
            with (path / "history.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
        history = [{name: float(value) for name, value in row.items()} for row in rows]
        if any(row.keys() != history[0].keys() for row in history):
            raise ValueError("its rows have different columns")
        return history
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: has no readable history ({error}); give a run folder") from None
