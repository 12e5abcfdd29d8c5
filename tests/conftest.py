"""What the tests share: Keras set up once, and a folder of drawn faces in every CSV format."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import train_cnn
from drawing.csv_files import write_drawn_csvs
from drawing.picture_folders import write_drawn_folders
from models.keras_setup import set_up_keras
from training.run_folder import RunFolder

# A process has one backend: tests/test_jax.py runs some of these files once more, in a process of their own.
set_up_keras(os.environ.get("TEST_BACKEND", "tensorflow"))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn faces: 160 for training, 70 for testing."""
    folder = tmp_path_factory.mktemp("drawn")
    write_drawn_csvs(folder, train=160, test=70, seed=1)
    return folder


@pytest.fixture(scope="session")
def drawn_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same faces as pictures, in train/CLASS/ and test/CLASS/; do not change them."""
    folder = tmp_path_factory.mktemp("drawn") / "folders"
    write_drawn_folders(folder, train=160, test=70, seed=1)
    return folder


@pytest.fixture(scope="session")
def compact_run(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of the compact network, validated on PublicTest; do not change it."""
    path = tmp_path_factory.mktemp("runs") / "compact"
    options = ["--network", "compact", "--validation", "PublicTest", "--epochs", "4", "--batch-size", "32"]
    options += ["--precision", "float32"]
    train_cnn.main(["--data", str(drawn / "fer2013.csv"), "--run", str(path), *options])
    return path


@pytest.fixture(scope="session")
def write_run_state(compact_run: Path):
    """Write the run.json of a run that differs from `compact_run` in its split only."""

    def write(folder: Path, validation: str, limit: int | None = None, validation_faces: int = 0) -> None:
        state = RunFolder(compact_run).read_state()
        arguments = replace(state.arguments, validation=validation, limit=limit)
        recipe = replace(state.recipe, validation=validation)
        changed = {"arguments": arguments, "recipe": recipe, "validation_faces": validation_faces}
        RunFolder(folder).write_state(replace(state, **changed))

    return write


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]):
    """Run a script's main that must end with exit code 2 and one line on stderr: gives that line."""

    def run(main, *arguments) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert stop.value.code == 2
        assert printed.err.count("\n") == 1, printed.err
        assert printed.err.startswith("error: ")
        return printed.err

    return run


@pytest.fixture(autouse=True)
def _leave_no_determinism() -> Iterator[None]:
    """saliency.py makes its process deterministic; the tests after it must not depend on that."""
    yield
    from tensorflow.python.framework.config import disable_op_determinism  # it has no public name

    disable_op_determinism()
