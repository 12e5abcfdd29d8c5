"""What a training script is about to train: a new run from its options, or a stopped one."""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.errors import InputError
from data.files import without_links
from data.locate import locate_data
from models import NetworkName
from models.weights_file import WeightsFile
from training.precision import Precision
from training.recipe_settings import OPTIONS, with_settings
from training.recipes import RECIPES, Recipe
from training.run_folder import RunFolder
from training.run_state import Arguments, RunState
from training.start import start_of
from training.training_data import (
    TrainingData,
    default_validation,
    is_keyword,
    load_training_data,
    parse_fold,
)

# The networks of each script, the default first.
SCRIPTS = {"train_cnn.py": ("cnn", "compact", "medium"), "train_dnn.py": ("dnn",)}
DECISIVE = tuple(field.name for field in dataclasses.fields(Arguments))


@dataclass(frozen=True)
class Plan:
    """A run that is about to be trained.

    precision: what was asked for; None to keep that of a stopped run. start: of a new run, the weights given
    by --from. stopped: the state of the run to resume, None for a new one.
    """

    run: RunFolder
    network: NetworkName
    arguments: Arguments
    recipe: Recipe
    precision: Precision | Literal["auto"] | None
    start: WeightsFile | None
    stopped: RunState | None

    def load_data(self) -> TrainingData:
        """Read the faces of the run. Raises InputError."""
        chosen = self.arguments
        return load_training_data(
            chosen.data,
            chosen.validation,
            chosen.seed,
            chosen.limit,
            fold=chosen.fold,
            teachers=chosen.teacher,
        )


def plan_run(options: argparse.Namespace) -> Plan:
    """The run that the options ask for: a new one, or a stopped one to resume. Raises InputError.

    options: those of command_line/training_options.py.
    """
    name = f"{options.network}-{options.recipe}-seed{options.seed}"
    run = RunFolder(options.run or Path("runs") / name)
    if options.resume:
        return _stopped_run(run, options)
    run.refuse_existing()
    plan = new_run(run, options)
    data, validation = plan.arguments.data, plan.arguments.validation
    if validation == "none" and default_validation(data) != "PublicTest":
        print(
            f"note: --validation none trains on every labelled face of {data}, so confusion.py, saliency.py "
            "and report.py will have no faces left to measure on; --validation 0.1 keeps a tenth"
        )
    return plan


def new_run(run: RunFolder, options: argparse.Namespace) -> Plan:
    """The recipe with the options' values, the arguments with the recipe's defaults and absolute paths."""
    recipe = with_settings(RECIPES[options.network][options.recipe], options.set)
    values = {name: getattr(options, name) for name in DECISIVE}
    values["data"] = str(without_links(locate_data(options.data, "train")))
    for name in OPTIONS:
        if values[name] is None:
            values[name] = getattr(recipe, name)
    if values["validation"] == "auto":
        values["validation"] = default_validation(values["data"])
    if not is_keyword(values["validation"]):
        values["validation"] = str(without_links(values["validation"]))
    values["teacher"] = [str(without_links(file)) for file in options.teacher]
    if options.fold is not None:
        parse_fold(options.fold)
    recipe = dataclasses.replace(recipe, **{name: values[name] for name in OPTIONS})
    if not options.teacher:
        if any(change.startswith("teacher_share=") for change in options.set):
            raise InputError("--set teacher_share: has no effect here; omit it or add --teacher")
        recipe = dataclasses.replace(recipe, teacher_share=0.0)
    return Plan(run, options.network, Arguments(**values), recipe, options.precision, options.weights, None)


def _stopped_run(run: RunFolder, options: argparse.Namespace) -> Plan:
    """The plan of the run to resume. Raises InputError when what was typed contradicts it."""
    state = run.read_state()
    if state.network not in SCRIPTS[options.script]:
        raise InputError(
            f"{run.path}: holds a run of {script_of(state.network)}, not of {options.script}; use that "
            "script or start a new run"
        )
    kept = dataclasses.asdict(state.arguments) | {"network": state.network}
    for name in sorted(set(options.typed) & set(kept)):
        stored, typed = kept[name], options.typed[name]
        if name == "teacher":  # files are stored as new_run made them
            typed = [str(without_links(file)) for file in typed]
        elif isinstance(stored, str) and Path(stored).is_absolute():
            typed = str(without_links(str(typed)))
        if stored != typed:
            option = "--" + name.replace("_", "-")
            stored, typed = (" ".join(v) if isinstance(v, list) else v for v in (stored, typed))
            raise InputError(f"{run.path}: was started with {option} {stored}, not {typed}; omit {option}")
    if options.weights and state.start != start_of(options.weights):
        begun = f"{state.start.name} ({state.start.sha256[:8]})" if state.start else "random weights"
        raise InputError(
            f"{run.path}: was started from {begun}, not from {options.weights.path}; omit --from"
        )
    return Plan(
        run, state.network, state.arguments, state.recipe, options.typed.get("precision"), None, state
    )


def script_of(network: str) -> str:
    """The script that trains a network."""
    return next(script for script, networks in SCRIPTS.items() if network in networks)
