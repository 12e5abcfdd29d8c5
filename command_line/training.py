"""The command line of train_cnn.py and train_dnn.py, which differ in their networks and docstrings only."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from command_line.arguments import Parser, whole_number
from command_line.outputs import figure_files
from data.dataset import CLASS_NAMES
from data.errors import InputError
from data.locate import locate_data
from models.locate import HELP, find_weights
from training.precision import PRECISIONS
from training.recipe_settings import NAMES, OPTIONS, with_settings
from training.recipes import RECIPES
from training.run_folder import RunFolder, best_epoch
from training.run_state import Arguments
from training.start import start_of
from training.train import SCRIPTS, Plan, predict_fold, script_of
from training.training_data import (
    TrainingData,
    default_validation,
    is_keyword,
    load_training_data,
    parse_fold,
)

DECISIVE = tuple(field.name for field in dataclasses.fields(Arguments))


def parse_options(script: str, description: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of a training script, and as `typed` only those that were typed. Raises InputError."""
    parser = Parser(description)
    add = parser.add_argument
    networks = SCRIPTS[script]
    if len(networks) > 1:
        add("--network", choices=networks, help="cnn is the report's (default: that of --from, else cnn)")
    else:
        parser.set_defaults(network=networks[0])
    add(
        "--data",
        metavar="DATA",
        help="labelled FER CSV or folder of pictures (default: train.csv or fer2013.csv in data/)",
    )
    add("--run", metavar="DIR", help="run folder (default: runs/NETWORK-RECIPE-seedN)")
    add(
        "--recipe",
        choices=("report", "fast", "finetune"),
        help="as the report, ours, or ours from given weights (default: finetune with --from, else fast)",
    )
    add("--from", dest="start", metavar="WEIGHTS", help=f"start from weights of the same network: {HELP}")
    add(
        "--refit-normalisation",
        action="store_true",
        help="with --from: take mean and deviation from the new faces instead of from the weights",
    )
    add(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help=f"change settings of the recipe: {', '.join(NAMES)}",
    )
    add("--epochs", type=whole_number(1), metavar="N", help="passes over the faces (default: the recipe's)")
    add("--batch-size", type=whole_number(1), metavar="N", help="faces per step (default: the recipe's)")
    add(
        "--validation",
        metavar="SPLIT",
        help="faces to validate on: a fraction of the training rows, PublicTest (of a file with Usage), "
        "another labelled CSV or folder, or none (default: PublicTest where there is one, else 0.1; with "
        "--recipe report the report's, none for the CNN and 0.2 for the DNN)",
    )
    seed_help = "of weights, order, augmentation and split"
    add("--seed", type=whole_number(0), default=1, metavar="N", help=seed_help)
    add(
        "--teacher",
        nargs="+",
        default=[],
        metavar="CSV",
        help="probabilities of the training faces, by networks that were not trained on them: fold.csv of "
        "runs with --fold; --set teacher_share says how much they count",
    )
    add("--fold", metavar="K/N", help="leave fold K of N out of training and predict it at the end: fold.csv")
    add("--limit", type=whole_number(1), metavar="N", help="use the first N training rows only")
    add("--resume", action="store_true", help="continue the stopped run in --run")
    add("--deterministic", action="store_true", help="repeat to the bit on the same machine; slower")
    add(
        "--precision",
        choices=("auto", *PRECISIONS),
        default="auto",
        help="of the arithmetic; auto: bfloat16 where the hardware is fast at it, else float32; a resumed "
        "run keeps its own",
    )
    add("--strategy", choices=("none", "mirrored"), default="none", help="mirrored: all GPUs of this machine")
    add("--show-augmentation", metavar="FILE", help="only draw augmented faces (.png, .pdf or .svg)")
    options = parser.parse_args(argv)
    options.script, options.typed = script, parser.given(argv)
    options.weights = find_weights(options.start) if options.start else None
    _choose_network(options, networks)
    if options.recipe not in RECIPES[options.network]:
        raise InputError(
            f"--recipe {options.recipe}: there is none for --network {options.network}; omit --recipe"
        )
    if options.show_augmentation and (options.resume or options.run):
        raise InputError("--show-augmentation draws and trains nothing; omit --resume and --run")
    if not (options.start or options.resume):
        if options.recipe == "finetune":
            raise InputError("--recipe finetune: needs weights to start from; add --from WEIGHTS")
        if options.refit_normalisation:
            raise InputError("--refit-normalisation: goes with --from only; omit it or add --from WEIGHTS")
    return options


def _choose_network(options: argparse.Namespace, networks: Sequence[str]) -> None:
    """Fill in the network and the recipe that were not typed. Raises InputError."""
    if options.weights:
        possible = (options.network,) if options.network else networks
        if options.weights.network not in possible:
            raise InputError(
                f"--from {options.start}: holds the network {options.weights.network}, not "
                f"{' or '.join(possible)}; give weights of the same network"
            )
        options.network = options.weights.network
    options.network = options.network or networks[0]
    options.recipe = options.recipe or ("finetune" if options.weights else "fast")


def plan_run(options: argparse.Namespace) -> Plan:
    """The run that the options ask for: a new one, or a stopped one to resume. Raises InputError."""
    name = f"{options.network}-{options.recipe}-seed{options.seed}"
    run = RunFolder(options.run or Path("runs") / name)
    if options.resume:
        return _stopped_run(run, options)
    run.refuse_existing()
    plan = _new_run(run, options)
    data, validation = plan.arguments.data, plan.arguments.validation
    if validation == "none" and default_validation(data) != "PublicTest":
        print(
            f"note: --validation none trains on every labelled face of {data}, so confusion.py, saliency.py "
            "and report.py will have none of them to measure on; --validation 0.1 keeps a tenth"
        )
    return plan


def show_augmentation(options: argparse.Namespace) -> None:
    """Draw the first training face of each class and four augmented versions of it. Raises InputError."""
    from analysis.figures.saving import save_figure

    plan = _new_run(RunFolder("none"), options)
    (file,) = figure_files([options.show_augmentation], [plan.arguments.data])
    if plan.recipe.augmentation is None:
        raise InputError(
            f"--recipe {options.recipe} of {options.network} does not augment; choose another or --set flip=1"
        )
    faces = load_training_data(plan.arguments.data, "none", options.seed, options.limit).training
    labels, first = np.unique(faces.require_labels(), return_index=True)
    faces = faces.select(first)
    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow()
    from analysis.figures.faces import draw_face_sheet
    from training.augmentation import augment

    augmentation = plan.recipe.augmentation
    rows = [augment(faces.images, augmentation, [options.seed, step]).numpy() for step in range(4)]
    row_titles = ["as read", *(f"augmented {number}" for number in range(1, 5))]
    titles = [f"{CLASS_NAMES[label]}\nrow {row}" for label, row in zip(labels, faces.rows, strict=True)]
    settings = ", ".join(
        f"{name} {float(value):g}" for name, value in dataclasses.asdict(augmentation).items() if value
    )
    title = f"Augmentation of {options.network} by recipe {options.recipe}\n{settings}"
    save_figure(draw_face_sheet([faces.images, *rows], row_titles, titles, title), file)
    print(f"wrote {file}")


def finish(plan: Plan, data: TrainingData, history: list[dict[str, float]]) -> None:
    """Draw the curves of a complete run, predict the fold it left out, and print its best epoch and files."""
    from analysis.figures.curves import draw_curves
    from analysis.figures.saving import save_figure

    run = plan.run
    save_figure(draw_curves({run.path.name: history}), run.curves)
    written = [run.best, run.last, run.history, run.curves]
    if data.left_out is not None:
        predict_fold(run, data.left_out)
        written.append(run.fold)
    run.checkpoint.unlink(missing_ok=True)
    run.start.unlink(missing_ok=True)
    best = best_epoch(history)
    what = "val_accuracy" if "val_accuracy" in best else "accuracy"
    print(f"{what} {best[what]:.4f} in epoch {best['epoch']:.0f} of {len(history)}")
    for file in written:
        print(f"wrote {file}")


def _new_run(run: RunFolder, options: argparse.Namespace) -> Plan:
    """The recipe with the options' values, the arguments with the recipe's defaults and absolute paths."""
    recipe = with_settings(RECIPES[options.network][options.recipe], options.set)
    values = {name: getattr(options, name) for name in DECISIVE}
    values["data"] = str(locate_data(options.data, "train").resolve())
    for name in OPTIONS:
        if values[name] is None:
            values[name] = getattr(recipe, name)
    if values["validation"] == "auto":
        values["validation"] = default_validation(values["data"])
    if not is_keyword(values["validation"]):
        values["validation"] = str(Path(values["validation"]).resolve())
    values["teacher"] = [str(Path(file).resolve()) for file in options.teacher]
    if options.fold is not None:
        parse_fold(options.fold)
    recipe = dataclasses.replace(recipe, **{name: values[name] for name in OPTIONS})
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
        if name == "teacher":  # files are stored as _new_run made them
            typed = [str(Path(file).resolve()) for file in typed]
        elif isinstance(stored, str) and Path(stored).is_absolute():
            typed = str(Path(str(typed)).resolve())
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
