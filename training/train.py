"""One training from start to end, read from top to bottom."""

import contextlib
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data import NUM_CLASSES, InputError, write_file
from data.faces import Faces
from data.progress import Progress
from data.splits import image_hashes
from data.submission import probabilities_csv
from models import builder, weights
from models.prediction import fit_temperature, gpus, predict_probabilities, set_up_keras
from training import run_folder
from training.options import Options, describe
from training.recipes import Recipe
from training.training_data import TrainingData, load_training_data


def train(options: Options) -> None:
    """Train a new run, or a stopped one from its checkpoint, and write what its folder holds.

    Ctrl-C and SIGTERM end the process, with one line that says how to continue. Raises InputError.
    """
    run, arguments = options.run, options.record["arguments"]
    data = load_training_data(arguments)
    if options.record.setdefault("data_digest", digest := data.digest()) != digest:
        raise InputError(f"{run}: its faces or teachers have changed since it was started; start a new run")
    with run_folder.locked(run), ending_at_once(run):
        if (run / weights.RUN).exists() and "initial_weights" not in options.record:
            raise InputError(f"{run}: has a run of another process by now; choose another --run")
        set_up_keras(arguments["backend"], arguments["deterministic"])
        history = run_folder.read_history(run) if (run / weights.HISTORY).exists() else []
        if len(history) == options.recipe.epochs:
            print(f"{run} is finished: {len(history)} epochs")
        else:
            history = train_epochs(options, data)
        finish(options, data, history)


def train_epochs(options: Options, data: TrainingData) -> run_folder.History:
    """Train from the checkpoint, else the initial weights, else random ones, to the recipe's last epoch."""
    import keras

    from training.batches import Batches
    from training.optimizers import AveragedNetwork

    run, seed, initial = options.run, options.record["arguments"]["seed"], options.initial
    if options.record.get("initial_weights"):
        initial = weights.find_weights(str(run / run_folder.INITIAL))
    if initial:
        data = data.from_weights(initial)
    record = begin(options, data, initial)
    recipe = options.recipe
    # In bfloat16 the products are bfloat16; weights, statistics and logits stay float32.
    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[record["precision"]])
    teachers = [(weights.load_network(each), may_teach) for each, may_teach in data.teachers]
    keras.utils.set_random_seed(seed)
    batches = Batches(data.training.images, data.targets(recipe.teacher_share), recipe, seed, teachers)
    model = build(record, recipe, data.training.images, recipe.epochs * batches.steps)
    keras.config.set_dtype_policy("float32")
    averaged = AveragedNetwork(model) if recipe.average else None
    history = run_folder.load_checkpoint(model, run)
    if history:
        print(f"continuing after epoch {len(history)} of {recipe.epochs}", flush=True)
    if initial and not history:
        model.set_weights(weights.load_network(initial).get_weights())

    for epoch in range(len(history), recipe.epochs):
        started = time.monotonic()
        seed_dropout(model, seed, epoch * batches.steps)
        row = {"epoch": epoch + 1, **train_epoch(model, batches, epoch)}
        network = averaged.update(model, batches.epoch(epoch, mixup=False)) if averaged else model
        scores, temperature = validate(network, data.validation, recipe)
        row |= scores
        measured = "  ".join(f"{name} {value:.4f}" for name, value in row.items() if name != "epoch")
        row["learning_rate"] = float(keras.ops.convert_to_tensor(model.optimizer.learning_rate))
        row["seconds"] = round(time.monotonic() - started, 2)
        history.append(row)
        metadata = {name: record[name] for name in ("network", "mean", "std")}
        # Without the seconds, so that a repeated run has the same bytes.
        measures = {name: value for name, value in row.items() if name != "seconds"}
        metadata |= {"seed": seed, "epoch": epoch + 1, "measured": measures, "temperature": temperature}
        if run_folder.best_epoch(history) is row:
            weights.save_network(network, run / weights.BEST, metadata, data.hashes)
        weights.save_network(network, run / weights.LAST, metadata, data.hashes)
        # The checkpoint comes last: a kill before it only repeats the epoch.
        run_folder.save_epoch(model, run, history)
        print(f"epoch {epoch + 1}/{recipe.epochs}  {measured}  {row['seconds']:.0f} s", flush=True)
    return history


def begin(options: Options, data: TrainingData, initial: weights.Weights | None) -> dict[str, Any]:
    """The record of what is about to be trained, written as run.json and printed.

    Of a stopped run, only the precision may change.
    """
    run, backend, found = options.run, options.record["arguments"]["backend"], gpus()
    record = {
        **run_folder.environment(backend, [gpu.name for gpu in found]),
        "mean": data.mean,
        "std": data.std,
        "training_faces": len(data.training),
        "validation_faces": len(data.validation or ()),
        "initial_weights": describe(initial) if initial else None,
        "precision": "auto",
        **options.record,
    }
    record["precision"] = options.precision or record["precision"]
    if record["precision"] == "auto":
        record["precision"] = run_folder.best_precision(backend, found)
    if initial and not (run / run_folder.INITIAL).exists():
        write_file(run / run_folder.INITIAL, initial.path.read_bytes())
    write_file(run / weights.RUN, json.dumps(record, indent=2) + "\n")
    faces = f"{len(data.training):,} faces, validated on {record['validation_faces']:,}"
    print(f"training {record['network']} in {record['precision']} on {faces}, into {run}", flush=True)
    return record


def build(record: dict[str, Any], recipe: Recipe, images: np.ndarray, steps: int) -> Any:
    """The compiled network of a run, ready to fit by the recipe for `steps` batches of these faces."""
    import keras

    from training.optimizers import build_optimizer
    from training.whitening import whiten

    dropout = {"dropout": recipe.dropout, "block_dropout": recipe.block_dropout}
    model = builder(record["network"])(record["mean"], record["std"], **dropout)
    if recipe.whiten:
        whiten(model, images, record["std"])
    model.compile(
        optimizer=build_optimizer(recipe, steps, model.compute_dtype),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
        # No XLA on TensorFlow: on a CPU it makes compact's loss NaN, and no network faster.
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def seed_dropout(model: Any, seed: int, step: int) -> None:
    """Set the state of each dropout layer, so that a resumed epoch drops the same units.

    step: of the run. No two layers or steps share a state: Keras adds 1 to its second number in each step.
    """
    layers = [layer for layer in model.layers if hasattr(layer, "seed_generator")]  # not those of rate 0
    for number, layer in enumerate(layers):
        # 2**27 is more than all steps of a run.
        layer.seed_generator.state.assign([seed, number * 2**27 + step])


def train_epoch(model: Any, batches: Any, epoch: int) -> dict[str, float]:
    """Train for one epoch: its loss and accuracy. Raises InputError when the training diverged."""
    import keras

    on_terminal = sys.stdout.isatty()  # there Keras's bar shows the loss, too; a log it would fill
    options = {"steps_per_epoch": batches.steps, "shuffle": False, "verbose": int(on_terminal)}
    with Progress(desc="training", total=batches.steps, unit=" steps", disable=on_terminal) as bar:
        tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: bar.update())
        fitted = model.fit(batches.epoch(epoch), **options, callbacks=[tick])
    logs = {name: float(values[0]) for name, values in fitted.history.items()}
    # A ReLU may turn a NaN into 0, so that the loss would not show it.
    if not all(np.isfinite(each).all() for each in (logs["loss"], *model.get_weights())):
        what = f"the training diverged in epoch {epoch + 1} (loss {logs['loss']:.3g})"
        raise InputError(f"{what}: start a new run with a lower --set learning_rate")
    return logs


def validate(network: Any, faces: Faces | None, recipe: Recipe) -> tuple[dict[str, float], float]:
    """val_accuracy and val_loss, by the recipe's loss, and the temperature that suits these faces.

    Without faces for validation no scores, and 1.
    """
    if faces is None:
        return {}, 1.0
    labels, smoothing = faces.require_labels(), recipe.label_smoothing
    probabilities = predict_probabilities([network], faces.images, tta=recipe.mirrored)
    targets = (1 - smoothing) * np.eye(NUM_CLASSES)[labels] + smoothing / NUM_CLASSES
    loss = -(targets * np.log(np.maximum(probabilities, 1e-7))).sum(axis=1).mean()
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    return {"val_accuracy": accuracy, "val_loss": float(loss)}, fit_temperature(labels, probabilities)


def finish(options: Options, data: TrainingData, history: run_folder.History) -> None:
    """Predict the fold that was left out, delete the checkpoint, and print the best epoch and the files."""
    run, names = options.run, [weights.BEST, weights.LAST, weights.HISTORY]
    if data.left_out is not None:
        best = weights.find_weights(str(run))
        probabilities = predict_probabilities([weights.load_network(best)], data.left_out.images, tta=True)
        # Folds keep identical faces together, but not other duplicates.
        trained_on = np.isin(image_hashes(data.left_out.images), best.hashes.exact)
        write_file(run / weights.FOLD, probabilities_csv(data.left_out, probabilities, trained_on))
        names.append(weights.FOLD)
    for temporary in (weights.CHECKPOINT, run_folder.INITIAL):
        (run / temporary).unlink(missing_ok=True)
    row = run_folder.best_epoch(history)
    name = "val_accuracy" if "val_accuracy" in row else "accuracy"
    print(f"{name} {row[name]:.4f} in epoch {row['epoch']} of {len(history)}; curves: python curves.py {run}")
    print(f"{run} has {', '.join(names)}")


@contextlib.contextmanager
def ending_at_once(run: Path) -> Iterator[None]:
    """On Ctrl-C and SIGTERM in this block, say how to continue, and end the process with 130 or 143.

    Python would raise an exception at any line of Keras or JAX, which may catch it and train on, or crash.
    Nothing is lost: files are whole or absent, and a run continues from its checkpoint.
    """
    command = shlex.join(["python", Path(sys.argv[0]).name, "--run", str(run), "--resume"])

    def end(number: int, frame: Any) -> None:
        has_begun = (run / weights.RUN).exists()
        line = f"stopped; continue with: {command}" if has_begun else "stopped before it began; start again"
        with contextlib.suppress(OSError):
            # A progress bar leaves its line unfinished.
            os.write(2, f"{os.linesep * sys.stderr.isatty()}{line}\n".encode())
        os._exit(128 + number)

    with contextlib.ExitStack() as stack:
        for each in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(each) is not signal.SIG_IGN:
                stack.callback(signal.signal, each, signal.signal(each, end))
        yield
