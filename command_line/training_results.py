"""The end of train_cnn.py and train_dnn.py: figure, fold, and what is printed of a complete run."""

from models.stop import ending_at_once
from training.plan import Plan
from training.run_folder import best_epoch
from training.train import leave_stopped, predict_fold
from training.training_data import TrainingData


def finish(plan: Plan, data: TrainingData, history: list[dict[str, float]]) -> None:
    """Draw the curves of a complete run, predict the fold it left out, and print its best epoch and files.

    Ctrl-C and SIGTERM end the process as in `train`.
    """
    with ending_at_once(lambda: leave_stopped(plan)):
        _finish(plan, data, history)


def _finish(plan: Plan, data: TrainingData, history: list[dict[str, float]]) -> None:
    from analysis.figures.curves import draw_curves
    from analysis.figures.saving import save_figure

    run = plan.run
    save_figure(draw_curves({run.path.name: history}), run.curves)
    written = [run.best, run.last, run.history, run.curves]
    if data.left_out is not None:
        predict_fold(plan, data.left_out)
        written.append(run.fold)
    run.checkpoint.unlink(missing_ok=True)
    run.start.unlink(missing_ok=True)
    best = best_epoch(history)
    what = "val_accuracy" if "val_accuracy" in best else "accuracy"
    print(f"{what} {best[what]:.4f} in epoch {best['epoch']:.0f} of {len(history)}")
    for file in written:
        print(f"wrote {file}")
