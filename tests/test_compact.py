"""The compact network: its size, its cost, faces of other sizes, and training through train_cnn.py."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import train_cnn
import train_dnn
from data.augmentation import augment
from data.ranges import Augmentation
from models.cnn import build_cnn
from models.compact import build_compact
from models.summary import multiply_adds
from models.weights_file import find_weights
from training.recipes import RECIPES, Recipe


@pytest.fixture(scope="module")
def compact() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_compact(mean=128.0, std=64.0)


def test_it_is_small_and_costs_a_third_of_the_cnn(compact):
    assert compact.count_params() == 1_762_695 <= 3_000_000
    # conv2d_2 alone: 9 x 32 x 32 x 48 x 48; all of the report's: 348.7 million.
    cnn = multiply_adds(build_cnn(128.0, 64.0))
    assert cnn == pytest.approx(348.7e6, rel=1e-3)
    assert multiply_adds(compact) <= cnn / 3


def test_its_weights_fit_faces_of_every_size(compact):
    any_size = build_compact(mean=128.0, std=64.0, size=None)
    any_size.set_weights(compact.get_weights())
    generator = np.random.default_rng(1)
    faces = generator.integers(0, 256, (3, 48, 48)).astype(np.float32)
    np.testing.assert_allclose(any_size(faces), compact(faces), rtol=1e-5, atol=1e-5)
    assert any_size(faces[:, :32, :32]).shape == (3, 7)


def test_the_residual_is_added(compact):
    outer = keras.Model(compact.input, compact.get_layer("add_3").output)
    parts = [compact.get_layer(name).output for name in ("activation_1", "batch_normalization_3")]
    carried, added = keras.Model(compact.input, parts)(np.full((1, 48, 48), 50.0, np.float32))
    np.testing.assert_allclose(outer(np.full((1, 48, 48), 50.0, np.float32)), carried + added, rtol=1e-5)


def test_sizes_grow_with_the_epochs():
    recipe = dataclasses.replace(RECIPES["compact"]["fast"], epochs=8, small_until=((0.5, 32), (0.75, 40)))
    assert recipe.sizes() == [32, 32, 32, 32, 40, 40, 48, 48]
    assert dataclasses.replace(recipe, epochs=3).sizes() == [32, 40, 48]
    assert dataclasses.replace(recipe, epochs=1).sizes() == [48]
    assert RECIPES["cnn"]["fast"].sizes() == []


def test_augmentation_scales_the_whole_face():
    rows, columns = np.mgrid[0:48, 0:48].astype(np.float32)
    faces = np.stack([2.0 * rows + 3.0 * columns, 3.0 * rows])
    small = augment(faces, Augmentation(), tf.constant([1, 2]), size=32).numpy()
    # Pixel i of 32 covers the same part of the face as pixel (i + 0.5) * 1.5 - 0.5 of 48.
    rows, columns = (np.mgrid[0:32, 0:32] + 0.5) * 1.5 - 0.5
    np.testing.assert_allclose(small, np.stack([2.0 * rows + 3.0 * columns, 3.0 * rows]), atol=0.01)


def test_an_erased_square_shrinks_with_the_face():
    faces = tf.random.stateless_uniform((200, 48, 48), [1, 2], 0, 255)
    erased = augment(faces, Augmentation(erase=12), tf.constant([3, 4]), size=24).numpy()
    kept = augment(faces, Augmentation(), tf.constant([3, 4]), size=24).numpy()
    assert 36 - 6 <= (erased != kept).sum(axis=(1, 2)).max() <= 36 + 13


@pytest.fixture(scope="module")
def run(drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "compact"
    options = ["--network", "compact", "--validation", "PublicTest", "--epochs", "4", "--batch-size", "32"]
    train_cnn.main(["--data", str(drawn / "fer2013.csv"), "--run", str(path), *options])
    return path


def test_train_cnn_trains_it(run):
    record = json.loads((run / "run.json").read_text())
    assert record["network"] == find_weights(str(run)).network == "compact"
    assert record["recipe"]["optimizer"] == "muon"
    assert Recipe.from_record(record["recipe"]) == dataclasses.replace(
        RECIPES["compact"]["fast"], epochs=4, batch_size=32, validation="PublicTest"
    )


def test_resume_knows_the_network_and_refuses_another(run, fails, capsys):
    train_cnn.main(["--run", str(run), "--resume"])
    assert "is finished: 4 epochs" in capsys.readouterr().out
    message = fails(train_cnn.main, "--run", run, "--resume", "--network", "cnn")
    assert "started with --network compact, not cnn" in message
    assert "holds a run of train_cnn.py, not of train_dnn.py" in fails(
        train_dnn.main, "--run", run, "--resume"
    )


def test_resume_refuses_a_recipe_of_another_version(run, fails):
    record = json.loads((run / "run.json").read_text())
    history = (run / "history.csv").read_text()
    try:
        (run / "run.json").write_text(json.dumps(record | {"recipe": record["recipe"] | {"magic": 1}}))
        (run / "history.csv").write_text("".join(history.splitlines(keepends=True)[:2]))
        assert "recipe of another version" in fails(train_cnn.main, "--run", run, "--resume")
    finally:
        (run / "run.json").write_text(json.dumps(record))
        (run / "history.csv").write_text(history)


def test_there_is_no_report_recipe_for_it(drawn, fails):
    message = fails(
        train_cnn.main, "--network", "compact", "--recipe", "report", "--data", drawn / "train.csv"
    )
    assert "there is none for --network compact" in message
