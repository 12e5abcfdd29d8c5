"""Finding weights by what --weights takes: a run folder, a weight file or the name of shipped weights."""

from collections.abc import Sequence
from pathlib import Path

from data.errors import InputError
from models.run_files import BEST, LAST
from models.weights_file import ENDING, WeightsFile, read_weights

FOLDER = Path(__file__).resolve().parent / "weights"
# A name and its files, whose probabilities are averaged.
SHIPPED = {
    "cnn": ("cnn",),
    "dnn": ("dnn",),
    "compact": ("compact",),
    "medium": ("medium",),
    "ensemble": ("medium", "medium-seed3"),
}
# The defaults of --weights: the most accurate weights, and those for figures of a single network.
DEFAULT, DEFAULT_SINGLE = "medium", "cnn"
SINGLE = ", ".join(name for name, files in SHIPPED.items() if len(files) == 1)
# What --weights takes, for --help: any number of networks, or one.
HELP = f"run folder, {ENDING} file, or shipped weights: {', '.join(SHIPPED)}"
HELP_SINGLE = f"run folder, {ENDING} file, or shipped weights: {SINGLE}"


def find_all(paths: Sequence[str]) -> list[WeightsFile]:
    """find_weights for each path; the name of a shipped ensemble stands for its files. Raises InputError,
    also when two paths are the same file, which would count twice in a mean.
    """
    found = [find_weights(file) for path in paths for file in _shipped(path) or [path]]
    files = [weights.path.resolve() for weights in found]
    for number, weights in enumerate(found):
        if files[number] in files[:number]:
            raise InputError(f"{weights.path}: is given twice and would count twice; give it once")
    return found


def find_weights(path: str) -> WeightsFile:
    """Check and read a weight file, the best (else the last) one of a run folder, or shipped weights.

    path: a file, a folder, or a name in SHIPPED that stands for one file. Raises InputError.
    """
    shipped = _shipped(path)
    if len(shipped) > 1:
        raise InputError(f"{path}: stands for {len(shipped)} networks; give a single one, such as {SINGLE}")
    file = Path(shipped[0] if shipped else path)
    if shipped and not file.is_file():
        raise InputError(f"{path}: {file} is missing; restore it with: git checkout {file}")
    if file.is_dir():
        candidates = [file / name for name in (BEST, LAST)]
        found = [candidate for candidate in candidates if candidate.is_file()]
        if not found:
            raise InputError(f"{path}: holds no {BEST} or {LAST}; give the folder of a run")
        file = found[0]
    if not file.is_file():
        raise InputError(
            f"{path}: no such weights; give a run folder, a {ENDING} file of this suite, or one of "
            f"{', '.join(SHIPPED)}"
        )
    return read_weights(file)


def _shipped(name: str) -> list[str]:
    """The files of a shipped name; empty for anything else. InputError when a path has the same name."""
    if name in SHIPPED and Path(name).exists():
        raise InputError(
            f"{name}: is a path here and the name of shipped weights; give ./{name} for the path, or the "
            f"files in {FOLDER} for the shipped weights"
        )
    return [str(FOLDER / f"{file}{ENDING}") for file in SHIPPED.get(name, ())]
