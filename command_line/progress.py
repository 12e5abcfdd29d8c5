"""Showing on a terminal how far a long computation is."""

import contextlib
import sys
from typing import Any

from models.progress import Progress, silent


def progress_bars() -> Progress:
    """A Progress that draws a bar for each task, with how much is done and the time left; on a terminal only.

    A pipe or a log file would only collect control characters. The bars reach the terminal even where what a
    script prints is redirected, as in report.py. Imports Keras when a task begins.
    """
    terminal = sys.__stdout__
    if terminal is None or not terminal.isatty():
        return silent
    bars: list[Any] = []

    def show(task: str, done: int, total: int) -> None:
        import keras

        with contextlib.redirect_stdout(terminal):
            if done == 0:
                print(task, flush=True)
                bars[:] = [keras.utils.Progbar(total, unit_name=task.split()[-1].removesuffix("s"))]
            bars[0].update(done)

    return show
