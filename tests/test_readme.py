"""What the README tells to type works, one command after the other, beside the competition's files."""

import contextlib
import importlib
import io
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import keras
import pytest

from command_line.training_options import parse_options
from data import locate
from data.dataset import IMAGE_SIZE, NUM_CLASSES
from models import REPORT_NETWORKS
from models.layers import normalization
from training.environment import PROJECT
from training.recipe_settings import with_settings
from training.recipes import RECIPES

README = (PROJECT / "README.md").read_text()
SCRIPTS = sorted(path.stem for path in PROJECT.glob("*.py"))
# Added to the trainings, which take hours.
SHORT = ["--epochs", "1", "--limit", "16", "--batch-size", "16"]
# The competition's files, and which drawn ones have their form.
FILES = {
    "train.csv": "emotion_pixels.csv",
    "test.csv": "pixels.csv",
    "icml_face_data.csv": "icml_face_data.csv",
}


def shell_lines() -> list[list[str]]:
    """The commands of all shell blocks, in order, as words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [words for block in blocks for line in block.splitlines() if (words := shlex.split(line, True))]


def inline_code() -> list[str]:
    without_blocks = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", without_blocks)]


def make_commands(words: list[str]) -> list[list[str]]:
    """The commands of scripts that make would run for `make ...`, without running them."""
    run = subprocess.run(
        [*words, "--dry-run", "--assume-old=.venv/ready"], cwd=PROJECT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    lines = (shlex.split(line, True) for line in run.stdout.replace("\\\n", "").splitlines())
    return [line[1:] for line in lines if line and line[0] == ".venv/bin/python"]


def tiny_network(mean: float, std: float, **dropout: float) -> keras.Model:
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE))
    x = keras.layers.Flatten()(normalization(mean, std)(inputs))
    return keras.Model(inputs, keras.layers.Dense(NUM_CLASSES, dtype="float32")(x))


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """The options that each script's --help names."""
    known = {}
    for script in SCRIPTS:
        with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit):
            importlib.import_module(script).main(["--help"])
        known[script] = set(re.findall(r"--[a-z-]+", printed.getvalue()))
    return known


def test_the_shell_commands_work_one_after_the_other(drawn, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    for name, form in FILES.items():
        shutil.copy(drawn / form, tmp_path / "data" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(locate, "DATA_FOLDER", tmp_path / "data")
    for name in REPORT_NETWORKS:  # which take a minute to train on 16 faces
        monkeypatch.setattr(f"models.{name}.build_{name}", tiny_network)
    ran = []
    for program, *words in shell_lines():
        if program != "python":
            continue
        script, *arguments = words
        is_training = script.startswith("train_")
        importlib.import_module(script.removesuffix(".py")).main(arguments + (SHORT if is_training else []))
        written = re.findall(r"^wrote ([^\s:]+)", capsys.readouterr().out, re.MULTILINE)
        assert written
        assert all(Path(file).is_file() for file in written)
        ran.append(script)
    assert {"train_cnn.py", "train_dnn.py", "predict.py"} <= set(ran)


def test_other_lines_of_the_shell_blocks_are_known():
    others = [line for line in shell_lines() if line[0] != "python"]
    for line in others:
        assert line == [".", ".venv/bin/activate"] or make_commands(line), line


def test_make_commands_in_the_text_use_options_that_exist(options):
    found = [shlex.split(code) for code in inline_code() if code.startswith("make ") and code != "make test"]
    found += [line for line in shell_lines() if line[0] == "make"]
    assert ["make", "demo"] in found
    makefile = (PROJECT / "Makefile").read_text()
    for words in found:
        variables = {word.partition("=")[0] for word in words if "=" in word}
        assert all(f"$({name})" in makefile for name in variables), words
        for script, *arguments in make_commands(words):
            wanted = {word for word in arguments if word.startswith("--")}
            assert wanted <= options[script.removesuffix(".py")], (words, script)


def test_every_option_and_script_in_the_text_exists(options):
    for code in inline_code():
        first = code.split()[0]
        known = (
            options[first[:-3]]
            if first in {f"{name}.py" for name in SCRIPTS}
            else set().union(*options.values())
        )
        assert set(re.findall(r"(?<!\S)--[a-z-]+", code)) <= known, code
        if first.endswith(".py"):
            assert (PROJECT / first).is_file(), code


def test_settings_in_the_text_are_accepted():
    settings = [code for code in inline_code() if code.startswith("--set ")]
    assert settings
    for code in settings:
        plan = parse_options("train_cnn.py", None, shlex.split(code))
        with_settings(RECIPES["cnn"]["fast"], plan.set)


def test_links_lead_to_files_and_headings():
    for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", README):
        assert target.startswith("https://") or (PROJECT / target).exists(), target
