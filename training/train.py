"""One training from start to end: checks, precision, run.json, fit."""

import dataclasses
import shlex
import sys
from collections.abc import Sequence

from data.atomic import write_files
from data.dataset import Dataset
from data.errors import InputError
from data.probabilities import probabilities_text
from data.splits import image_hashes
from models.keras_setup import Gpu, gpus, set_up_keras
from models.locate import find_weights
from models.seen import find_seen
from models.stop import ending_at_once
from models.weights_file import WeightsFile, load_network
from training.environment import commit, environment
from training.plan import Plan, script_of
from training.precision import choose_precision
from training.run_folder import RunFolder
from training.run_state import RunState
from training.start import after_start, keep_start, read_start, start_of
from training.training_data import TrainingData


def train(plan: Plan, data: TrainingData) -> list[dict[str, float]]:
    """Train to the recipe's last epoch: the history, one row per epoch.

    Of a run that is complete, only the history is read. The caller holds the run folder's lock. Raises
    InputError. Once the data is checked, Ctrl-C and SIGTERM end the process, with one line that says how to
    resume.
    """
    run = plan.run
    digest = data.digest()
    if plan.stopped is None:
        run.refuse_existing()  # once more: another process may have started it meanwhile
    elif plan.stopped.data_digest != digest:
        raise InputError(
            f"{plan.arguments.data}: its faces, or a --teacher, have changed since {run.path} was started; "
            "start a new run"
        )
    elif history := _complete_history(run, plan.recipe.epochs):
        print(f"{run.path} is finished: {plan.recipe.epochs} epochs")
        return history
    start = plan.start
    if plan.stopped is not None and plan.stopped.start is not None:
        start = read_start(run, plan.stopped.start)
    if start is not None:
        data = after_start(data, start, plan.arguments.refit_normalisation)

    with ending_at_once(lambda: leave_stopped(plan)):
        set_up_keras(plan.arguments.backend, plan.arguments.deterministic)
        devices = gpus()
        return _fit(plan, data, _begun(plan, data, digest, devices), start, devices)


def _fit(
    plan: Plan,
    data: TrainingData,
    state: RunState,
    start: WeightsFile | None,
    devices: Sequence[Gpu],
) -> list[dict[str, float]]:
    """Say what is trained, and train it: the history."""
    run = plan.run
    if plan.start is not None:
        keep_start(run, plan.start)
    validated = (
        "no validation" if data.validation is None else f"{len(data.validation):,} faces for validation"
    )
    print(
        f"training the network {state.network} on {len(data.training):,} faces, {validated}, "
        f"{state.recipe.epochs} epochs, seed {state.arguments.seed}, {state.precision}, on "
        f"{', '.join(gpu.name for gpu in devices) or 'the CPU'}, "
        f"from {state.start.name if state.start else 'random'} weights, into {run.path}",
        flush=True,
    )
    from training.fit import fit

    progress = fit(
        run,
        data,
        state.recipe,
        network=state.network,
        seed=state.arguments.seed,
        precision=state.precision,
        strategy=state.arguments.strategy,
        start=start,
        begin=lambda: run.write_state(state),
    )
    return progress.history


def leave_stopped(plan: Plan) -> None:
    """Leave no file half-written, and say how to continue."""
    run = plan.run
    run.remove_temporary_files()
    after_bar = "\n" if sys.stdout.isatty() else ""  # Keras's bar leaves its line unfinished
    if run.state.exists():
        command = shlex.join(["python", script_of(plan.network), "--run", str(run.path), "--resume"])
        message = f"stopped; continue with: {command}"
    else:
        message = "stopped before the first batch; start again"
    print(f"{after_bar}{message}", file=sys.stderr, flush=True)


def predict_fold(plan: Plan, left_out: Dataset) -> None:
    """Write the probabilities that the run's best epoch gives the faces it left out, mirror images included.

    Raises InputError when the folder cannot be written.
    """
    from models.prediction import predict_probabilities

    run = plan.run
    set_up_keras(plan.arguments.backend)  # a run that was finished already has not
    weights = find_weights(str(run.path))
    probabilities = predict_probabilities([load_network(weights)], left_out.images, tta=True)
    # Folds keep identical faces together, but not other copies.
    hashes, seen = image_hashes(left_out.images), find_seen(left_out.images, [weights]).exact
    write_files({run.fold: probabilities_text(left_out.rows, hashes, seen, probabilities)})


def _complete_history(run: RunFolder, epochs: int) -> list[dict[str, float]]:
    """The history of a stopped run that has all its epochs; empty if some are to come.

    Raises InputError when it can neither continue nor start over.
    """
    history = run.finished_epochs()
    if len(history) == epochs:  # it may have been killed right after the last one
        return history
    # A kill in the first epoch leaves no checkpoint, at its end perhaps a history of one row.
    if len(history) > 1 and not run.checkpoint.exists():
        raise InputError(
            f"{run.checkpoint}: is missing, so the run cannot continue after its {len(history)} epochs; "
            "restore it, or start a new run with another --run"
        )
    return []


def _begun(plan: Plan, data: TrainingData, digest: str, devices: Sequence[Gpu]) -> RunState:
    """The state of the run from now on, with its precision and its code settled.

    A resumed run keeps its precision unless another was asked for. So it can move to a machine of another
    kind: as it is, if slowly, or changed to what is fast there.
    """
    if plan.stopped is None:
        return RunState(
            network=plan.network,
            arguments=plan.arguments,
            recipe=plan.recipe,
            **environment(plan.arguments.backend, [gpu.name for gpu in devices]),
            data_digest=digest,
            precision=choose_precision(plan.precision or "auto", devices, plan.arguments.backend),
            precision_changes=[],
            mean=data.mean,
            std=data.std,
            training_faces=len(data.training),
            validation_faces=0 if data.validation is None else len(data.validation),
            start=start_of(plan.start) if plan.start else None,
        )
    state, epoch = plan.stopped, 1 + len(plan.run.finished_epochs())
    precision, code = state.precision, commit()
    if plan.precision:
        precision = choose_precision(plan.precision, devices, plan.arguments.backend)
    if precision != state.precision:
        change = f"{state.precision} to {precision} in epoch {epoch}"
        print(
            f"precision changes from {change}: the weights will differ in their bits from those of a run "
            f"that stays in {state.precision}"
        )
        changes = [*state.precision_changes, change]
        state = dataclasses.replace(state, precision=precision, precision_changes=changes)
    if code != state.commit:
        change = f"{state.commit} to {code} in epoch {epoch}"
        print(f"note: the commit of the code changes from {change}; run.json says so")
        state = dataclasses.replace(state, commit=code, commit_changes=[*state.commit_changes, change])
    return state
