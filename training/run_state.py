"""What run.json and history.csv hold, with types and ranges that are checked on reading."""

import dataclasses
import json
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from data.checked import CHECKED, Count, Deviation, Finite, GreyLevel, Seed, Share, problem
from models import NetworkName
from models.keras_setup import Backend
from training.precision import Precision
from training.recipes import Recipe


@dataclass(frozen=True, config=CHECKED)
class Arguments:
    """What decides the weights, beside the network and the code: a resumed run must have started with it.

    data, validation, teacher: files by their absolute paths. fold: 'K/N'. recipe: its name. set: as typed.
    The other names are those of the options of train_cnn.py.
    """

    data: str
    recipe: str
    epochs: Count
    batch_size: Count
    validation: str
    seed: Seed
    limit: Count | None
    deterministic: bool
    strategy: Literal["none", "mirrored"]
    set: list[str]
    teacher: list[str]
    fold: str | None
    refit_normalisation: bool
    backend: Backend = "tensorflow"


@dataclass(frozen=True, config=CHECKED)
class Start:
    """The weights that a run started from. name: without folders. sha256: of their file."""

    name: str
    sha256: str


@dataclass(frozen=True, config=CHECKED)
class RunState:
    """All of run.json.

    recipe: with the values of `arguments`. versions, machine: of training/environment.py, where the run was
    begun. data_digest: of the hashes of all training images. precision, commit (of the code): of the epochs
    to come; precision_changes, commit_changes: how they changed when the run was resumed. mean, std: what the
    network normalises with. start: the weights given by --from.
    """

    network: NetworkName
    arguments: Arguments
    recipe: Recipe
    versions: dict[str, str]
    commit: str
    machine: dict[str, str | int | None]
    data_digest: str
    precision: Precision
    precision_changes: list[str]
    mean: GreyLevel
    std: Deviation
    training_faces: Count
    validation_faces: Annotated[int, Field(ge=0)]
    start: Start | None
    commit_changes: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "validation"):
            if getattr(self.recipe, name) != getattr(self.arguments, name):
                raise ValueError(f"its recipe contradicts its arguments in {name}")

    def to_json(self) -> str:
        """The text of run.json."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


@with_config(ConfigDict(extra="forbid"))
class Epoch(TypedDict):
    """A finished epoch: its number from 1, and what Keras measured of training and validation."""

    epoch: Annotated[float, Field(ge=1, multiple_of=1)]
    accuracy: Share
    loss: Finite
    val_accuracy: NotRequired[Share]
    val_loss: NotRequired[Finite]
    learning_rate: Finite
    seconds: Finite


def checked_history(rows: Any) -> list[dict[str, float]]:
    """The rows of a history, one per epoch from the first. Raises ValueError in one line."""
    try:
        TypeAdapter(list[Epoch]).validate_python(rows)
    except ValidationError as error:
        raise ValueError(problem(error)) from None
    # As they were given: from a checkpoint, a resumed run writes the same numbers again.
    history: list[dict[str, Any]] = rows
    if [row["epoch"] for row in history] != list(range(1, len(history) + 1)):
        raise ValueError("its epochs are not numbered from 1 without a gap")
    if any(row.keys() != history[0].keys() for row in history):
        raise ValueError("its rows have different columns")
    return history
