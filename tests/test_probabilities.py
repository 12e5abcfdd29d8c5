"""Probabilities as files: their bytes, and what may teach a network."""

from pathlib import Path

import numpy as np
import pytest

import train_dnn
from data.cache import read_cached
from data.errors import InputError
from data.probabilities import probabilities_text, read_teachers
from data.splits import image_hashes, in_fold
from training.run_folder import RunFolder
from training.training_data import load_training_data, parse_fold

HASHES = np.array([3, 2**64 - 1, 5], np.uint64)
NONE_SEEN = np.zeros(3, bool)


def probabilities(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(7), 3)


def teacher(path: Path, seed: int = 1, seen: np.ndarray = NONE_SEEN) -> str:
    path.write_text(probabilities_text(np.arange(3), HASHES, seen, probabilities(seed)))
    return str(path)


def test_probabilities_as_text():
    values = np.array([[1, 0, 0, 0, 0, 0, 0], [1 / 3, 2 / 3, 1e-9, 0, 0, 0, 0]], np.float32)
    text = probabilities_text(np.array([4, 1]), HASHES[:2], np.array([True, False]), values)
    assert text == (
        "id,hash,seen,angry,disgust,fear,happy,sad,surprise,neutral\n"
        "4,0000000000000003,1,1.000000,0.000000,0.000000,0.000000,0.000000,0.000000,0.000000\n"
        "1,ffffffffffffffff,0,0.333333,0.666667,0.000000,0.000000,0.000000,0.000000,0.000000\n"
    )


def test_teachers_are_found_by_hash_and_averaged(tmp_path):
    files = [teacher(tmp_path / "a.csv", 1), teacher(tmp_path / "b.csv", 2)]
    expected = (probabilities(1) + probabilities(2)) / 2
    order = [2, 0, 0, 1]
    np.testing.assert_allclose(read_teachers(files, HASHES[order], "x.csv"), expected[order], atol=1e-6)


def test_a_network_may_not_teach_a_face_that_it_was_trained_on(tmp_path):
    file = teacher(tmp_path / "seen.csv", seen=np.array([False, True, False]))
    with pytest.raises(InputError, match=r"seen\.csv: line 3: its networks were trained on this .* x\.csv"):
        read_teachers([file], HASHES, "x.csv")
    read_teachers([file], HASHES[[0, 2]], "x.csv")  # other faces than that one may be taught


def test_every_training_face_needs_a_teacher(tmp_path):
    hashes = np.append(HASHES, np.uint64(9))
    with pytest.raises(InputError, match=r"no row for 1 of 4 training faces of x\.csv, .* face 3"):
        read_teachers([teacher(tmp_path / "a.csv")], hashes, "x.csv")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0000000000000003", "3", "line 2: is not a hash"),
        (",0,", ",2,", "line 2: is not a hash"),
        ("ffffffffffffffff,0", "ffffffffffffffff,x", "line 3: is not a hash"),
        ("\n1,ffffffffffffffff", "\n\n1,ffffffffffffffff", "line 3: is not a hash"),
        (",0,", ",0,1.5,", "not a table|is not a hash|lacks"),
        ("hash", "face", "lacks one of the columns"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, old, new, words):
    file = Path(teacher(tmp_path / "a.csv"))
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=words) as raised:
        read_teachers([str(file)], HASHES, "x.csv")
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value).strip()


def test_folds_cover_every_face_once_and_keep_copies_together(drawn):
    hashes = image_hashes(read_cached(drawn / "train.csv").images)
    hashes = np.append(hashes, hashes[:9])
    folds = np.array([in_fold(hashes, number, 3) for number in (1, 2, 3)])
    assert (folds.sum(axis=0) == 1).all()
    np.testing.assert_array_equal(folds[:, :9], folds[:, -9:])
    assert folds.mean(axis=1).min() > 0.2


@pytest.mark.parametrize("text", ["0/5", "6/5", "1/1", "1", "a/b", "1/5/2", "-1/5", ""])
def test_other_folds_are_refused(text):
    with pytest.raises(InputError, match=f"--fold {text}: is not K/N"):
        parse_fold(text)


def test_folds_teach_a_network(drawn, tmp_path, fails):
    """Two runs leave a half out each; their predictions of it teach a third one, which resumes with them."""
    data = ["--data", str(drawn / "train.csv")]
    small = ["--epochs", "1", "--batch-size", "32", "--validation", "none", "--precision", "float32"]
    files = []
    for fold in ("1/2", "2/2"):
        run = tmp_path / fold[0]
        train_dnn.main([*data, *small, "--run", str(run), "--fold", fold])
        files.append(str(run / "fold.csv"))
        assert RunFolder(run).read_state().arguments.fold == fold
    run = tmp_path / "taught"
    message = fails(train_dnn.main, *data, *small, "--run", run, "--set", "teacher_share=0.7")
    assert "--set teacher_share: has no effect here; omit it or add --teacher" in message
    message = fails(train_dnn.main, *data, *small, "--run", run, "--teacher", files[0])
    assert "no row for" in message
    train_dnn.main([*data, *small, "--run", str(run), "--teacher", *files, "--set", "teacher_share=0.7"])
    state = RunFolder(run).read_state()
    assert state.arguments.teacher == files
    taught = load_training_data(str(drawn / "train.csv"), "none", 1, None, teachers=files)
    targets = taught.targets(0.7)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-4)
    own = targets[np.arange(len(targets)), taught.training.labels]
    assert (own >= 0.3 - 1e-6).all()
    assert own.max() < 1
    assert "was started with --teacher" in fails(
        train_dnn.main, "--run", run, "--resume", "--teacher", files[0]
    )
