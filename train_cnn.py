"""Train the report's CNN (19,323,463 parameters; question 1) or our own networks on FER2013.

    python train_cnn.py --data data/icml_face_data.csv --run runs/cnn
    python train_cnn.py --network compact --data data/icml_face_data.csv --run runs/compact

On one Zen 4 core in bfloat16 the CNN takes 132 minutes and gets 67.6 % of PublicTest right (68.3 % with
predict.py --tta); compact takes 36 minutes and gets 68.3 % (69.0 %), the mean of three seeds; medium takes
126 minutes on two cores and gets 70.1 % (70.9 %). With --teacher the CNN gets 69.4 % (70.0 %) and medium
71.7 % (72.5 %).

Writes into the run folder: best and last weights, run.json, history.csv and curves.png. A run that was
stopped at any moment continues with: python train_cnn.py --run runs/cnn --resume
"""

from command_line.errors import one_line_errors

from collections.abc import Sequence

from command_line.augmentation import show_augmentation
from command_line.training_options import parse_options
from command_line.training_results import finish
from training.plan import plan_run
from training.train import train


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train a convolutional network with the options in `argv`."""
    options = parse_options("train_cnn.py", __doc__, argv)
    if options.show_augmentation:
        show_augmentation(options)
        return
    plan = plan_run(options)
    data = plan.load_data()
    with plan.run.lock():
        history = train(plan, data)
        finish(plan, data, history)


if __name__ == "__main__":
    main()
