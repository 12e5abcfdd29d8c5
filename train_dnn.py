"""Train the report's dense network (18,273,543 parameters; question 2) on FER2013.

    python train_dnn.py --data data/icml_face_data.csv --run runs/dnn

On one Zen 4 core in bfloat16 this takes 28 minutes and gets 51.2 % of PublicTest right (51.6 % with
predict.py --tta).

Writes into the run folder: best and last weights, run.json, history.csv and curves.png. A run that was
stopped at any moment continues with: python train_dnn.py --run runs/dnn --resume
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
    """Train a dense network with the options in `argv`."""
    options = parse_options("train_dnn.py", __doc__, argv)
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
