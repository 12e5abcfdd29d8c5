"""The command line that train_cnn.py and train_dnn.py share: they differ in networks and docstring only."""

import dataclasses
import hashlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from command_line.arguments import Parser, output_file, whole_number
from data.errors import InputError
from data.locate import locate_data
from training.environment import environment
from training.precision import PRECISIONS, choose_precision
from training.recipe_settings import NAMES, check_settings, with_settings
from training.recipes import RECIPES, Recipe
from training.run_folder import RunFolder
from training.training_data import TrainingData, is_keyword, load_training_data

# What decides the weights, beside the network: a resumed run must have started with the same.
_DECISIVE = (
    "data",
    "recipe",
    "epochs",
    "batch_size",
    "validation",
    "seed",
    "limit",
    "deterministic",
    "strategy",
    "set",
)
# Those whose default is the recipe's.
_OF_RECIPE = ("epochs", "batch_size", "validation")


# The networks of each script, the default first.
SCRIPTS = {"train_cnn.py": ("cnn", "compact"), "train_dnn.py": ("dnn",)}


def build_parser(script: str, description: str | None) -> Parser:
    """The options of a training script; --network only where there is a choice."""
    parser = Parser(description)
    add = parser.add_argument
    networks = SCRIPTS[script]
    if len(networks) > 1:
        add("--network", choices=networks, default=networks[0], help="cnn is the report's")
    else:
        parser.set_defaults(network=networks[0])
    add("--data", metavar="CSV", help="labelled FER CSV; without it train.csv or fer2013.csv in data/")
    add("--run", metavar="DIR", help="run folder; without it runs/NETWORK-RECIPE-seedN")
    add("--recipe", choices=("report", "fast"), default="fast", help="how to train: as the report, or ours")
    add(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help=f"change settings of the recipe: {', '.join(NAMES)}",
    )
    add("--epochs", type=whole_number(1), metavar="N", help="passes over the faces; without it the recipe's")
    add("--batch-size", type=whole_number(1), metavar="N", help="faces a step; without it the recipe's")
    add(
        "--validation",
        metavar="PART",
        help="faces to validate on: a fraction of the training rows, PublicTest (of a file with Usage), "
        "another labelled CSV, or none; without it the recipe's",
    )
    add(
        "--seed",
        type=whole_number(0),
        default=1,
        metavar="N",
        help="of weights, order, augmentation and split",
    )
    add("--limit", type=whole_number(1), metavar="N", help="use the first N training rows only")
    add("--resume", action="store_true", help="go on with the stopped run in --run")
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
    return parser


def run_training(script: str, description: str | None, argv: Sequence[str] | None) -> None:
    """What a training script does: check, read, train, say where it lies. Raises InputError."""
    parser = build_parser(script, description)
    arguments = vars(parser.parse_args(argv))
    network, recipe = arguments["network"], arguments["recipe"]
    if recipe not in RECIPES[network]:
        raise InputError(f"--recipe {recipe}: there is none for --network {network}; leave --recipe away")
    if arguments["show_augmentation"]:
        if arguments["resume"] or arguments["run"]:
            raise InputError("--show-augmentation draws and trains nothing; leave --resume and --run away")
        _show_augmentation(arguments)
        return
    run = RunFolder(arguments["run"] or f"runs/{network}-{recipe}-seed{arguments['seed']}")
    given = parser.given(argv)
    record = _resumed(run, script, given) if arguments["resume"] else _started(arguments)
    if not arguments["resume"]:
        run.refuse_existing()
    settings = record["arguments"]
    data = load_training_data(settings["data"], settings["validation"], settings["seed"], settings["limit"])
    digest = hashlib.blake2b(data.hashes.tobytes(), digest_size=8).hexdigest()
    if record.setdefault("data_digest", digest) != digest:
        raise InputError(
            f"{settings['data']}: holds other faces than when {run.path} was started; start a new run"
        )
    with run.lock():
        if not arguments["resume"]:
            run.refuse_existing()  # once more: another process may have started it meanwhile
        elif _finish_if_complete(run, settings["epochs"]):
            return
        _train(run, record, data, arguments["precision"] if "precision" in given else None)


def _finish_if_complete(run: RunFolder, epochs: int) -> bool:
    """Finish a run to be resumed, and say so, if it has all its epochs: whether it has.

    Raises InputError when it can neither go on nor start over.
    """
    history = run.finished_epochs()
    if len(history) == epochs:
        _finish(run, history)  # once more: it may have been killed right after the last epoch
        print(f"{run.path} is finished: {epochs} epochs")
        return True
    # A kill in the first epoch leaves no checkpoint, at its end perhaps a history of one row.
    if len(history) > 1 and not run.checkpoint.exists():
        raise InputError(
            f"{run.checkpoint}: is missing, so its {len(history)} epochs can't go on; restore it, or "
            "start a new run with another --run"
        )
    return False


def _started(arguments: dict[str, Any]) -> dict[str, Any]:
    """run.json of a new run: its recipe, arguments with that one's defaults filled in, absolute paths."""
    network = arguments["network"]
    recipe = with_settings(RECIPES[network][arguments["recipe"]], arguments["set"])
    settings = {name: arguments[name] for name in _DECISIVE}
    settings["data"] = str(locate_data(arguments["data"], "train").resolve())
    for name in _OF_RECIPE:
        if settings[name] is None:
            settings[name] = getattr(recipe, name)
    if not is_keyword(settings["validation"]):
        settings["validation"] = str(Path(settings["validation"]).resolve())
    recipe = dataclasses.replace(recipe, **{name: settings[name] for name in _OF_RECIPE})
    return {
        "network": network,
        "arguments": settings,
        "recipe": dataclasses.asdict(recipe),
    } | environment()


def _resumed(run: RunFolder, script: str, given: dict[str, Any]) -> dict[str, Any]:
    """run.json of the run to go on with; InputError when what was typed contradicts it."""
    record = run.read_record()
    if record.get("network") not in SCRIPTS[script]:
        raise InputError(
            f"{run.path}: holds a run of {_script_of(record.get('network')) or 'an unknown network'}, not of "
            f"{script}; use that script or start a new run"
        )
    if missing := set(_DECISIVE) - set(record["arguments"]):
        raise InputError(f"{run.record}: lacks {', '.join(sorted(missing))}; start a new run")
    stored_arguments = record["arguments"] | {"network": record["network"]}
    for name in sorted(set(given) & set(stored_arguments)):
        stored, typed = stored_arguments[name], given[name]
        if isinstance(stored, str) and Path(stored).is_absolute():  # a file, stored as _started wrote it
            typed = str(Path(str(typed)).resolve())
        if stored != typed:
            option = "--" + name.replace("_", "-")
            stored, typed = (" ".join(v) if isinstance(v, list) else v for v in (stored, typed))
            raise InputError(
                f"{run.path}: was started with {option} {stored}, not {typed}; leave {option} away"
            )
    return record


def _train(run: RunFolder, record: dict[str, Any], data: TrainingData, asked: str | None) -> None:
    """Train and finish a run. asked: the value of --precision, None if it was not typed."""
    settings = record["arguments"]
    recipe = _recipe(run, record)
    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow(deterministic=settings["deterministic"])
    _set_precision(run, record, asked)
    record |= {
        "mean": data.mean,
        "std": data.std,
        "training_faces": len(data.training),
        "validation_faces": 0 if data.validation is None else len(data.validation),
    }
    run.write_record(record)
    from training.fit import fit

    validated = (
        "no validation" if data.validation is None else f"{len(data.validation):,} faces for validation"
    )
    print(
        f"training the network {record['network']} on {len(data.training):,} faces, {validated}, "
        f"{recipe.epochs} epochs, seed {settings['seed']}, {record['precision']}, into {run.path}",
        flush=True,
    )
    try:
        progress = fit(
            run,
            data,
            recipe,
            network=record["network"],
            seed=settings["seed"],
            precision=record["precision"],
            strategy=settings["strategy"],
        )
    except KeyboardInterrupt:
        script = _script_of(record["network"])
        command = shlex.join(["python", str(script), "--run", str(run.path), "--resume"])
        print(f"\nstopped; go on from the last finished epoch with: {command}", file=sys.stderr)
        raise SystemExit(130) from None
    _finish(run, progress.history)


def _set_precision(run: RunFolder, record: dict[str, Any], asked: str | None) -> None:
    """Settle the precision of a new run, or that of a resumed one, which keeps its own unless asked.

    So a run can move to a machine of another kind: as it is, if slowly, or changed to what is fast there.
    """
    kept = record.get("precision")
    if kept not in (None, *PRECISIONS):
        raise InputError(f"{run.record}: holds the unknown precision {kept!r}; start a new run")
    if kept is None or asked is not None:
        record["precision"] = choose_precision(asked or "auto")
    if kept not in (None, record["precision"]):
        change = f"{kept} to {record['precision']}"
        epoch = 1 + len(run.finished_epochs())
        record.setdefault("precision_changes", []).append(f"{change} in epoch {epoch}")
        print(
            f"precision changes from {change} in epoch {epoch}: the weights will differ in their bits from "
            f"those of a run that stays in {kept}"
        )


def _script_of(network: str | None) -> str | None:
    """The script that trains a network; None for one that this suite does not know."""
    return next((script for script, networks in SCRIPTS.items() if network in networks), None)


def _recipe(run: RunFolder, record: dict[str, Any]) -> Recipe:
    """The recipe that a run was started with. Raises InputError when run.json was edited."""
    own = {name: record["arguments"][name] for name in _OF_RECIPE}
    try:
        recipe = Recipe.from_record(record["recipe"])
        check_settings(recipe)
        if recipe != dataclasses.replace(recipe, **own):
            raise ValueError(f"it contradicts {own}")
        return recipe
    except (TypeError, KeyError, ValueError, InputError) as error:
        raise InputError(
            f"{run.record}: holds a recipe of another version ({error}); start a new run"
        ) from None


def _finish(run: RunFolder, history: list[dict[str, float]]) -> None:
    from analysis.figures.curves import draw_curves
    from analysis.figures.saving import save_figure

    save_figure(draw_curves({run.path.name: history}), run.path / "curves.png")
    run.checkpoint.unlink(missing_ok=True)
    best = max(history, key=lambda row: row.get("val_accuracy", row["epoch"]))
    what = "val_accuracy" if "val_accuracy" in best else "accuracy"
    print(f"{what} {best[what]:.4f} in epoch {best['epoch']} of {len(history)}")
    for file in (run.best, run.last, run.history, run.path / "curves.png"):
        print(f"wrote {file}")


def _show_augmentation(arguments: dict[str, Any]) -> None:
    """Draw the first seven faces and four augmented versions of each."""
    from analysis.figures.saving import ENDINGS

    file = output_file(arguments["show_augmentation"], ENDINGS)
    record = _started(arguments)
    recipe = Recipe.from_record(record["recipe"])
    if recipe.augmentation is None:
        raise InputError(
            f"--recipe {arguments['recipe']} of {arguments['network']} does not augment; choose another or "
            "--set flip=1"
        )
    settings = record["arguments"]
    faces = load_training_data(settings["data"], "none", settings["seed"], settings["limit"]).training.images[
        :7
    ]
    from models.tensorflow_setup import set_up_tensorflow

    set_up_tensorflow()
    from analysis.figures.faces import draw_face_sheet
    from analysis.figures.saving import save_figure
    from training.augmentation import augment

    rows = [augment(faces, recipe.augmentation, [settings["seed"], step]).numpy() for step in range(4)]
    titles = ["as read", *(f"augmented {number}" for number in range(1, 5))]
    save_figure(draw_face_sheet([faces, *rows], titles), file)
    print(f"wrote {file}")
