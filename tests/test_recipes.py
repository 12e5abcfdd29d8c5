"""The recipes, and what --set changes in them."""

import dataclasses
import json

import pytest

from data import InputError
from training.recipes import RECIPES, Augmentation, recipe_from, with_settings

FAST = RECIPES["compact"]["fast"]


def test_report_recipes_are_the_reports():
    cnn, dnn = RECIPES["cnn"]["report"], RECIPES["dnn"]["report"]
    assert (cnn.epochs, cnn.batch_size, cnn.validation) == (100, 128, "none")
    assert (dnn.epochs, dnn.batch_size, dnn.validation) == (80, 128, "0.2")
    assert cnn.augmentation == Augmentation(rotation=10, shift=0.1, flip=True)
    assert dnn.augmentation == Augmentation()
    assert (cnn.optimizer, cnn.learning_rate, cnn.warmup, cnn.average) == ("adam", 0.001, 0, 0)


def test_finetuning_is_gentler_than_training_from_scratch():
    for recipes in RECIPES.values():
        fast, finetune = recipes["fast"], recipes["finetune"]
        assert finetune.learning_rate == pytest.approx(0.3 * fast.learning_rate)
        assert (finetune.epochs, finetune.batch_size, finetune.average, finetune.mixup) == (8, 32, 0, 0)
        assert finetune.augmentation == fast.augmentation


def test_settings_replace_those_of_the_recipe_and_nothing_else():
    changed = with_settings(FAST, ["dropout=0.2", "optimizer=adamw", "erase=0", "flip=false", "dropout=.25"])
    augmentation = dataclasses.replace(FAST.augmentation, erase=0, flip=False)
    assert changed == dataclasses.replace(FAST, dropout=0.25, optimizer="adamw", augmentation=augmentation)
    assert with_settings(RECIPES["dnn"]["report"], ["flip=1"]).augmentation == Augmentation(flip=True)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("dropout", "give dropout=VALUE, a number from 0 to 0.95"),
        ("speed=3", "give NAME=VALUE, with one of the names optimizer, learning_rate"),
        ("epochs=3", "give NAME=VALUE"),
        ("dropout=1", "give dropout=VALUE, a number from 0 to 0.95"),
        ("dropout=nan", "give dropout=VALUE, a number"),
        ("learning_rate=", "give learning_rate=VALUE, a number from 1e-07 to 10"),
        ("erase=12", "give erase=VALUE, a number from 0 to 1"),
        ("flip=yes", "give flip=VALUE, a number from 0 to 1"),
        ("optimizer=lion", "give optimizer=VALUE, adam or adamw or muon or sgd"),
    ],
)
def test_a_setting_that_does_not_exist_or_is_out_of_range_is_refused(setting, words):
    with pytest.raises(InputError) as refused:
        with_settings(FAST, ["warmup=0", setting])
    assert f"--set {setting}: {words}" in str(refused.value)


def test_a_recipe_survives_json():
    for recipes in RECIPES.values():
        for recipe in recipes.values():
            assert recipe_from(json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe
