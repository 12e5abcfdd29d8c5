"""The options of train_cnn.py and train_dnn.py, which differ in their networks and docstrings only."""

import argparse
from collections.abc import Sequence

from command_line.arguments import Parser, whole_number
from data.errors import InputError
from models.keras_setup import BACKENDS, check_backend
from models.locate import HELP_SINGLE, find_weights
from training.plan import SCRIPTS
from training.precision import PRECISIONS
from training.recipe_settings import NAMES
from training.recipes import RECIPES


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
        help="the report's, ours, or ours for --from (default: finetune with --from, else fast)",
    )
    add(
        "--from",
        dest="start",
        metavar="WEIGHTS",
        help=f"start from weights of the same network: {HELP_SINGLE}",
    )
    add(
        "--refit-normalisation",
        action="store_true",
        help="with --from: normalise by the mean and standard deviation of the new faces",
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
    seed_help = "random seed for weights, order, augmentation and split"
    add("--seed", type=whole_number(0), default=1, metavar="N", help=seed_help)
    add(
        "--teacher",
        nargs="+",
        action="extend",
        default=[],
        metavar="CSV",
        help="probabilities of the training faces, by networks that were not trained on them: fold.csv of "
        "runs with --fold; --set teacher_share says how much they count",
    )
    add("--fold", metavar="K/N", help="leave fold K of N out of training and predict it at the end: fold.csv")
    add("--limit", type=whole_number(1), metavar="N", help="use the first N training rows only")
    add("--resume", action="store_true", help="continue the stopped run in --run")
    add("--deterministic", action="store_true", help="repeat bit for bit on the same machine; slower")
    add(
        "--precision",
        choices=("auto", *PRECISIONS),
        default="auto",
        help="auto: bfloat16 where the hardware is fast at it, else float32; a resumed run keeps its own",
    )
    add(
        "--backend",
        choices=BACKENDS,
        default="tensorflow",
        help="what Keras computes on; jax has to be installed and is meant for GPUs",
    )
    add("--strategy", choices=("none", "mirrored"), default="none", help="mirrored: all GPUs of this machine")
    add("--show-augmentation", metavar="FILE", help="only draw augmented faces (.png, .pdf or .svg)")
    options = parser.parse_args(argv)
    options.script, options.typed = script, parser.given(argv)
    options.weights = find_weights(options.start) if options.start else None
    _choose_network(options, networks)
    if not options.resume:  # a stopped run has its own
        check_backend(options.backend)
    if options.backend == "jax" and options.strategy == "mirrored":
        raise InputError("--strategy mirrored: is TensorFlow's; omit it or --backend jax")
    if options.recipe not in RECIPES[options.network]:
        raise InputError(
            f"--recipe {options.recipe}: --network {options.network} has no such recipe; omit --recipe"
        )
    if options.show_augmentation and (options.resume or options.run):
        raise InputError("--show-augmentation only draws, so there is no run; omit --resume and --run")
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
