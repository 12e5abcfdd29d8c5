"""How long training takes, from a cold start, until PublicTest accuracy reaches the report's.

    python benchmarks/time_to_accuracy.py --seeds 1 2 3 -- --data data/icml_face_data.csv --network small

Runs train_cnn.py once per seed as a user does, in a process of its own, with the options after --. Start-up,
reading, compilation, checkpoints and the evaluation after every epoch all count. The clock stops at the first
epoch that reaches the target. Prints one line per seed, and the mean and standard deviation of those that
reached it. Each line says what of the time was before the first epoch (imports, reading) and what in epochs
(compilation, training, evaluation); the rest is building the network and writing files.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from command_line import Parser, one_line_errors, whole_number  # noqa: E402


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train, watch the clock and print, with the options in `argv`."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--seeds", type=whole_number(0), nargs="+", default=[1], metavar="N", help="one training per seed")
    add("--target", type=float, default=0.65, metavar="ACCURACY", help="where the clock stops")
    add("options", nargs="*", help="options of train_cnn.py, after --")
    arguments = parser.parse_args(argv)
    seconds = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            options = [*arguments.options, "--validation", "PublicTest", "--seed", str(seed), "--run", folder]
            taken, best, parts = train_until(options, arguments.target)
        print(f"seed {seed}: accuracy {best:.4f} after {taken:.0f} s: {parts}", flush=True)
        if best >= arguments.target:
            seconds.append(taken)
    print(f"{len(seconds)} of {len(arguments.seeds)} seeds reached {arguments.target}")
    if len(seconds) > 1:
        print(f"after {np.mean(seconds):.0f} s, deviation {np.std(seconds, ddof=1):.0f} s")


def train_until(options: Sequence[str], target: float) -> tuple[float, float, str]:
    """Seconds until a training reached the target or ended, its best accuracy until then, and its parts."""
    command, best = [sys.executable, str(PROJECT / "train_cnn.py"), *options], 0.0
    started, start_up, epochs = time.monotonic(), 0.0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("training "):  # it begins
                start_up = time.monotonic() - started
            if found := re.search(r"val_accuracy ([\d.]+).* (\d+) s$", line):  # an epoch
                best = max(best, float(found[1]))
                epochs.append(int(found[2]))
            if best >= target:
                process.kill()  # nothing is to be saved
                break
    parts = f"{start_up:.0f} s before the first epoch, {sum(epochs)} s in {len(epochs)} epochs"
    return time.monotonic() - started, best, parts


if __name__ == "__main__":
    main()
