"""The page: page.html.j2 and page.css filled with the numbers and figures that the commands wrote."""

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.attribution import METHODS
from reporting import findings
from reporting.commands import METHOD, PAPER_METHOD, Command
from reporting.inputs import Network
from reporting.measurements import measurements
from training.environment import environment

# At this size the smallest texts of the figures, drawn with 150 dots per inch, can still be read.
REM_PER_DOT = 0.03


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
    """A PNG in base64, and its least width in rem."""
    content = (folder / f"{stem}.png").read_bytes()
    # Bytes 16 to 19 of a PNG are its width; a narrow page scrolls a figure rather than shrink its texts.
    width = int.from_bytes(content[16:20], "big")
    return {"base64": base64.b64encode(content).decode(), "least_width": round(REM_PER_DOT * width)}
