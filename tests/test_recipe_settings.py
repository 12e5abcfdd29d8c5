"""--set: other settings than the recipe's, checked, recorded, and the same after --resume."""

import dataclasses
import json

import pytest

import train_cnn
import train_dnn
from training.recipe_settings import with_settings
from training.recipes import RECIPES, Augmentation

FAST = RECIPES["compact"]["fast"]


def test_settings_replace_those_of_the_recipe_and_nothing_else():
    changed = with_settings(FAST, ["dropout=0.2", "optimizer=adamw", "erase=0", "flip=0", "dropout=0.25"])
    assert changed == dataclasses.replace(
        FAST,
        dropout=0.25,
        optimizer="adamw",
        adam_share=1.0,  # of Muon only
        augmentation=dataclasses.replace(FAST.augmentation, erase=0, flip=False),
    )


def test_augmentation_begins_and_ends_with_its_ranges():
    assert with_settings(RECIPES["dnn"]["report"], ["shift=0.1"]).augmentation == Augmentation(shift=0.1)
    none = ["rotation=0", "shift=0", "zoom=0", "flip=false", "erase=0"]
    assert with_settings(FAST, none).augmentation is None
    # Without flips and rectangles, how they would be made has no effect.
    none += ["aspect=0", "brightness=0", "contrast=0"]
    assert with_settings(RECIPES["medium"]["fast"], none).augmentation is None
    assert with_settings(RECIPES["dnn"]["fast"], ["flip=0"]).augmentation.alternate is False


def test_what_mixup_alone_uses_is_not_recorded_without_it():
    recipe = with_settings(RECIPES["medium"]["fast"], ["mixup=0"])
    assert (recipe.mixup_share, recipe.mixup_until) == (1.0, 1.0)


def test_what_the_optimiser_does_not_use_is_not_recorded():
    adam = with_settings(RECIPES["cnn"]["fast"], ["optimizer=adam"])
    assert (adam.weight_decay, adam.adam_share) == (0.0, 1.0)
    adamw = with_settings(RECIPES["cnn"]["fast"], ["optimizer=adamw"])
    assert (adamw.weight_decay, adamw.adam_share) == (0.02, 1.0)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("dropout", "is not NAME=VALUE"),
        ("speed=3", "with a name of optimizer, learning_rate"),
        ("epochs=3", "an option of its own, --epochs"),
        ("dropout=1", "should be less than or equal to 0.95"),
        ("dropout=nan", "should be a finite number"),
        ("learning_rate=", "should be a valid number"),
        ("learning_rate=0", "should be greater than or equal to 0.0000001"),
        ("erase=12", "should be less than or equal to 1"),
        ("mixup_share=0.5", "has no effect here; omit it or set mixup=0.2 too"),
        ("flip=yes", "is neither true nor false"),
        ("alternate=2", "is neither true nor false"),
        ("optimizer=lion", "should be 'adam', 'adamw', 'muon' or 'sgd'"),
    ],
)
def test_a_setting_that_does_not_exist_or_is_out_of_bounds_is_refused(drawn, tmp_path, fails, setting, words):
    message = fails(
        train_cnn.main, "--data", drawn / "train.csv", "--run", tmp_path / "run", "--set", setting
    )
    assert f"--set {setting}" in message
    assert words in message
    assert not (tmp_path / "run").exists()


def test_a_run_holds_its_settings_and_resumes_with_no_others(drawn, tmp_path, fails):
    run, data = tmp_path / "run", drawn / "train.csv"
    options = ["--epochs", "1", "--limit", "64", "--batch-size", "32", "--validation", "none"]
    train_dnn.main(
        ["--data", str(data), "--run", str(run), *options, "--set", "dropout=0.2", "--set", "zoom=0"]
    )
    record = json.loads((run / "run.json").read_text())
    assert record["arguments"]["set"] == ["dropout=0.2", "zoom=0"]
    assert record["recipe"]["dropout"] == 0.2
    assert record["recipe"]["augmentation"]["zoom"] == 0
    assert record["recipe"]["label_smoothing"] == RECIPES["dnn"]["fast"].label_smoothing
    message = fails(train_dnn.main, "--run", run, "--resume", "--set", "dropout=0.3")
    assert "was started with --set dropout=0.2 zoom=0, not dropout=0.3; omit --set" in message
