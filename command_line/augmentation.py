"""The figure of --show-augmentation of the training scripts."""

import argparse
import dataclasses

import numpy as np

from command_line.outputs import figure_files
from data.dataset import CLASS_NAMES
from data.errors import InputError
from training.plan import new_run
from training.run_folder import RunFolder
from training.training_data import load_training_data


def show_augmentation(options: argparse.Namespace) -> None:
    """Draw the first training face of each class and four augmented versions of it. Raises InputError."""
    from analysis.figures.saving import save_figure

    plan = new_run(RunFolder("none"), options)
    (file,) = figure_files([options.show_augmentation], [plan.arguments.data])
    if plan.recipe.augmentation is None:
        raise InputError(
            f"--recipe {options.recipe} of {options.network} augments nothing; choose another or --set flip=1"
        )
    faces = load_training_data(plan.arguments.data, "none", options.seed, options.limit).training
    labels, first = np.unique(faces.require_labels(), return_index=True)
    faces = faces.select(first)
    from models.keras_setup import set_up_keras

    set_up_keras(options.backend)
    from analysis.figures.faces import draw_face_sheet
    from training.augmentation import augment
    from training.randomness import make_key

    augmentation = plan.recipe.augmentation
    keys = [make_key(options.seed, step) for step in range(4)]
    rows = [np.array(augment(faces.images, augmentation, key)) for key in keys]
    row_titles = ["as read", *(f"augmented {number}" for number in range(1, 5))]
    titles = [f"{CLASS_NAMES[label]}\nrow {row}" for label, row in zip(labels, faces.rows, strict=True)]
    used = {name: value for name, value in dataclasses.asdict(augmentation).items() if value}
    if "erase" not in used:  # without which its probability means nothing
        used.pop("erase_probability", None)
    settings = ", ".join(f"{name} {float(value):g}" for name, value in used.items())
    title = f"Augmentation of {options.network} by recipe {options.recipe}\n{settings}"
    save_figure(draw_face_sheet([faces.images, *rows], row_titles, titles, title), file)
    print(f"wrote {file}")
