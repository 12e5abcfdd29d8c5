"""What run.json holds: everything that repeats a run, with types and ranges that are checked on reading."""

import dataclasses
import json
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from training.precision import Precision
from training.recipes import CHECKED, Count, Recipe


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
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    limit: Count | None
    deterministic: bool
    strategy: Literal["none", "mirrored"]
    set: list[str]
    teacher: list[str]
    fold: str | None
    refit_normalisation: bool


@dataclass(frozen=True, config=CHECKED)
class Start:
    """The weights that a run started from. name: without folders. sha256: of their file."""

    name: str
    sha256: str


@dataclass(frozen=True, config=CHECKED)
class RunState:
    """All of run.json.

    recipe: with the values of `arguments`. versions, commit, machine: of training/environment.py.
    data_digest: of the hashes of all training images. precision: of the epochs to come; precision_changes:
    how it changed when the run was resumed. mean, std: what the network normalises with. start: the weights
    given by --from.
    """

    network: Literal["cnn", "dnn", "compact", "medium"]
    arguments: Arguments
    recipe: Recipe
    versions: dict[str, str]
    commit: str
    machine: dict[str, str | int | None]
    data_digest: str
    precision: Precision
    precision_changes: list[str]
    mean: Annotated[float, Field(ge=0, le=255)]
    std: Annotated[float, Field(gt=0, le=255)]
    training_faces: Count
    validation_faces: Annotated[int, Field(ge=0)]
    start: Start | None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "validation"):
            if getattr(self.recipe, name) != getattr(self.arguments, name):
                raise ValueError(f"its recipe contradicts its arguments in {name}")

    @classmethod
    def from_json(cls, text: str | bytes) -> "RunState":
        """The state that a run.json holds. Raises pydantic.ValidationError, which is a ValueError."""
        return TypeAdapter(cls).validate_json(text)

    def to_json(self) -> str:
        """The text of run.json."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"
