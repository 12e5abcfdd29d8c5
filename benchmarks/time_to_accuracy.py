"""How long training takes, from a cold start, until PublicTest accuracy reaches the report's.

    python benchmarks/time_to_accuracy.py --data data/icml_face_data.csv --seeds 1 2 3

Runs train_cnn.py once per seed as a user does, in a process of its own and on a copy of the CSV, so that
start-up, the first read of the file, compilation, checkpoints and the evaluation after every epoch all count.
The clock stops at the first epoch that reaches the target. Prints one line per seed, how many of them reached
it, and the mean and standard deviation of these.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import copy, copytree

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from command_line.errors import one_line_errors  # noqa: E402

from command_line.arguments import Parser, whole_number  # noqa: E402
from data.errors import InputError  # noqa: E402
from data.locate import locate_data  # noqa: E402
from training.plan import SCRIPTS  # noqa: E402
from training.precision import PRECISIONS  # noqa: E402
from training.run_folder import RunFolder  # noqa: E402

POLL_SECONDS = 0.2


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train, watch the clock and print, with the options in `argv`."""
    parser = Parser(__doc__)
    add = parser.add_argument
    add("--data", metavar="DATA", help="FER data with Training and PublicTest; without it the one in data/")
    add("--network", choices=SCRIPTS["train_cnn.py"], default="compact", help="the network to train")
    add("--epochs", type=whole_number(1), default=12, metavar="N", help="length of the schedule")
    add("--set", nargs="+", default=[], metavar="NAME=VALUE", help="as for --set of train_cnn.py")
    add(
        "--precision",
        choices=("auto", *PRECISIONS),
        default="auto",
        help="as for --precision of train_cnn.py",
    )
    add("--seeds", type=whole_number(0), nargs="+", default=[1], metavar="N", help="one training per seed")
    add(
        "--target", type=float, default=0.65, metavar="ACCURACY", help="the accuracy at which the clock stops"
    )
    arguments = parser.parse_args(argv)
    if not 0 < arguments.target < 1:
        raise InputError(
            f"--target {arguments.target}: is not an accuracy; give one between 0 and 1, such as 0.65"
        )
    data = locate_data(arguments.data, "measure")
    seconds = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            copied = (copytree if data.is_dir() else copy)(data, Path(folder) / data.name)
            options = ["--data", str(copied), "--validation", "PublicTest", "--network", arguments.network]
            options += ["--epochs", str(arguments.epochs), "--seed", str(seed)]
            options += ["--precision", arguments.precision]
            options += ["--set", *arguments.set] if arguments.set else []
            run = RunFolder(f"{folder}/run")
            taken, history = train_until(options, arguments.target, run)
            state = run.read_state()
        best = max(epoch["val_accuracy"] for epoch in history)
        batch = state.arguments.batch_size
        seen = len(history) * (state.training_faces // batch * batch)
        reached = best >= arguments.target
        if reached:
            seconds.append(taken)
        print(
            f"seed {seed}: {best:.4f} after {taken:.0f} s, {len(history)} of {arguments.epochs} epochs, "
            f"{seen:,} faces seen{'' if reached else f': {arguments.target} NOT reached'}",
            flush=True,
        )
    print(f"{len(seconds)} of {len(arguments.seeds)} seeds reached {arguments.target}")
    if len(seconds) > 1:
        print(f"{statistics.mean(seconds):.0f} s on average, deviation {statistics.stdev(seconds):.0f} s")


def train_until(options: list[str], target: float, run: RunFolder) -> tuple[float, list[dict[str, float]]]:
    """Seconds until a training reached the target or ended, and its epochs until then."""
    command = [sys.executable, str(PROJECT / "train_cnn.py"), "--run", str(run.path), *options]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        try:
            while True:
                ended = process.poll() is not None
                taken = time.monotonic() - started
                history = run.finished_epochs()
                if any(epoch["val_accuracy"] >= target for epoch in history):
                    return taken, history
                if ended and process.returncode:
                    raise InputError("the training failed; see its message above")
                if ended:
                    return taken, history
                time.sleep(POLL_SECONDS)
        finally:
            process.kill()  # also when this benchmark is stopped; nothing is to be saved


if __name__ == "__main__":
    main()
