"""A run folder: weights, arguments, versions, seed, commit and history, so that a number can be repeated.

run.json: arguments, recipe, versions, commit, machine, mean and deviation. history.csv: one row per epoch.
best.weights.h5 and last.weights.h5: weights with the hashes of their training faces. fold.csv: the
probabilities of the faces that --fold left out. Until the run is finished also checkpoint.weights.h5, what
--resume continues from, and initial.weights.h5, a copy of the weights of --from.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import filelock
import h5py
import pandas as pd

from data import InputError, write_file
from models.prediction import Gpu
from models.weights import CHECKPOINT, ENDING, HISTORY, RUN, damage_in_one_line, hdf5_bytes

INITIAL = f"initial{ENDING}"
# One row per epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate, seconds.
History = list[dict[str, Any]]
# Instruction sets with which a CPU computes bfloat16 products at twice the float32 rate.
FAST_CPU_FLAGS = {"avx512_bf16", "amx_bf16"}


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Make the folder and lock it for this process; the system releases the lock even after a kill.

    Raises InputError when another process is training in it, and OSError.
    """
    run.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(run / ".lock", timeout=0):
            for half_written in run.glob(".*.tmp"):
                half_written.unlink()
            yield
    except filelock.Timeout:
        raise InputError(f"{run}: another process is training in it; choose another --run") from None


def read_run(path: Path) -> dict[str, Any]:
    """What run.json of a run folder says. Raises InputError when there is none or it is damaged."""
    file = path / RUN
    if not file.is_file():
        raise InputError(f"{path}: has no {RUN}, so there is no run; check the path")
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise InputError(f"{file}: is damaged ({error}); start a new run") from None


def read_history(path: Path) -> History:
    """The finished epochs of a run folder or of the .json beside exported weights. Raises InputError."""
    file = path if path.suffix == ".json" else path / HISTORY
    if not file.is_file():
        raise InputError(f"{path}: has no history; give a run folder, or the .json beside exported weights")
    try:
        if file == path:
            return json.loads(file.read_bytes())["history"]
        return pd.read_csv(file).set_index("epoch", drop=False).to_dict("records")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: its history cannot be read ({error}); give another run") from None


def best_epoch(history: History) -> dict[str, Any]:
    """The row of the first epoch of highest val_accuracy; without validation that of the last epoch."""
    return max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))


def save_epoch(model: Any, run: Path, history: History) -> None:
    """Write history.csv, and a checkpoint: weights, the optimizer's state, history. Raises OSError."""
    write_file(run / HISTORY, pd.DataFrame(history).to_csv(index=False, lineterminator="\n"))
    write_file(run / CHECKPOINT, hdf5_bytes(model, history=json.dumps(history)))


def load_checkpoint(model: Any, run: Path) -> History:
    """Restore a compiled model from the run's checkpoint and give the history, empty where there is none.

    Raises InputError when the file is damaged.
    """
    file = run / CHECKPOINT
    if not file.is_file():
        if (run / HISTORY).is_file() and len(read_history(run)) > 1:
            raise InputError(f"{file}: is missing, and --resume continues from it; start a new run")
        return []
    # An optimizer has no variables to restore into before it is built.
    model.optimizer.build(model.trainable_variables)
    with damage_in_one_line(file, "is damaged"):
        with h5py.File(file) as stored:
            history: History = json.loads(stored["history"].asstr()[()])
        model.load_weights(file)
    return history


def best_precision(backend: str, found: Sequence[Gpu]) -> str:
    """The fastest precision, bfloat16 or float32, of these GPUs or, where there are none, of this CPU."""
    if found:
        # Ampere is NVIDIA's first generation that multiplies bfloat16 faster than float32.
        fast = all(gpu.compute_capability and gpu.compute_capability >= (8, 0) for gpu in found)
    else:  # bfloat16 by JAX on a CPU was never timed
        fast = backend == "tensorflow" and not FAST_CPU_FLAGS.isdisjoint(cpu_information("flags").split())
    return "bfloat16" if fast else "float32"


def environment(backend: str = "tensorflow", gpus: Sequence[str] = ()) -> dict[str, Any]:
    """The versions, the commit and the machine that results depend on, JSON-ready.

    backend: Keras's, tensorflow or jax. gpus: the names of those it computes on.
    """
    versions = {name: importlib.metadata.version(name) for name in (backend, "keras", "numpy")}
    processor = cpu_information("model name") or platform.processor()
    machine = {"processor": processor, "cores": os.cpu_count(), "gpus": ", ".join(gpus)}
    machine["system"] = platform.platform()
    versions["python"] = platform.python_version()
    return {"versions": versions, "commit": commit(), "machine": machine}


def commit() -> str:
    """The commit of the code, with '+changes' when the work tree differs; 'unknown' outside a repository."""
    command = "git describe --always --abbrev=40 --dirty=+changes --exclude=*"
    run = subprocess.run(command, shell=True, cwd=Path(__file__).parent, capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def cpu_information(name: str) -> str:
    """The first value of this name in Linux's /proc/cpuinfo; empty where there is none."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
