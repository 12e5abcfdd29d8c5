"""The faces that the options of Parser.add_held_out choose."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from analysis.held_out import HeldOut, held_out
from models.weights_file import WeightsFile
from training.run_split import split_of_run


def read_held_out(arguments: argparse.Namespace, data: Path, weights: Sequence[WeightsFile]) -> HeldOut:
    """Read the faces to measure on, and print which they are. Raises InputError."""
    held = held_out(
        data,
        weights,
        split_of_run,
        split=arguments.validation,
        labels=arguments.labels,
        allow_seen=arguments.allow_seen,
    )
    print(held, flush=True)
    return held
