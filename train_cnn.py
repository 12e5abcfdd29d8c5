"""Train the report's CNN (19,323,463 parameters; question 1) or our own networks on FER2013.

    python train_cnn.py --data data/icml_face_data.csv --run runs/cnn
    python train_cnn.py --network small --data data/icml_face_data.csv --run runs/small

On one Zen 4 core in bfloat16 the CNN takes 132 minutes and gets 67.6 % of PublicTest right (68.3 % with
predict.py --tta); compact takes some 70 minutes and gets 70.3 %; medium takes 126 minutes on two cores and
gets 70.1 % (70.9 %). small reaches 65 % in minutes (docs/results.md, How fast). With --teacher the CNN gets
69.4 % (70.0 %) and medium 71.7 % (72.5 %).

Writes into the run folder: best and last weights, run.json and history.csv. A run that was stopped at any
moment continues with: python train_cnn.py --run runs/cnn --resume
"""

from collections.abc import Sequence

from command_line import one_line_errors
from models import CONVOLUTIONAL
from training.options import parse_options
from training.train import train


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train a convolutional network with the options in `argv`."""
    train(parse_options(CONVOLUTIONAL, __doc__, argv))


if __name__ == "__main__":
    main()
