"""Signs of life of long work: a bar on a terminal, elsewhere a line every 30 seconds."""

import sys
from typing import Any

from tqdm import tqdm

SECONDS = 30


class Progress(tqdm):
    """tqdm, whose bar goes when the work is done; in a pipe or a notebook lines on stderr, no bar."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.is_bar = sys.stderr.isatty()
        if not self.is_bar:
            options = {"unit": ""} | options | {"delay": SECONDS, "mininterval": SECONDS, "miniters": 1}
            options["bar_format"] = "{desc}: still working, {n_fmt} of {total_fmt}{unit} after {elapsed}"
        super().__init__(*arguments, leave=False, **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> Any:
        """Draw the bar, or print the line; msg is '' to remove it."""
        if self.is_bar:
            return super().display(msg, pos)
        return msg is None and print(self, file=sys.stderr, flush=True)
