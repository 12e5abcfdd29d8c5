"""The calls of this suite's scripts that draw the report's figures and write their numbers."""

import contextlib
import io
import runpy
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from models import CONVOLUTIONAL, LOGITS
from reporting.inputs import Network, files_of, history_of, shown_path
from training.environment import PROJECT

FORMATS = (".png", ".pdf")
# Question 4 is answered by the method whose maps pass the checks best (docs/results.md), and beside it shows
# the report's.
METHOD, PAPER_METHOD = "smoothgrad", "gradient"
METHODS = ("--method", METHOD, PAPER_METHOD)
# Question 3 shows as many of the most confident mistakes.
WORST_FACES = 16


@dataclass(frozen=True)
class Effort:
    """How much is computed.

    steps: of each gradient ascent. mean: faces per class of the mean saliency maps. saliency: further options
    for the maps of single faces.
    """

    steps: int
    mean: int
    saliency: tuple[str, ...]


FULL = Effort(steps=100, mean=10, saliency=("--method", "all", "--check"))
QUICK = Effort(steps=20, mean=5, saliency=METHODS)


@dataclass(frozen=True)
class Command:
    """One call of a script, without its --out.

    stem: the name of its files without the ending. purpose: what it draws.
    """

    stem: str
    purpose: str
    script: str
    arguments: tuple[str, ...]

    def shown(self, folder: Path) -> str:
        """What to type in this project's folder to get the same files in `folder`."""
        words = map(shown_path, (*self.arguments, "--out", *self._files_in(folder)))
        return shlex.join(["python", self.script, *words])

    def run(self, folder: Path) -> None:
        """Write the files into `folder`, in this process, because a start of TensorFlow takes seconds.

        What the script prints is dropped: the page has it. Raises InputError with the script's own line.
        """
        # Without the decorator that would turn an InputError into an exit code.
        main = runpy.run_path(str(PROJECT / self.script))["main"].__wrapped__
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                main([*self.arguments, "--out", *self._files_in(folder)])
        except InputError as error:
            raise InputError(f"{self.script}: {error}") from None

    @property
    def files(self) -> list[str]:
        """The names of its figures."""
        return [self.stem + ending for ending in FORMATS]

    def _files_in(self, folder: Path) -> list[str]:
        return [str(folder / name) for name in self.files]


def plan(networks: Mapping[str, Network], data_options: Sequence[str], effort: Effort) -> list[Command]:
    """The commands for these networks and data, as `find_networks` and `find_data` give them."""
    commands = []
    if histories := [path for file in files_of(networks.values()) if (path := history_of(file))]:
        commands.append(Command("curves", "training curves", "curves.py", tuple(histories)))
    first, *others = networks.values()
    versus = (word for network in others for word in ("--versus", network.given))
    confusion = (*data_options, "--weights", first.given, *versus, "--worst", str(WORST_FACES))
    weights = ("--weights", first.single)
    mean = (*data_options, *weights, "--mean", str(effort.mean), *METHODS)
    commands += [
        Command("confusion", "confusion matrices and the worst mistakes", "confusion.py", confusion),
        Command(
            "saliency",
            "saliency maps of single faces",
            "saliency.py",
            (*data_options, *weights, *effort.saliency),
        ),
        Command("saliency-mean", "mean saliency maps", "saliency.py", mean),
    ]
    if first.kind in CONVOLUTIONAL:
        # filter_viz.py chooses its face without the label, so --data is its only option for the data.
        ascent = (*data_options[:2], *weights, "--steps", str(effort.steps))
        classes = (*ascent, "--layer", LOGITS[first.kind], "--preset", "natural")
        commands += [
            Command("filters", "what activates the first filters", "filter_viz.py", ascent),
            Command("classes", "what activates each class", "filter_viz.py", classes),
        ]
    return commands
