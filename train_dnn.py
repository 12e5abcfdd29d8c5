"""Train the report's dense network (18,273,543 parameters; question 2) on FER2013.

    python train_dnn.py --data data/train.csv --run runs/dnn

Writes into the run folder: best and last weights, run.json, history.csv and curves.png. Stopped at any
moment, it goes on with: python train_dnn.py --run runs/dnn --resume
"""

from collections.abc import Sequence

from command_line.errors import one_line_errors
from training.command import run_training


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train a DNN with the options in `argv`."""
    run_training("train_dnn.py", __doc__, argv)


if __name__ == "__main__":
    main()
