"""A run folder: weights, arguments, versions, seed, commit and history, so that a number can be repeated."""

import contextlib
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock
from pydantic import ValidationError

from data.atomic import atomic_path, write_text
from data.errors import InputError
from models import run_files
from training.recipe_settings import problem
from training.run_state import RunState


class RunFolder:
    """The files of one run.

    run.json: arguments, versions, seed, commit, machine, mean and deviation. history.csv: one row per epoch.
    best.weights.h5 and last.weights.h5: weights with the hashes of their training images. curves.png: the
    history drawn. fold.csv: the probabilities of the faces that --fold left out. Until the run is finished
    also checkpoint.weights.h5, what --resume continues from, and start.weights.h5, a copy of the weights
    given by --from.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.state = self.path / run_files.STATE
        self.history = self.path / run_files.HISTORY
        self.best = self.path / run_files.BEST
        self.last = self.path / run_files.LAST
        self.checkpoint = self.path / run_files.CHECKPOINT
        self.start = self.path / run_files.START
        self.curves = self.path / run_files.CURVES
        self.fold = self.path / run_files.FOLD

    def refuse_existing(self) -> None:
        """InputError when the folder holds a run already."""
        if self.state.exists():
            raise InputError(
                f"{self.path}: holds a run already; continue it with --resume or choose another --run"
            )

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

    def write_state(self, state: RunState) -> None:
        """Write run.json."""
        write_text(self.state, state.to_json())

    def read_state(self) -> RunState:
        """Read run.json. Raises InputError when there is none or it is damaged."""
        try:
            return RunState.from_json(self.state.read_bytes())
        except FileNotFoundError:
            raise InputError(
                f"{self.path}: holds no run.json, so there is no run to resume; check the path"
            ) from None
        except ValidationError as error:
            raise InputError(
                f"{self.state}: was edited, or written by another version ({problem(error)}); start a new run"
            ) from None
        except OSError as error:
            raise InputError(f"{self.state}: cannot be read ({error.strerror}); start a new run") from None

    def finished_epochs(self) -> list[dict[str, float]]:
        """The rows of history.csv; none before the first epoch ends. Raises InputError."""
        return read_history(self.path) if self.history.exists() else []

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write history.csv, one row per finished epoch."""
        with atomic_path(self.history) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def best_epoch(history: Sequence[dict[str, float]]) -> dict[str, float]:
    """The row of the first epoch of highest val_accuracy; without validation that of the last epoch."""
    return max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))


def read_history(path: Path) -> list[dict[str, float]]:
    """The finished epochs of a run folder or of the .json beside exported weights. Raises InputError."""
    try:
        if path.suffix == ".json":
            rows = json.loads(path.read_text())["history"]
        else:
            with (path / run_files.HISTORY).open(newline="") as file:
                rows = list(csv.DictReader(file))
        history = [{name: float(value) for name, value in row.items()} for row in rows]
        if any(row.keys() != history[0].keys() for row in history):
            raise ValueError("its rows have different columns")
        return history
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: has no readable history ({error}); give a run folder") from None
