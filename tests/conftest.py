"""What the tests share: Keras set up once, drawn faces in every form, and a finished run."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data import CLASS_NAMES, USAGE_NAMES
from data.faces import Faces
from models.prediction import set_up_keras

set_up_keras()


@pytest.fixture(scope="session")
def drawn() -> Faces:
    """70 drawn faces, ten of each class; do not change them."""
    from data.drawn import draw_faces

    return draw_faces(70, seed=1)


@pytest.fixture(scope="session")
def csvs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawn faces in every form of CSV, 140 to train and 70 to test; do not change it."""
    from data.drawn import write_csvs

    folder = tmp_path_factory.mktemp("csvs")
    write_csvs(folder, train=140, test=70, seed=1)
    return folder


@pytest.fixture(scope="session")
def picture_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same faces as pictures, the form in which most people have them; do not change it.

    They are train/CLASS/Training_ROW.png, and test/CLASS/PublicTest_ROW.png or PrivateTest_ROW.png.
    """
    from data.drawn import draw_faces

    folder, faces = tmp_path_factory.mktemp("pictures"), draw_faces(210, seed=1)
    for number, usage in enumerate(np.repeat(USAGE_NAMES, [140, 35, 35])):
        split = folder / ("train" if usage == "Training" else "test")
        file = split / CLASS_NAMES[faces.labels[number]] / f"{usage}_{number:05}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(faces.images[number]).save(file)
    return folder


@pytest.fixture(scope="session")
def tiny_run(csvs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of the compact network, validated on PublicTest; do not change it."""
    import train_cnn

    folder = tmp_path_factory.mktemp("runs") / "compact"
    options = ["--network", "compact", "--epochs", "3", "--batch-size", "28", "--precision", "float32"]
    train_cnn.main(["--data", str(csvs / "fer2013.csv"), "--run", str(folder), *options])
    return folder


@pytest.fixture
def failing(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a script's main that must end with exit code 2 and one line on stderr: gives that line."""

    def run(main: Callable[..., Any], *arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr().err
        assert stop.value.code == 2, printed
        assert printed.startswith("error: "), printed
        assert printed.count("\n") == 1, printed
        return printed

    return run


@pytest.fixture(autouse=True)
def _leave_no_determinism() -> Iterator[None]:
    """Some scripts make their process deterministic; the tests after them must not depend on that."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework.config import disable_op_determinism  # it has no public name

        disable_op_determinism()
