"""The options of train_cnn.py and train_dnn.py, which differ in their networks and docstrings only."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from command_line import Parser, check_folder, whole_number
from data import InputError
from data.faces import locate_faces
from models import CONVOLUTIONAL
from models.prediction import BACKENDS
from models.weights import HELP_SINGLE, RUN, Weights, find_weights
from training.recipes import OPTIONS, RECIPES, SETTINGS, Recipe, recipe_from, with_settings
from training.run_folder import read_run

# What decides the weights, beside network, recipe and code: a resumed run keeps what it was started with.
_READING = ("data", "faces", "classes", "limit", "fold", "teacher")
DECISIVE = (*OPTIONS, *_READING, "recipe", "set", "seed", "deterministic", "backend")


@dataclass(frozen=True)
class Options:
    """What a training script is asked for.

    record: run.json of a stopped run; of a new one its network, its recipe and the `arguments` that decide
    the weights. recipe: that of the record. precision: as typed, or None. initial: the weights of --from, or
    None.
    """

    run: Path
    record: dict[str, Any]
    recipe: Recipe
    precision: str | None
    initial: Weights | None


def parse_options(networks: Sequence[str], description: str | None, argv: Sequence[str] | None) -> Options:
    """The options of a script that trains one of `networks`, by default the first. Raises InputError."""
    parser = _parser(networks, description)
    typed = parser.parse_args(argv)
    initial = find_weights(typed.initial) if typed.initial else None
    network = typed.network or (initial.network if initial else networks[0])
    if initial and (network != initial.network or network not in networks):
        wanted = typed.network or " or ".join(networks)
        raise InputError(f"--from {typed.initial}: is {initial.network}; give weights of {wanted}")
    typed.recipe = typed.recipe or ("finetune" if initial else "fast")
    run = Path(typed.run or f"runs/{network}-{typed.recipe}-seed{typed.seed}")
    check_folder(run)
    if typed.resume:
        record = read_run(run)
        if record.get("network") not in networks or "initial_weights" not in record:
            raise InputError(f"{run}: is a run of another script or version; use that, or start a new run")
        given = parser.given(argv)
        # The faces may have moved: train() compares what they are.
        record["arguments"]["data"] = given.pop("data", record["arguments"]["data"])
        _refuse_contradictions(f"{run}: was started", record, given, initial)
    elif (run / RUN).exists():
        more = "continue it with --resume, train on from it with --from and another --run"
        raise InputError(f"{run}: has a run already; {more}, or choose another --run")
    else:
        record = _new_record(network, vars(typed))
    return Options(run, record, recipe_from(record["recipe"]), typed.precision, initial)


def _new_record(network: str, typed: dict[str, Any]) -> dict[str, Any]:
    """The recipe with the options' values, and the options with the recipe's. Raises InputError."""
    name = typed["recipe"]
    if name not in RECIPES[network]:
        raise InputError(f"--recipe {name}: {network} has only {' and '.join(RECIPES[network])}")
    if name == "finetune" and not typed["initial"]:
        raise InputError("--recipe finetune: needs weights to start from; add --from WEIGHTS")
    recipe = with_settings(RECIPES[network][name], typed["set"])
    if recipe.whiten and (typed["initial"] or network not in CONVOLUTIONAL):
        raise InputError("whiten=1 is for new weights of a convolutional network; give --set whiten=0")
    recipe = replace(recipe, **{each: typed[each] for each in OPTIONS if typed[each] is not None})
    values = typed | asdict(recipe) | {"recipe": name, "data": str(locate_faces(typed["data"], "train"))}
    arguments = {each: values[each] for each in DECISIVE}
    return {"network": network, "arguments": arguments, "recipe": asdict(recipe)}


def _refuse_contradictions(
    begun: str, record: dict[str, Any], typed: dict[str, Any], initial: Weights | None
) -> None:
    """InputError when what was typed is not what the stopped run was started with."""
    kept = record["arguments"] | {"network": record["network"]}
    for name, value in typed.items():
        if kept.get(name, value) != value:
            option = "--" + name.replace("_", "-")
            way_out = f"omit {option}"
            if name == "epochs":
                way_out += ", or train on in a new run, with --from and this one"
            raise InputError(f"{begun} with {option} {kept[name]}, not {value}; {way_out}")
    if initial and describe(initial) != record["initial_weights"]:
        raise InputError(f"{begun} from other weights than {initial.path}; omit --from")


def describe(initial: Weights) -> dict[str, str]:
    """What run.json says about the weights that a run starts from."""
    return {"name": initial.name, "sha256": hashlib.sha256(initial.path.read_bytes()).hexdigest()}


def _absolute(text: str) -> str:
    """Files by their absolute paths, because a run may be resumed from another folder."""
    return str(Path(text).resolve()) if Path(text).exists() else text


def _parser(networks: Sequence[str], description: str | None) -> Parser:
    parser = Parser(description)
    add = parser.add_argument
    add("--data", type=_absolute, help="labelled FER CSV or folder of pictures (default: that in data/)")
    parser.add_reading()
    add("--run", metavar="DIR", help="run folder (default: runs/NETWORK-RECIPE-seedN)")
    add("--network", choices=networks, help=f"default: that of --from, else {networks[0]}")
    add("--recipe", choices=("report", "fast", "finetune"), help="default: fast, with --from finetune")
    add("--from", dest="initial", metavar="WEIGHTS", help=f"initial weights: {HELP_SINGLE}")
    text = f"change settings of the recipe: {', '.join(SETTINGS)}"
    add("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=text)
    add("--epochs", type=whole_number(1), metavar="N", help="passes over the faces (default: the recipe's)")
    add("--batch-size", type=whole_number(1), metavar="N", help="faces per step (default: the recipe's)")
    text = "PublicTest, a fraction, labelled data or none (default: PublicTest, else 0.1; report's: its own)"
    add("--validation", type=_absolute, metavar="SPLIT", help=text)
    add("--seed", type=whole_number(0), default=1, metavar="N", help="of everything that is random")
    text = "runs with --fold whose networks predict each batch, or their fold.csv, to learn from too"
    add("--teacher", nargs="+", action="extend", type=_absolute, default=[], metavar="RUN", help=text)
    add("--fold", metavar="K/N", help="leave fold K of N out of training and predict it at the end: fold.csv")
    add("--limit", type=whole_number(1), metavar="N", help="use the first N training rows only")
    add("--resume", action="store_true", help="continue the stopped run in --run")
    add("--deterministic", action="store_true", help="repeat bit for bit on the same machine; slower")
    add("--precision", choices=("auto", "float32", "bfloat16"), help="default: auto, by the hardware")
    add("--backend", choices=BACKENDS, default=BACKENDS[0], help="jax has to be installed")
    return parser
