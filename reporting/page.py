"""The page: page.html.j2 and page.css filled with the numbers and figures that the commands wrote."""

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.attribution import METHODS
from analysis.held_out import population_text
from reporting import findings
from reporting.commands import METHOD, PAPER_METHOD, Command
from reporting.inputs import Network
from reporting.measurements import measurements
from training.environment import environment

# A figure has 150 dots per inch; a browser's inch has 96 pixels.
PIXELS_PER_DOT = 96 / 150


def render_page(
    folder: Path, out: Path, networks: Mapping[str, Network], commands: Sequence[Command], is_drawn: bool
) -> str:
    """The page as one HTML text, which needs no other file.

    folder: holds what the commands wrote. out: the folder that the commands on the page write to. is_drawn:
    whether the faces are those of `make demo`.
    """
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {"percent": percent, "thousands": "{:,}".format}
    return jinja.get_template("page.html.j2").render(
        measurements(folder, networks),
        paper=findings,
        population_text=population_text,
        method=METHOD,
        paper_method=PAPER_METHOD,
        method_names=METHODS,
        commands={command.stem: command for command in commands},
        out=out,
        picture=partial(picture, folder),
        environment=environment(),
        is_drawn=is_drawn,
    )


def percent(share: float, decimals: int = 1) -> str:
    """A share as a percentage."""
    return f"{100 * share:.{decimals}f}\N{NO-BREAK SPACE}%"


def picture(folder: Path, stem: str) -> dict[str, Any]:
    """A PNG in base64, and its natural size in a browser's pixels."""
    content = (folder / f"{stem}.png").read_bytes()
    # Bytes 16 to 23 of a PNG are its width and height.
    size = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    width, height = (round(PIXELS_PER_DOT * dots) for dots in size)
    return {"base64": base64.b64encode(content).decode(), "width": width, "height": height}
