"""The compact network: its size, its cost, and training through train_cnn.py."""

import dataclasses
import json

import keras
import numpy as np
import pytest

import train_cnn
import train_dnn
from models.cnn import build_cnn
from models.compact import build_compact
from models.locate import find_weights
from models.summary import multiply_adds
from training.recipes import RECIPES
from training.run_folder import RunFolder


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


def test_the_residual_is_added(compact):
    outer = keras.Model(compact.input, compact.get_layer("add_3").output)
    parts = [compact.get_layer(name).output for name in ("activation_1", "batch_normalization_3")]
    carried, added = keras.Model(compact.input, parts)(np.full((1, 48, 48), 50.0, np.float32))
    np.testing.assert_allclose(outer(np.full((1, 48, 48), 50.0, np.float32)), carried + added, rtol=1e-5)


def test_train_cnn_trains_it(compact_run):
    record = json.loads((compact_run / "run.json").read_text())
    assert record["network"] == find_weights(str(compact_run)).network == "compact"
    assert record["recipe"]["optimizer"] == "muon"
    assert RunFolder(compact_run).read_state().recipe == dataclasses.replace(
        RECIPES["compact"]["fast"],
        epochs=4,
        batch_size=32,
        validation="PublicTest",
        teacher_share=0.0,  # it has no teacher
    )


def test_resume_knows_the_network_and_refuses_another(compact_run, fails, capsys):
    train_cnn.main(["--run", str(compact_run), "--resume"])
    assert "is finished: 4 epochs" in capsys.readouterr().out
    message = fails(train_cnn.main, "--run", compact_run, "--resume", "--network", "cnn")
    assert "started with --network compact, not cnn" in message
    assert "holds a run of train_cnn.py, not of train_dnn.py" in fails(
        train_dnn.main, "--run", compact_run, "--resume"
    )


def test_resume_refuses_a_recipe_of_another_version(compact_run, fails):
    record = json.loads((compact_run / "run.json").read_text())
    history = (compact_run / "history.csv").read_text()
    try:
        (compact_run / "run.json").write_text(
            json.dumps(record | {"recipe": record["recipe"] | {"magic": 1}})
        )
        (compact_run / "history.csv").write_text("".join(history.splitlines(keepends=True)[:2]))
        assert "recipe.magic Unexpected" in fails(train_cnn.main, "--run", compact_run, "--resume")
    finally:
        (compact_run / "run.json").write_text(json.dumps(record))
        (compact_run / "history.csv").write_text(history)


def test_there_is_no_report_recipe_for_it(drawn, fails):
    message = fails(
        train_cnn.main, "--network", "compact", "--recipe", "report", "--data", drawn / "train.csv"
    )
    assert "--network compact has no such recipe" in message
