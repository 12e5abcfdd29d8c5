"""A run folder: weights, arguments, versions, seed, commit and history, so that a number can be repeated."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import filelock
import pandas as pd

from data.atomic import write_files
from data.checked import from_json
from data.errors import InputError
from data.files import require_file
from models import run_files
from training.run_state import RunState, checked_history


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
        """Make the folder and lock it for this process; the system releases the lock even after a kill."""
        lock = filelock.FileLock(self.path / ".lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            self.remove_temporary_files()
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

    def remove_temporary_files(self) -> None:
        """Remove what data/atomic.py had begun to write when the process was ended."""
        for half_written in self.path.glob(".*.tmp.*"):
            half_written.unlink()

    def write_state(self, state: RunState) -> None:
        """Write run.json."""
        write_files({self.state: state.to_json()})

    def read_state(self) -> RunState:
        """Read run.json. Raises InputError when there is none or it is damaged."""
        if not self.state.exists():
            raise InputError(f"{self.path}: holds no run.json, so there is no run to resume; check the path")
        require_file(self.state, "the run.json")
        try:
            return from_json(RunState, self.state.read_bytes())
        except ValueError as error:
            raise InputError(
                f"{self.state}: was edited, or written by another version ({error}); start a new run"
            ) from None
        except OSError as error:
            raise InputError(f"{self.state}: cannot be read ({error.strerror}); start a new run") from None

    def read_finished(self) -> tuple[RunState, list[dict[str, float]]]:
        """run.json and history.csv of a run that has all its epochs. Raises InputError for any other."""
        if not self.state.is_file():
            raise InputError(f"{self.path}: holds no run; give the folder of a finished run")
        state, history = self.read_state(), read_history(self.path)
        if len(history) < state.arguments.epochs:
            raise InputError(f"{self.path}: is not finished; finish it with --resume before you export it")
        return state, history

    def finished_epochs(self) -> list[dict[str, float]]:
        """The rows of history.csv; none before the first epoch ends. Raises InputError."""
        return read_history(self.path) if self.history.exists() else []

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write history.csv, one row per finished epoch."""
        write_files({self.history: pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")})


def best_epoch(history: Sequence[dict[str, float]]) -> dict[str, float]:
    """The row of the first epoch of highest val_accuracy; without validation that of the last epoch."""
    return max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))


def read_history(path: Path) -> list[dict[str, float]]:
    """The finished epochs of a run folder or of the .json beside exported weights. Raises InputError."""
    file = path if path.suffix == ".json" else path / run_files.HISTORY
    try:
        require_file(file, "a run folder, or the .json beside exported weights,")
        if path.suffix == ".json":
            return checked_history(from_json(dict[str, Any], file.read_bytes()).get("history"))
        return checked_history(pd.read_csv(file).to_dict("records"))
    except (OSError, ValueError) as error:  # pandas raises subclasses of ValueError
        raise InputError(f"{path}: has no readable history ({error}); give a run folder") from None
