"""What a run folder holds, and how it is read again."""

import json

import keras
import numpy as np
import pytest

from data import InputError
from models.prediction import Gpu
from training import run_folder
from training.run_folder import best_epoch, best_precision, load_checkpoint, locked, read_history, save_epoch

ROW = {"accuracy": 0.5, "loss": 1.25, "learning_rate": 0.001, "seconds": 3.5}
HISTORY = [{"epoch": 1, **ROW}, {"epoch": 2, **ROW, "loss": 1 / 3}]


def small_model(units: int = 4) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    model.compile(keras.optimizers.Adam(0.1, use_ema=True), "mse")
    return model


def trained_model() -> keras.Model:
    model = small_model()
    for _ in range(3):
        model.train_on_batch(np.ones((2, 3)), np.zeros((2, 4)))
    return model


def test_a_checkpoint_restores_weights_optimizer_and_history(tmp_path):
    model, restored = trained_model(), small_model()
    save_epoch(model, tmp_path, HISTORY)
    assert load_checkpoint(restored, tmp_path) == HISTORY
    for each in (model, restored):
        each.train_on_batch(np.ones((2, 3)), np.zeros((2, 4)))
    variables = zip(*(each.weights + each.optimizer.variables for each in (model, restored)), strict=True)
    for variable, same in variables:
        np.testing.assert_array_equal(variable, same)


def test_without_a_checkpoint_nothing_is_restored(tmp_path):
    assert load_checkpoint(small_model(), tmp_path) == []


def test_a_run_of_several_epochs_without_its_checkpoint_is_not_started_again(tmp_path):
    save_epoch(trained_model(), tmp_path, HISTORY + HISTORY)
    (tmp_path / "checkpoint.weights.h5").unlink()
    with pytest.raises(
        InputError, match=r"checkpoint.weights.h5: is missing, and --resume continues from it"
    ):
        load_checkpoint(small_model(), tmp_path)
    (tmp_path / "history.csv").write_text("rubbish\n1\n2\n")
    with pytest.raises(InputError, match=r"history.csv: its history cannot be read"):
        load_checkpoint(small_model(), tmp_path)


@pytest.mark.parametrize("damage", ["empty", "text", "short", "other network"])
def test_a_damaged_checkpoint_ends_with_one_line(tmp_path, damage):
    save_epoch(trained_model(), tmp_path, HISTORY)
    file = tmp_path / "checkpoint.weights.h5"
    content = file.read_bytes()
    file.write_bytes(
        {"empty": b"", "text": b"text", "short": content[: len(content) // 2]}.get(damage, content)
    )
    with pytest.raises(InputError, match=r"checkpoint.weights.h5: is damaged \(") as refused:
        load_checkpoint(small_model(5 if damage == "other network" else 4), tmp_path)
    assert "\n" not in str(refused.value)


def test_a_history_is_read_from_a_run_folder_and_from_exported_weights(tmp_path):
    save_epoch(trained_model(), tmp_path, HISTORY)
    assert read_history(tmp_path) == HISTORY
    (tmp_path / "cnn.json").write_text(json.dumps({"network": "cnn", "history": HISTORY}))
    assert read_history(tmp_path / "cnn.json") == HISTORY


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", "{"), ("b.json", "[]"), ("c.json", "{}"), ("history.csv", "")]
)
def test_a_history_that_cannot_be_read_ends_with_one_line(tmp_path, name, content):
    path = tmp_path if name == "history.csv" else tmp_path / name
    with pytest.raises(InputError, match="has no history; give a run folder"):
        read_history(path)
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match="its history cannot be read"):
        read_history(path)


def test_the_best_epoch_is_the_first_of_highest_accuracy_or_without_validation_the_last():
    rows = [{"epoch": number, "val_accuracy": value} for number, value in enumerate((0.1, 0.3, 0.3), start=1)]
    assert best_epoch(rows) is rows[1]
    assert best_epoch(HISTORY) is HISTORY[1]


def test_a_run_folder_is_made_locked_and_cleaned(tmp_path):
    run = tmp_path / "runs" / "one"
    with locked(run):
        (run / ".0a1b2c3d.tmp").write_bytes(b"half")
    with locked(run):
        assert not list(run.glob("*.tmp"))


@pytest.mark.parametrize(
    ("flags", "capabilities", "precision"),
    [
        ("fpu avx2 fma", [], "float32"),
        ("fpu avx2 avx512_bf16", [], "bfloat16"),
        ("amx_bf16", [], "bfloat16"),
        ("", [], "float32"),  # macOS and Windows list none
        # A GPU decides alone, whatever the CPU beside it.
        ("avx512_bf16", [(7, 5)], "float32"),
        ("avx2", [(8, 0), (10, 0)], "bfloat16"),
        ("avx512_bf16", [(9, 0), (7, 5)], "float32"),
        ("avx512_bf16", [None], "float32"),
    ],
)
def test_bfloat16_is_chosen_where_the_hardware_is_fast_at_it(monkeypatch, flags, capabilities, precision):
    monkeypatch.setattr(run_folder, "cpu_information", lambda name: flags)
    found = [Gpu("GPU", capability) for capability in capabilities]
    assert best_precision("tensorflow", found) == precision
    assert best_precision("jax", found) == (precision if found else "float32")


def test_the_environment_names_versions_code_and_machine():
    facts = json.loads(json.dumps(run_folder.environment("tensorflow", ["A", "B"])))
    assert facts["versions"]["keras"] == keras.__version__
    assert set(facts["versions"]) == {"tensorflow", "keras", "numpy", "python"}
    assert facts["machine"]["gpus"] == "A, B"
    assert facts["commit"] == "unknown" or len(facts["commit"].removesuffix("+changes")) == 40
