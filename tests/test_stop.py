"""Ctrl-C and SIGTERM end the process, whatever code they meet."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from models.stop import ending_at_once

# As in a library that catches everything: an exception raised by the signal would be lost.
CATCHES_ALL = """
import os, signal
from models.stop import ending_at_once
signal.signal(signal.SIGINT, signal.{before})
with ending_at_once(lambda: {last_words}):
    try:
        os.kill(os.getpid(), signal.{sent})
    except BaseException:
        pass
print("went on")
"""


SAY_SOMETHING, FAIL = 'print("last words", flush=True)', "1 / 0"


@pytest.mark.parametrize(
    ("sent", "before", "last_words", "code", "printed"),
    [
        ("SIGINT", "default_int_handler", SAY_SOMETHING, 130, "last words\n"),
        ("SIGINT", "default_int_handler", FAIL, 130, ""),
        ("SIGTERM", "default_int_handler", SAY_SOMETHING, 143, "last words\n"),
        ("SIGINT", "SIG_IGN", SAY_SOMETHING, 0, "went on\n"),
    ],
)
def test_a_signal_ends_even_code_that_catches_every_exception(sent, before, last_words, code, printed):
    ended = subprocess.run(
        [sys.executable, "-c", CATCHES_ALL.format(sent=sent, before=before, last_words=last_words)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, printed, "")


def test_after_the_block_signals_are_handled_as_before():
    before = signal.getsignal(signal.SIGTERM)  # not SIGINT, which the tests themselves may have to ignore
    with ending_at_once(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_trains_without_handlers():
    seen = []

    def run() -> None:
        with ending_at_once(lambda: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


KEPT_BACK = """
import os, signal
from models.stop import delivered_afterwards
signal.signal(signal.SIGINT, signal.{before})
try:
    with delivered_afterwards():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException:
            pass
        print("went on", flush=True)
    print("afterwards")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("before", "printed"),
    [("default_int_handler", "went on\ninterrupted\n"), ("SIG_IGN", "went on\nafterwards\n")],
)
def test_a_signal_that_comes_during_an_import_counts_after_it(before, printed):
    ended = subprocess.run(
        [sys.executable, "-c", KEPT_BACK.format(before=before)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, printed, "")
