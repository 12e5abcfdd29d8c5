"""Imports point one way, and no script imports TensorFlow before its input is checked."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
SCRIPTS = sorted(path.stem for path in PROJECT.glob("*.py") if path.stem != "command_line")
ORDER = ("data", "models", "training", "analysis", "reporting")
# analysis draws the curves of a training and reads its run folder, and training knows no more of analysis.
ALLOWED = {
    "data": {"data"},
    "models": {"data", "models"},
    "training": {"data", "models", "training", "analysis", "command_line"},
    "analysis": {"data", "models", "analysis", "training"},
    "reporting": {"data", "models", "training", "analysis", "reporting"},
}


def imported(path: Path) -> set[str]:
    """The full names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("package", ORDER)
def test_lower_packages_do_not_know_the_higher(package):
    own = {*ORDER, "command_line", *SCRIPTS}
    for path in (PROJECT / package).rglob("*.py"):
        roots = {name.split(".")[0] for name in imported(path)}
        assert roots & own <= ALLOWED[package], path
        if package == "data":
            assert not roots & {"tensorflow", "keras", "jax"}, path


@pytest.mark.parametrize("script", SCRIPTS)
def test_only_the_page_is_made_of_other_scripts(script):
    others = imported(PROJECT / f"{script}.py") & set(SCRIPTS)
    assert not others or script == "report", others


def test_bad_arguments_and_help_do_not_import_tensorflow():
    program = (
        "import importlib, sys\n"
        f"for script in {SCRIPTS}:\n"
        "    for argv in (['--no-such-option'], ['--help']):\n"
        "        try: importlib.import_module(script).main(argv)\n"
        "        except SystemExit as stop: print(script, stop.code, file=sys.stderr)\n"
        "    assert not {'tensorflow', 'keras', 'jax'} & set(sys.modules), script\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    ends = [line for line in run.stderr.splitlines() if not line.startswith("error: ")]
    assert ends == [f"{script} {code}" for script in SCRIPTS for code in (2, 0)]
