"""Train the report's dense network (18,273,543 parameters; question 2) on FER2013.

    python train_dnn.py --data data/icml_face_data.csv --run runs/dnn

On one Zen 4 core in bfloat16 this takes 13 minutes and gets 47.9 % of PublicTest right (48.9 % with the four
views of predict.py --tta).

Writes into the run folder: best and last weights, run.json, history.csv and curves.png. A run that was
stopped at any moment continues with: python train_dnn.py --run runs/dnn --resume
"""

from command_line.errors import one_line_errors

from collections.abc import Sequence

from command_line.training import finish, parse_options, plan_run, show_augmentation
from training.train import train
from training.training_data import load_training_data


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Train a dense network with the options in `argv`."""
    options = parse_options("train_dnn.py", __doc__, argv)
    if options.show_augmentation:
        show_augmentation(options)
        return
    plan = plan_run(options)
    chosen = plan.arguments
    data = load_training_data(
        chosen.data,
        chosen.validation,
        chosen.seed,
        chosen.limit,
        fold=chosen.fold,
        teachers=chosen.teacher,
    )
    with plan.run.lock():
        history = train(plan, data)
        finish(plan, data, history)


if __name__ == "__main__":
    main()
