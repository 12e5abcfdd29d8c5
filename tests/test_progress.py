"""Bars of progress: on a terminal only, wherever what is printed goes."""

import contextlib
import io
import re
import sys

import numpy as np
import pytest

from analysis.attribution import saliency_maps
from command_line.progress import progress_bars
from models.dnn import build_dnn
from models.prediction import predict_probabilities


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def test_bars_reach_the_terminal_although_stdout_is_redirected(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, printed = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "__stdout__", terminal)
    show = progress_bars()
    with contextlib.redirect_stdout(printed):
        for done in (0, 2, 3):
            show("predicting faces", done, 3)
        show("next faces", 0, 5)
    assert printed.getvalue() == ""
    text = re.sub(r"\x1b\[\d+m", "", terminal.getvalue())
    assert text.startswith("predicting faces\n")
    assert "3/3" in text
    assert "s/face" in text
    assert "next faces\n" in text
    assert "0/5" in text


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_a_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "__stdout__", stream)
    progress_bars()("predicting faces", 0, 3)
    assert stream is None or stream.getvalue() == ""


def test_prediction_and_maps_count_every_face_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_dnn(128.0, 64.0)
    faces = np.random.default_rng(1).integers(0, 256, (5, 48, 48), np.uint8)
    calls: list[tuple[str, int, int]] = []
    whole = predict_probabilities([network], faces, tta=True)
    monkeypatch.setattr("models.prediction.BATCH_SIZE", 2)
    monkeypatch.setattr("analysis.attribution.FACES_PER_BLOCK", 3)
    parts = predict_probabilities([network, network], faces, True, lambda *call: calls.append(call))
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    saliency_maps(network, ["gradient"], faces, np.arange(5), 1, progress=lambda *call: calls.append(call))
    expected = [("predicting faces", done, 5) for done in (0, 2, 4, 5)]
    assert calls == expected + [("gradient of faces", done, 5) for done in (0, 3, 5)]
