"""How scripts end, what options mean, and which files may be written."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import Parser, check_outputs, one_line_errors, whole_number
from command_line.figures import FigureParser, figure_files, row_numbers
from data import InputError

PROJECT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (InputError("a\nb.csv: is empty"), 2, "error: a\\nb.csv: is empty"),
        (OSError(28, "No space left", "a.png"), 2, "error: a.png: No space left; free the disk"),
        (FileNotFoundError(2, "No such file", "a.csv"), 2, "error: a.csv: No such file; check the path"),
        (MemoryError(), 2, "error: out of memory; "),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_stops_a_script_is_one_line_and_an_exit_code(raised, code, line, capsys):
    def stopped(argv=None):
        raise raised

    with pytest.raises(SystemExit) as stop:
        one_line_errors(stopped)([])
    printed = capsys.readouterr().err
    assert (stop.value.code, printed.count("\n")) == (code, 1)
    assert printed.startswith(line)


def test_a_bug_keeps_its_traceback_and_a_result_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        one_line_errors(lambda argv: 1 / 0)([])
    assert one_line_errors(lambda argv: argv)(["a"]) == ["a"]


def test_a_closed_pipe_and_sigterm_end_silently():
    body = "import os, signal, sys; from command_line import one_line_errors\n"
    for action, code in (("print('1' * 10**6)", 141), ("os.kill(os.getpid(), signal.SIGTERM)", 143)):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            program = [sys.executable, "-c", f"{body}one_line_errors(lambda argv: {action})([])"]
            ended = subprocess.run(program, cwd=PROJECT, stdout=pipe, stderr=-1)
        assert (ended.returncode, ended.stderr) == (code, b"")


def test_wrong_options_are_input_errors_and_help_shows_defaults(capsys):
    parser = FigureParser("What it does.")
    parser.add_figure("a.png")
    parser.add_argument("--steps", type=whole_number(1, 9), default=3, help="steps")
    parser.add_argument("--rows", type=row_numbers, help="rows")
    assert parser.parse_args(["--rows", "0,12", "--steps", "9"]).rows == [0, 12]
    with pytest.raises(InputError, match="name files by an option, such as --data"):
        parser.parse_args(["me.jpg"])
    for argv in ("--no-such", "--steps 0", "--steps 10", "--steps x", "--ste 3", "--rows 1,-2", "--rows 1.5"):
        with pytest.raises(InputError, match=r"see .* --help"):
            parser.parse_args(argv.split())
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert "steps (default: 3)" in capsys.readouterr().out


def test_given_names_only_what_was_typed():
    parser = Parser(None)
    parser.add_argument("--set", nargs="+", action="extend", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    assert parser.given([]) == {}
    assert parser.given(["--set", "a", "--set", "b", "--seed", "1"]) == {"set": ["a", "b"], "seed": 1}


def test_outputs_are_checked_before_the_work(tmp_path):
    present = tmp_path / "a.png"
    present.write_bytes(b"precious")
    assert check_outputs([tmp_path / "b.png"], overwrite=False) == [tmp_path / "b.png"]
    assert check_outputs([present], overwrite=True) == [present]
    for file, problem in [
        (present, "exists already; .* --overwrite"),
        (tmp_path / "no" / "a.png", "does not exist; create it"),
        (tmp_path, "is a folder"),
        (tmp_path / "a.jpg", r"must end in \.png"),
    ]:
        with pytest.raises(InputError, match=problem):
            check_outputs([file], overwrite=False, endings=None if file == tmp_path else [".png"])
    with pytest.raises(InputError, match="twice"):
        check_outputs([tmp_path / "b.png"] * 2, overwrite=False)


def test_no_file_that_is_read_is_replaced(tmp_path):
    parser = FigureParser("")
    parser.add_data()
    parser.add_figure("a.png")
    data = tmp_path / "own.csv"
    data.write_text("faces")
    arguments = parser.parse_args(["--data", str(data), "--out", str(tmp_path / "own.png"), "--overwrite"])
    with pytest.raises(InputError, match=r"own.csv: is read by this command; name another file"):
        figure_files(arguments, texts=[".csv"])
    assert figure_files(arguments) == [tmp_path / "own.png"]


@pytest.mark.parametrize("taken", ["q.png", "q.pdf", "q-check.png", "q-check.pdf", "q.json"])
def test_everything_beside_a_figure_is_checked_too(taken, tmp_path):
    arguments = argparse.Namespace(out=[str(tmp_path / "q.png"), str(tmp_path / "q.pdf")], overwrite=False)
    assert figure_files(arguments, ["-check"], [".json"]) == [tmp_path / "q.png", tmp_path / "q.pdf"]
    (tmp_path / taken).touch()
    with pytest.raises(InputError, match=f"{taken}: exists already"):
        figure_files(arguments, ["-check"], [".json"])


def test_help_shows_defaults_that_are_lists_of_numbers():
    parser = Parser("")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="one training per seed")
    assert "one training per seed (default: 1 2)" in parser.format_help()
