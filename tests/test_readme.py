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

import data.faces
from reporting.page import built
from training.recipes import RECIPES, with_settings

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text()
SCRIPTS = sorted(path.stem for path in PROJECT.glob("*.py") if path.stem != "command_line")
# Added to the trainings, which take hours.
SHORT = ["--epochs", "1", "--limit", "77", "--batch-size", "14"]


def shell_lines() -> list[list[str]]:
    """The commands of all shell blocks, in order, as words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [words for block in blocks for line in block.splitlines() if (words := shlex.split(line, True))]


def inline_code() -> list[str]:
    without_blocks = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", without_blocks)]


def make_commands(*words: str) -> list[list[str]]:
    """The commands of scripts that make would run, without running them."""
    dry = [*words, "--dry-run", "--assume-old=.venv/ready"]
    printed = subprocess.run(dry, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [line.split() for line in re.findall(r"\.venv/bin/python (\w+\.py .*)", printed)]


def tiny_network(mean: float, std: float, **dropout: float) -> keras.Model:
    inputs = keras.Input((48, 48))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / std, -mean / std)(inputs))
    return keras.Model(inputs, keras.layers.Dense(7, dtype="float32", name="dense_2")(x))


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """The options that each script's --help names."""
    known = {}
    for script in SCRIPTS:
        with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit):
            importlib.import_module(script).main(["--help"])
        known[script] = set(re.findall(r"--[a-z-]+", printed.getvalue()))
    return known


def test_the_shell_commands_work_one_after_the_other(csvs, tmp_path, monkeypatch, capsys, request):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("train.csv", "test.csv", "icml_face_data.csv"):
        shutil.copy(csvs / name, folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.faces, "DATA_FOLDER", folder)
    for name in ("cnn", "dnn"):  # which take a minute to train on a few faces
        monkeypatch.setattr(f"models.{name}.build_{name}", tiny_network)
    monkeypatch.setattr(
        "report.render_page", lambda *arguments: "the layers of the tiny network have other names"
    )
    built.cache_clear()  # of the report's networks, before and after
    request.addfinalizer(built.cache_clear)
    # Of what is trained in an evening and drawn in minutes, a little.
    added = {"train_cnn": SHORT, "train_dnn": SHORT, "report": ["--quick"], "filter_viz": ["--steps", "2"]}
    ran = []
    for program, *words in shell_lines():
        if program == "python":
            script = words[0].removesuffix(".py")
            if script == "train_cnn":  # the homework has only two files
                (folder / "icml_face_data.csv").unlink()
            importlib.import_module(script).main(words[1:] + added.get(script, []))
            written = re.findall(r"^wrote ([^\s:]+)", capsys.readouterr().out, re.MULTILINE)
            assert written or "train" in script
            assert all(Path(file).is_file() for file in written)
            ran.append(script)
    five = {"train_cnn", "train_dnn", "confusion", "saliency", "filter_viz"}
    assert five | {"predict", "report"} <= set(ran)


def test_the_lines_of_python_predict_faces(drawn):
    (code,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    names = {"faces": drawn.images}
    exec(code, names)
    assert names["probabilities"].shape == (70, 7)


def test_make_commands_use_options_that_exist(options):
    wanted = {"make demo", "make report DATA=data", "make submissions DATA=data"}
    assert wanted <= {*inline_code(), *(" ".join(line) for line in shell_lines())}
    for words in wanted:
        commands = make_commands(*words.split())
        assert commands
        for script, *arguments in commands:
            named = {word for word in arguments if word.startswith("--")}
            assert named <= options[script.removesuffix(".py")], (words, script)


def test_every_option_and_script_in_the_text_exists(options):
    everything = set().union(*options.values())
    for code in inline_code():
        first = code.split()[0]
        known = options.get(first.removesuffix(".py"), everything)
        assert set(re.findall(r"(?<!\S)--[a-z-]+", code)) <= known | {"--version"}, code
        if first.endswith(".py") and "*" not in first:
            assert (PROJECT / first).is_file(), code


def test_settings_in_the_text_are_accepted():
    recipe, settings = RECIPES["cnn"]["fast"], [each for each in inline_code() if each.startswith("--set ")]
    assert settings
    assert all(with_settings(recipe, shlex.split(changes)[1:]) != recipe for changes in settings)


@pytest.mark.parametrize(
    "name", ["README.md", "docs/design.md", "docs/results.md", "models/weights/README.md"]
)
def test_links_lead_to_files_and_headings(name):
    file = PROJECT / name
    for target, heading in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", file.read_text()):
        if not target.startswith("https://"):
            linked = file.parent / target if target else file
            assert linked.exists(), target
            if heading:
                titles = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
                slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
                assert heading in slugs, (target, heading)
