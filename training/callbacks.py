"""What happens between batches and epochs: checkpoints, seeds, the progress line, the stop at a NaN."""

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from data.atomic import write_files
from data.checked import from_json
from data.errors import InputError
from models.hdf5 import hdf5_bytes, reading_hdf5
from models.weights_file import save_network, variables_by_name
from training.averaging import Averaging
from training.run_folder import RunFolder, best_epoch
from training.run_state import checked_history


class SeedEpoch(keras.callbacks.Callback):
    """Set the state of each dropout layer from (seed, layer, epoch), so that a resumed epoch drops the same
    units. No two layers or steps share a state: Keras adds 1 to its second number in each step.
    """

    def __init__(self, seed: int, steps: int) -> None:
        """steps: per epoch."""
        super().__init__()
        self.seed = seed
        self.steps = steps

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        layers = [layer for layer in self.model.layers if isinstance(layer, keras.layers.Dropout)]
        for number, layer in enumerate(layers):
            # 2**27 is more than all steps of a run.
            layer.seed_generator.state.assign([self.seed, number * 2**27 + epoch * self.steps])


class StopAtNonFiniteLoss(keras.callbacks.Callback):
    """End the run with one line as soon as the loss is NaN or infinite."""

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self.run = run
        # Lets Keras call it in another thread; else a GPU under JAX would idle after each batch.
        self.async_safe = True

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        if not np.isfinite(logs["loss"]):
            raise InputError(
                f"{self.run.path}: the loss is {logs['loss']} in epoch {self.epoch}, step {batch + 1}: the "
                "training diverged; start again with a lower --set learning_rate or another --seed"
            )


class Progress:
    """The finished epochs; kept inside the checkpoint, so that the two cannot disagree."""

    def __init__(self) -> None:
        self.history: list[dict[str, float]] = []

    @property
    def epochs(self) -> int:
        """How many epochs are finished."""
        return len(self.history)

    def is_best(self) -> bool:
        """Whether the last epoch beats all before; without validation the last one always counts as best."""
        return best_epoch(self.history) is self.history[-1]


class Checkpoint(keras.callbacks.Callback):
    """After each epoch: weights, history and, last of all, the state from which --resume continues.

    Where the recipe averages weights, the average is what is validated and kept. The order matters: a kill
    between two files leaves a checkpoint of the epoch before, whose repetition writes the same files again.
    """

    def __init__(
        self,
        run: RunFolder,
        network: Any,
        progress: Progress,
        description: dict[str, Any],
        hashes: tuple[np.ndarray, np.ndarray | None],
        statistics_batches: Callable[[int], Iterable[Any]],
    ) -> None:
        """network: the uncompiled model that shares the weights of the one in training.

        hashes: exact and perceptual, of the training faces.
        statistics_batches: by the epoch, from 0, the batches that Averaging takes.
        """
        super().__init__()
        self.run = run
        self.network = network
        self.progress = progress
        self.description = description
        self.hashes = hashes
        self.statistics_batches = statistics_batches
        self.averaged: contextlib.ExitStack | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.averaging = Averaging(self.model)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch
        self.started = time.monotonic()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self.averaged = contextlib.ExitStack()
        self.averaged.enter_context(self.averaging.averaged(self.statistics_batches(self.epoch)))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self.averaged is None:  # without validation
            self.on_test_begin()
        row = {"epoch": epoch + 1} | {name: float(value) for name, value in logs.items()}
        row["learning_rate"] = float(keras.ops.convert_to_tensor(self.model.optimizer.learning_rate))
        row["seconds"] = round(time.monotonic() - self.started, 2)
        self.progress.history.append(row)
        description = self.description | {"epoch": epoch + 1, "measured": row}
        if self.progress.is_best():
            save_network(self.network, self.run.best, description, *self.hashes)
        save_network(self.network, self.run.last, description, *self.hashes)
        if self.averaged is not None:
            self.averaged.close()
            self.averaged = None
        self.run.write_history(self.progress.history)
        save_checkpoint(self.model, self.run, self.progress)


class EpochLine(keras.callbacks.Callback):
    """One line per epoch, for pipes and log files, where a progress bar would write backspaces."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        row = self.progress.history[-1]
        parts = [f"{name} {row[name]:.4f}" for name in logs]
        print(
            f"epoch {epoch + 1}/{self.params['epochs']}  {'  '.join(parts)}  {row['seconds']:.0f} s",
            flush=True,
        )


def save_checkpoint(model: keras.Model, run: RunFolder, progress: Progress) -> None:
    """Write weights, the optimiser's state and the progress into one file, whole or not at all."""
    arrays = {name: keras.ops.convert_to_numpy(variable) for name, variable in _checkpointed(model).items()}
    write_files({run.checkpoint: hdf5_bytes(arrays, {"progress": json.dumps(progress.history)})})


def load_checkpoint(model: keras.Model, run: RunFolder) -> Progress:
    """Restore a compiled model from the run's checkpoint; a run killed in its first epoch has none.

    Raises InputError when the file is damaged.
    """
    progress = Progress()
    if not run.checkpoint.exists():
        return progress
    with reading_hdf5(run.checkpoint, "is damaged") as stored:
        progress.history = checked_history(from_json(list[Any], stored.text("progress")))
        # An optimiser has no variables to restore into before it is built.
        model.optimizer.build(model.trainable_variables)
        for name, variable in _checkpointed(model).items():
            variable.assign(stored.array(name, [variable.dtype], tuple(variable.shape)))
    return progress


def _checkpointed(model: keras.Model) -> dict[str, Any]:
    """What a checkpoint holds of a compiled model: its variables by name."""
    state = {f"optimizer/vars/{number}": each for number, each in enumerate(model.optimizer.variables)}
    return variables_by_name(model) | state
