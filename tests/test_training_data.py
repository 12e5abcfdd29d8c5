"""Which faces are learned from and which are held out."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from data import InputError
from data.faces import read_faces
from data.splits import Hashes, image_hashes, in_fold
from data.submission import probabilities_csv
from models.weights import find_weights
from training.training_data import find_teachers, load_training_data


def load(data, validation="none", **more):
    arguments = {"data": str(data), "validation": str(validation), "seed": 1, "limit": None}
    return load_training_data(arguments | {"fold": None, "teacher": []} | more)


def test_only_training_rows_are_learned_from_and_public_test_is_held_out(csvs):
    everything = read_faces(csvs / "fer2013.csv")
    for validation in ("PublicTest", "auto"):
        data = load(csvs / "fer2013.csv", validation)
        np.testing.assert_array_equal(data.training.images, everything.of_usage("Training").images)
        np.testing.assert_array_equal(data.validation.images, everything.of_usage("PublicTest").images)
        np.testing.assert_array_equal(data.hashes.exact, image_hashes(data.training.images))
        assert data.mean == pytest.approx(data.training.images.mean())
        assert data.std == pytest.approx(data.training.images.std())


@pytest.mark.parametrize(("validation", "share"), [("0.2", 0.2), ("auto", 0.1)])
def test_a_fraction_is_held_out_of_each_class(csvs, validation, share):
    everything, data = read_faces(csvs / "train.csv"), load(csvs / "train.csv", validation)
    rows = np.concatenate([data.training.rows, data.validation.rows])
    assert sorted(rows) == list(range(len(everything)))
    for label in range(7):
        held_out = (data.validation.labels == label).sum()
        assert held_out == pytest.approx(share * (everything.labels == label).sum(), abs=1.5)
    np.testing.assert_array_equal(data.hashes.exact, image_hashes(data.training.images))


def test_other_data_is_held_out_with_a_note_of_what_is_trained_on(csvs, capsys):
    whole = csvs / "fer2013.csv"
    data = load(csvs / "train.csv", whole, limit=100)
    assert len(data.training) == 100
    note = "note: the network will be trained on 100 of the 210 faces for validation, so val_accuracy is "
    assert note in capsys.readouterr().out
    assert len(data.validation) == 210


def test_without_validation_a_note_says_what_is_lost(csvs, capsys):
    assert load(csvs / "train.csv").validation is None
    assert "no face is left to measure on; --validation 0.1 keeps a tenth" in capsys.readouterr().out
    assert load(csvs / "fer2013.csv").validation is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("file", "validation", "words"),
    [
        ("missing.csv", "none", "missing.csv"),
        ("test.csv", "none", "has no labels"),
        ("train.csv", "PublicTest", "Usage"),
        ("train.csv", "1.5", "fraction"),
        ("train.csv", "PrivateTest", "--validation PrivateTest: no such file; give data, a fraction or Publ"),
        ("train.csv", "0..2", "--validation 0..2: no such file"),
    ],
)
def test_what_cannot_be_held_out_is_refused(csvs, file, validation, words):
    with pytest.raises((InputError, FileNotFoundError), match=words):
        load(csvs / file, validation)


def test_a_fold_is_left_out_and_learned_from_by_all_other_folds(csvs):
    everything = read_faces(csvs / "train.csv")
    for number in (1, 2, 3):
        data = load(csvs / "train.csv", fold=f"{number}/3")
        expected = in_fold(image_hashes(everything.images), number, 3)
        np.testing.assert_array_equal(data.left_out.rows, np.flatnonzero(expected))
        np.testing.assert_array_equal(data.training.rows, np.flatnonzero(~expected))
    with pytest.raises(InputError, match="--fold 4/3"):
        load(csvs / "train.csv", fold="4/3")


def test_targets_mix_labels_with_the_teachers_probabilities(csvs, tmp_path):
    faces = read_faces(csvs / "train.csv")
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), len(faces)).round(6)
    file = tmp_path / "fold.csv"
    file.write_text(probabilities_csv(faces, probabilities, np.zeros(len(faces), bool)))
    data, plain = load(csvs / "train.csv", teacher=[str(file)]), load(csvs / "train.csv")
    one_hot = np.eye(7)[faces.labels]
    np.testing.assert_array_equal(plain.targets(0.3), one_hot)
    np.testing.assert_allclose(data.targets(0.3), 0.7 * one_hot + 0.3 * probabilities, atol=1e-5)


def test_no_network_teaches_what_it_was_trained_on(csvs, tiny_run, tmp_path, capsys):
    faces, message = read_faces(csvs / "train.csv"), "140 training faces were learned by each of these"
    with pytest.raises(InputError, match=f"140 of {message}"):
        load(csvs / "train.csv", teacher=[str(tiny_run)])
    data = load(csvs / "train.csv")

    def with_images(images):
        return replace(data, training=replace(faces, images=images), hashes=Hashes.of(images))

    with pytest.raises(InputError, match=message):
        find_teachers([str(tiny_run)], with_images(np.clip(faces.images, 1, 254) + 1))
    others = with_images(255 - faces.images)
    ((weights, may_teach),) = find_teachers([str(tiny_run)], others)
    assert weights.path.parent == tiny_run
    assert may_teach.shape == (140,)
    assert may_teach.all()
    capsys.readouterr()
    find_teachers([str(tiny_run)], replace(others, validation=others.training))
    assert not capsys.readouterr().out, "the student is trained on these faces, too"
    find_teachers([str(tiny_run)], replace(others, validation=faces))
    assert "note: the teachers were trained on 140 of the 140 faces" in capsys.readouterr().out
    unfinished = shutil.copytree(tiny_run, tmp_path / "run")
    (unfinished / "checkpoint.weights.h5").touch()
    for unfit in (unfinished, tiny_run / "best.weights.h5", tmp_path):
        with pytest.raises(InputError, match=f"{unfit}: is no finished run"):
            find_teachers([str(tiny_run), str(unfit)], others)


def test_the_digest_changes_with_faces_labels_and_teachers(csvs, tiny_run):
    data = load(csvs / "train.csv")
    labels = data.training.labels.copy()
    labels[0] = (labels[0] + 1) % 7
    others = [
        replace(data, training=replace(data.training, images=data.training.images[::-1])),
        replace(data, training=replace(data.training, labels=labels)),
        replace(data, predictions=np.full((len(labels), 7), 1 / 7)),
        replace(data, teachers=[(find_weights(str(tiny_run)), np.ones(len(labels), bool))]),
    ]
    assert len({each.digest() for each in (data, *others)}) == 5
    assert load(csvs / "train.csv").digest() == data.digest()


def test_a_network_that_was_trained_before_keeps_its_normalisation_and_its_faces(csvs, tiny_run, capsys):
    initial = find_weights(str(tiny_run))
    data = load(csvs / "train.csv", csvs / "fer2013.csv", limit=20)
    capsys.readouterr()
    after = data.from_weights(initial)
    note = "note: compact was trained on 140 of the 210 faces for validation, so val_accuracy is too high"
    assert note in capsys.readouterr().out
    assert (after.mean, after.std) == (initial.metadata["mean"], initial.metadata["std"])
    assert len(after.hashes.exact) == len(after.hashes.perceptual) == 140, "no face twice"
    new = load(csvs / "train.csv", limit=20)
    unknown = replace(initial, hashes=Hashes.of(255 - new.training.images))
    assert len(new.from_weights(unknown).hashes.exact) == 40
