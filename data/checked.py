"""Values that come from files or options, checked against a schema: a dataclass with types and ranges."""

from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

T = TypeVar("T")

# Of a schema: values of other types, as true for 1, and unknown names are refused.
CHECKED = ConfigDict(strict=True, extra="forbid")


def between(least: float, greatest: float) -> Any:
    """The range of a number, both ends included."""
    return Field(ge=least, le=greatest, allow_inf_nan=False)


Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Share = Annotated[float, between(0, 1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
GreyLevel = Annotated[float, between(0, 255)]
# Deviations of grey levels, by which networks divide.
Deviation = Annotated[float, between(1e-6, 255)]


def from_json(schema: type[T], text: str | bytes) -> T:
    """The value of type `schema` that a JSON text stands for.

    Raises ValueError in one line, also for a text that is nested too deeply.
    """
    try:
        return TypeAdapter(schema).validate_json(text)
    except ValidationError as error:
        raise ValueError(problem(error)) from None


def problem(error: ValidationError) -> str:
    """The first error, such as 'dropout should be less than or equal to 0.95'."""
    first = error.errors()[0]
    if not first["loc"]:  # of the whole, which is too much to show
        return first["msg"].removeprefix("Value error, ")
    message = first["msg"].removeprefix("Input ")
    return f"{'.'.join(map(str, first['loc']))} {message}, not {str(first['input'])[:30]!r}"
