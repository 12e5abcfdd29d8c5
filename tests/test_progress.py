"""Signs of life of long work."""

import io
import time
from weakref import WeakSet

from data import progress
from data.progress import Progress


def test_off_a_terminal_there_are_lines_and_only_of_long_work(monkeypatch, capsys):
    assert list(Progress(range(3), "predicting")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "SECONDS", 0.05)
    for _ in Progress(range(3), "predicting", unit=" faces"):
        time.sleep(0.06)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "predicting: still working, 1 of 3 faces after 00:00"
    assert len(lines) == 3


def test_on_a_terminal_there_is_a_bar_which_goes(monkeypatch):
    # A bar that another test's error left open would move this one to the next line.
    monkeypatch.setattr(Progress, "_instances", WeakSet())
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    assert list(Progress(range(3), "predicting")) == [0, 1, 2]
    assert "predicting:   0%|" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")
