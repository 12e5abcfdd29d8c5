"""The options of the training scripts: what they ask for, and what is refused before anything is computed."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import train_cnn
import train_dnn
from models import CONVOLUTIONAL
from training.options import parse_options
from training.recipes import RECIPES


def parsed(*argv: object):
    return parse_options(CONVOLUTIONAL, None, [str(each) for each in argv])


@pytest.fixture
def stopped(csvs, tmp_path) -> Path:
    """The folder of a run that has only begun."""
    run = tmp_path / "stopped"
    options = parsed("--data", csvs / "train.csv", "--run", run, "--set", "dropout=0.2", "--epochs", 5)
    run.mkdir()
    record = options.record | {"data_digest": "0", "initial_weights": None}
    (run / "run.json").write_text(json.dumps(record))
    return run


def test_a_new_run_takes_the_recipes_values_and_those_that_were_typed(csvs, monkeypatch):
    monkeypatch.chdir(csvs)
    options = parsed(
        "--data", "train.csv", "--network", "medium", "--epochs", 3, "--set", "dropout=0.2", "zoom=0"
    )
    fast = RECIPES["medium"]["fast"]
    changed = replace(fast.augmentation, zoom=0)
    assert options.recipe == replace(fast, epochs=3, dropout=0.2, augmentation=changed)
    assert options.run == Path("runs/medium-fast-seed1")
    assert options.record == {
        "network": "medium",
        "recipe": asdict(options.recipe),
        "arguments": {
            "data": str(csvs / "train.csv"),
            "faces": None,
            "classes": [],
            "recipe": "fast",
            "epochs": 3,
            "batch_size": 128,
            "validation": "auto",
            "seed": 1,
            "limit": None,
            "deterministic": False,
            "set": ["dropout=0.2", "zoom=0"],
            "teacher": [],
            "fold": None,
            "backend": "tensorflow",
        },
    }


def test_a_network_without_convolutions_has_no_filters_to_whiten(csvs, failing):
    line = failing(train_dnn.main, "--data", csvs / "train.csv", "--set", "whiten=1")
    assert "whiten=1 is for new weights of a convolutional network" in line


def test_initial_weights_choose_network_and_recipe(csvs):
    options = parsed("--data", csvs / "train.csv", "--from", "compact")
    assert options.record["network"] == options.initial.network == "compact"
    assert options.recipe == RECIPES["compact"]["finetune"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--epochs 0", "'0' is not a whole number from 1"),
        ("--seed 99999999999", "is not a whole number"),
        ("--recipe slow", "invalid choice"),
        ("--epoch 3", "unrecognized arguments"),
        ("--set dropout=2", "--set dropout=2: give dropout=VALUE, a number from 0 to 0.95"),
        ("--network compact --recipe report", "compact has only fast and finetune"),
        ("--recipe finetune", "needs weights to start from; add --from"),
        ("--from compact --network cnn", "is compact; give weights of cnn"),
        (
            "--from compact --set whiten=1",
            "is for new weights of a convolutional network; give --set whiten=0",
        ),
        ("--from dnn", "is dnn; give weights of cnn or small or compact or medium"),
        ("--from ensemble", "ensemble: is 2 networks"),
        ("--from nowhere", "nowhere: no such weights"),
        ("--resume", "has no run.json, so there is no run"),
    ],
)
def test_what_does_not_fit_ends_with_one_line(csvs, tmp_path, failing, options, words):
    data = ["--data", csvs / "train.csv", "--run", tmp_path / "run"]
    assert words in failing(train_cnn.main, *data, *options.split())
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_is_not_overwritten(csvs, stopped, failing):
    before = (stopped / "run.json").read_bytes()
    line = failing(train_cnn.main, "--data", csvs / "train.csv", "--run", stopped)
    assert "has a run already; continue it with --resume, " in line
    assert (stopped / "run.json").read_bytes() == before
    file = stopped / "run.json"
    line = failing(train_cnn.main, "--data", csvs / "train.csv", "--run", file / "new")
    assert f"{file} is a file, not a folder" in line


def test_a_stopped_run_keeps_what_it_was_started_with(csvs, stopped, monkeypatch):
    monkeypatch.chdir(csvs)
    options = parsed("--run", stopped, "--resume")
    assert options.recipe.dropout == 0.2
    assert options.recipe.epochs == options.record["arguments"]["epochs"] == 5
    # The same command once more, from another folder.
    again = ["--data", "train.csv", "--set", "dropout=0.2", "--epochs", 5]
    assert parsed("--run", stopped, "--resume", *again) == options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--epochs", 3],
            "--epochs 5, not 3; omit --epochs, or train on in a new run, with --from",
        ),
        (["--set", "dropout=0.3"], "--set ['dropout=0.2'], not ['dropout=0.3']; omit --set"),
        (["--network", "compact"], "--network cnn, not compact; omit --network"),
        (["--backend", "jax"], "--backend tensorflow, not jax; omit --backend"),
        (["--deterministic"], "--deterministic False, not True; omit --deterministic"),
        (["--from", "cnn"], "was started from other weights than"),
    ],
)
def test_a_stopped_run_refuses_other_options(stopped, failing, options, words):
    assert words in failing(train_cnn.main, "--run", stopped, "--resume", *options)


def test_the_other_script_does_not_resume_a_run(stopped, failing):
    line = failing(train_dnn.main, "--run", stopped, "--resume")
    assert "is a run of another script or version" in line


@pytest.mark.parametrize(
    ("content", "words"), [("{", "run.json: is damaged ("), ("{}", "another script or version")]
)
def test_a_damaged_run_json_ends_with_one_line(stopped, failing, content, words):
    (stopped / "run.json").write_text(content)
    assert words in failing(train_cnn.main, "--run", stopped, "--resume")
