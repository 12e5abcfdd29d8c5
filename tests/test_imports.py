"""Imports point one way, and no script imports TensorFlow before its input is checked."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
SCRIPTS = sorted(path.stem for path in PROJECT.glob("*.py"))
PACKAGES = ("data", "drawing", "photographs", "models", "training", "analysis", "command_line", "reporting")


def imported(path: Path) -> set[str]:
    """The full names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_do_not_import_scripts(package):
    for path in (PROJECT / package).rglob("*.py"):
        assert not imported(path) & set(SCRIPTS), path


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("data", ("drawing", "photographs", "models", "training", "analysis", "command_line", "reporting")),
        ("drawing", ("photographs", "models", "training", "analysis", "command_line", "reporting")),
        ("photographs", ("drawing", "models", "training", "analysis", "command_line", "reporting")),
        ("models", ("drawing", "photographs", "training", "analysis", "command_line", "reporting")),
        ("training", ("drawing", "photographs", "analysis", "command_line", "reporting")),
        ("analysis", ("training", "command_line", "reporting")),
        ("command_line", ("drawing", "reporting")),
    ],
)
def test_lower_packages_do_not_know_the_higher(package, forbidden):
    for path in (PROJECT / package).rglob("*.py"):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & set(forbidden), path


@pytest.mark.parametrize("package", ["data", "drawing", "photographs"])
def test_data_needs_no_tensorflow(package):
    for path in (PROJECT / package).rglob("*.py"):
        assert not {name.split(".")[0] for name in imported(path)} & {"tensorflow", "keras"}, path


def test_only_figures_import_matplotlib():
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            if path.parent.name != "figures":
                assert "matplotlib" not in {name.split(".")[0] for name in imported(path)}, path


def test_scripts_do_not_import_each_other():
    for script in SCRIPTS:
        assert not imported(PROJECT / f"{script}.py") & set(SCRIPTS), script


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_import_first_what_makes_them_end_well(script):
    nodes = ast.parse((PROJECT / f"{script}.py").read_text()).body
    first = next(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    assert isinstance(first, ast.ImportFrom)
    assert first.module == "command_line.errors"


@pytest.mark.parametrize("script", SCRIPTS)
def test_bad_arguments_and_help_do_not_import_tensorflow(script):
    program = (
        f"import sys, {script}\n"
        "for argv in (['--no-such-option'], ['--help']):\n"
        f"    try: {script}.main(argv)\n"
        "    except SystemExit as stop: print(stop.code)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), 'imported too early'\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("2\n")
    assert run.stdout.endswith("0\n")
    assert run.stderr.count("\n") == 1
