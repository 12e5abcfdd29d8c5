"""Ctrl-C and SIGTERM while libraries work that may lose the exceptions Python raises then."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def ending_at_once(last_words: Callable[[], None]) -> Iterator[None]:
    """On Ctrl-C in this block call `last_words` and end the process with 130, on SIGTERM with 143.

    Python would raise an exception at any line of Keras, which may catch it and train on, or fail in another
    place with a traceback; JAX's compiler crashes when Python exits meanwhile. Nothing is lost: files are
    whole or absent, and a run continues from its checkpoint. A signal that the process ignores, as in a
    shell's background, stays ignored. Another thread than the main one cannot set handlers, and sets none.
    """

    def end(number: int, frame: FrameType | None) -> None:
        try:
            last_words()
        finally:  # whatever they met, such as a closed pipe
            os._exit(128 + number)

    with _handled_by(end):
        yield


@contextlib.contextmanager
def delivered_afterwards() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM back until the block ends, and handle them then as before it.

    For imports: what a handler raises in a callback of Python's garbage collection, such as JAX's, is lost.
    """
    received: list[int] = []
    try:
        with _handled_by(lambda number, frame: received.append(number)):
            yield
    finally:
        for number in received[:1]:
            signal.raise_signal(number)


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call `handler` on both signals, unless they are ignored or this is not the main thread."""
    with contextlib.ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    stack.callback(signal.signal, number, signal.signal(number, handler))
        yield
