"""Wrong labels are found where they were put, counted as they are, and judged against votes."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import label_errors
from analysis.label_errors import agreement, estimate_errors, judge, notes_on, rank_suspects, with_majority
from data import CLASS_NAMES
from data.faces import Faces, read_faces
from data.labels import CLASS_OF_NAME
from data.submission import probabilities_csv

COUNT = 2100
TRUE = np.arange(COUNT) % 7
IS_WRONG = np.random.default_rng(0).random(COUNT) < 0.1
LABELS = np.where(IS_WRONG, (TRUE + 1) % 7, TRUE)
# Networks that are mostly sure of the true class, whatever the label says.
PROBABILITIES = np.random.default_rng(1).dirichlet(np.ones(7), COUNT) * 0.4 + 0.6 * np.eye(7)[TRUE]
FACES = Faces(np.random.default_rng(2).integers(0, 256, (COUNT, 48, 48), np.uint8), LABELS)


def test_the_most_suspicious_faces_are_those_with_wrong_labels():
    table = rank_suspects(FACES, PROBABILITIES)
    wrong = IS_WRONG.sum()
    assert IS_WRONG[table["row"][:wrong]].mean() > 0.98
    first = table.iloc[0]
    assert first["label"] == CLASS_NAMES[LABELS[first["row"]]]
    assert first["suggested_label"] == CLASS_NAMES[TRUE[first["row"]]]
    assert first["probability_of_label"] == PROBABILITIES[first["row"], LABELS[first["row"]]]
    assert first["probability_of_suggestion"] == PROBABILITIES[first["row"]].max()


def test_the_estimated_share_is_that_of_the_wrong_labels():
    estimate = estimate_errors(LABELS, PROBABILITIES)
    assert estimate.low < IS_WRONG.mean() < estimate.high
    assert estimate.share == pytest.approx(IS_WRONG.mean(), abs=0.01)
    found = {(row.label, row.should_be): row.faces for row in estimate.pairs.itertuples()}
    # A label is the class after the true one.
    expected = {(CLASS_NAMES[(true + 1) % 7], CLASS_NAMES[true]) for true in range(7)}
    assert set(list(found)[:7]) == expected
    assert sum(found.values()) == pytest.approx(IS_WRONG.sum(), abs=10)


def test_flat_pictures_and_duplicates_with_other_labels_are_noted():
    images = FACES.images[[0, 0, 1, 2]].copy()
    images[2] = 7
    notes = notes_on(Faces(images, np.array([3, 4, 0, 0])))
    assert notes == ["a duplicate is labelled sad", "a duplicate is labelled happy", "flat picture", ""]


def test_rankings_are_judged_by_clear_majorities():
    votes = pd.DataFrame(0, range(COUNT), [*range(7), "contempt", "unknown", "nf"])
    is_clear = np.arange(COUNT) % 3 > 0
    for label in range(7):
        votes[label] = np.where(TRUE == label, np.where(is_clear, 6, 5), 0)
    votes["unknown"] = 4
    votes.loc[~is_clear, "nf"] = 1
    table = rank_suspects(FACES, PROBABILITIES)
    own = with_majority(votes, table)
    assert agreement(own) == pytest.approx((1 - IS_WRONG[is_clear].mean(), 1), abs=0.02)
    judged = judge(own)
    clear = table[is_clear[table["row"]]]
    assert judged.loc["this ranking", "first 50"] == IS_WRONG[clear["row"][:50]].mean()
    assert judged.loc["chance", "first 50"] == IS_WRONG[is_clear].mean()
    ratio = clear["probability_of_suggestion"] / clear["probability_of_label"]
    expected = average_precision_score(IS_WRONG[clear["row"]], ratio)
    assert judged.loc["this ranking", "average precision"] == pytest.approx(expected)


def test_each_face_is_judged_by_networks_that_do_not_know_it(csvs, tiny_run, tmp_path, capsys, failing):
    """Training faces by a file of predictions, PublicTest by weights, which were trained on Training."""
    faces = read_faces(csvs / "fer2013.csv")
    training = faces.of_usage("Training").select(slice(100))
    values = np.random.default_rng(0).dirichlet(np.ones(7), 100)
    predictions = tmp_path / "fold.csv"
    predictions.write_text(probabilities_csv(training, values, np.zeros(100, bool)))
    votes = pd.DataFrame(0, range(len(faces)), ["neutral", "happiness", "surprise", "sadness", "anger"])
    majority = np.where(np.arange(len(faces)) < 17, (faces.labels + 1) % 7, faces.labels)
    votes = votes.assign(disgust=0, fear=0, contempt=0, unknown=0, NF=0)
    for name in votes:
        votes[name] = 9 * (majority == CLASS_OF_NAME.get(name.lower(), -1))
    names = np.take(["Training", "PublicTest", "PrivateTest"], faces.usage)
    votes.insert(0, "Usage", names)
    votes.to_csv(tmp_path / "fer2013new.csv", index=False)
    out = tmp_path / "suspects.svg"
    arguments = ["--data", csvs / "fer2013.csv", "--weights", tiny_run, "--predictions", predictions]
    arguments += ["--labels", tmp_path / "fer2013new.csv", "--out", out]
    record = label_errors.main([str(argument) for argument in arguments])
    table, printed = pd.read_csv(out.with_suffix(".csv")), capsys.readouterr().out
    assert json.loads(out.with_suffix(".json").read_text()) == record
    assert record["faces"] == 170
    assert f"estimated {100 * record['share']:.1f} % of 170 labels" in printed
    assert record["precision"]["chance"]["first 50"] == pytest.approx(0.1)
    assert table["row"].tolist() != sorted(table["row"])
    assert set(table["row"]) == {*range(100), *range(140, 210)}
    row = table.set_index("row").loc[7]
    assert row["probability_of_label"] == pytest.approx(values[7, faces.labels[7]], abs=1e-6)
    assert "40 faces are left out: --weights were trained on them" in printed
    assert re.search(r"\nchance +0\.100", printed)
    assert out.is_file()
    assert "exists already" in failing(label_errors.main, *arguments)
