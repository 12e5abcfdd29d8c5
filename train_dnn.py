"""Train the report's dense network (18,273,543 parameters; question 2) on FER2013.

    python train_dnn.py --data data/icml_face_data.csv --run runs/dnn

On one Zen 4 core in bfloat16 this takes 28 minutes and gets 51.2 % of PublicTest right (51.6 % with
predict.py --tta).

Writes into the run folder: best and last weights, run.json and history.csv. A run that was stopped at any
moment continues with: python train_dnn.py --run runs/dnn --resume
"""

from collections.abc import Sequence

from command_line import one_line_errors
from models import DENSE
from training.options import parse_options
from training.train import train


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train a dense network with the options in `argv`."""
    train(parse_options(DENSE, __doc__, argv))


if __name__ == "__main__":
    main()
