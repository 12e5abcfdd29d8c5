"""predict.py through its own main: submissions, averages, accuracies, photographs and errors."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import predict
from data import CLASS_NAMES
from data.csv_files import read_labels
from data.faces import read_faces
from data.pictures import read_picture
from data.splits import Hashes
from data.submission import submission_csv
from models import builder
from models.prediction import predict as predicted_by
from models.weights import find_ensemble, save_network


@pytest.fixture(scope="module")
def weights(csvs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two untrained networks, of which the first claims to be trained on the first 20 test faces."""
    folder = tmp_path_factory.mktemp("weights")
    images = read_faces(csvs / "test.csv").images
    paths = []
    for seed, known in ((1, 20), (2, 0)):
        keras.utils.set_random_seed(seed)
        paths.append(str(folder / f"network{seed}.weights.h5"))
        metadata = {"network": "compact", "mean": 128.0, "std": 64.0}
        save_network(builder("compact")(128.0, 64.0), Path(paths[-1]), metadata, Hashes.of(images[:known]))
    return paths


def test_a_submission_is_what_kaggle_takes_of_the_mean_of_weights_and_mirror_images(
    weights, csvs, tmp_path, capsys
):
    out, file = tmp_path / "s.csv", tmp_path / "probabilities.csv"
    arguments = ["--data", str(csvs / "test.csv"), "--out", str(out), "--probabilities", str(file)]
    predict.main([*arguments, "--weights", *weights, "--tta"])
    faces = read_faces(csvs / "test.csv")
    both = (faces.images, faces.images[:, :, ::-1])
    single = [predicted_by(find_ensemble([path]), images) for path in weights for images in both]
    assert np.abs(single[0] - single[1]).max() > 1e-3
    written, expected = pd.read_csv(file), np.mean(single, axis=0)
    np.testing.assert_allclose(written[list(CLASS_NAMES)], expected, atol=2e-6)
    assert written["predicted"].tolist() == [CLASS_NAMES[index] for index in expected.argmax(axis=1)]
    assert written["trained_on"].tolist() == [1] * 20 + [0] * 50
    predicted = expected.argmax(axis=1)
    rows = "".join(f"{face},{label}\n" for face, label in zip(faces.ids, predicted, strict=True))
    assert out.read_bytes() == f"id,label\n{rows}".encode()
    counts = ", ".join(f"{(predicted == index).sum()} {name}" for index, name in enumerate(CLASS_NAMES))
    assert capsys.readouterr().out == (
        f"wrote {out}: 70 rows, predicted by {' + '.join(weights)} with test-time augmentation\n"
        f"faces by class: {counts}\nwrote {file}: 70 rows\n"
    )


def test_accuracies_are_printed_for_the_faces_whose_labels_are_known(weights, csvs, tmp_path, capsys):
    ids, labels = read_labels(csvs / "test_labels.csv")
    chosen = np.flatnonzero(labels != 1)[5:]
    (tmp_path / "some.csv").write_text(submission_csv(ids[chosen[::-1]], labels[chosen[::-1]]))
    arguments = ["--weights", weights[0], "--out", str(tmp_path / "s.csv")]
    predict.main([*arguments, "--data", str(csvs / "test.csv"), "--labels", str(tmp_path / "some.csv")])
    _, _, known, without, all_faces, *table = capsys.readouterr().out.splitlines()
    right, is_known = (read_labels(tmp_path / "s.csv")[1] == labels)[chosen], chosen < 20
    assert known == f"the weights were trained on {is_known.sum()} of these {len(chosen)} labelled faces"
    assert without.startswith(f"accuracy {right[~is_known].mean():.4f} (95 % interval ")
    assert without.endswith(f"), {(~is_known).sum()} faces without duplicates in training")
    assert all_faces.startswith(f"accuracy {right.mean():.4f} (95 % interval ")
    assert all_faces.endswith(f"), all {len(chosen)} faces ({is_known.sum()} trained on)")
    assert table[-1] == "left out, because they have no faces: disgust"


def test_accuracies_are_of_the_faces_that_are_not_left_out(weights, csvs, tmp_path, capsys):
    train = read_faces(csvs / "train.csv")
    options = ["--weights", weights[1], "--out", str(tmp_path / "s.csv"), "--classes", "angry=-"]
    predict.main(["--data", str(csvs / "train.csv"), *options])
    rows, predicted = read_labels(tmp_path / "s.csv")
    assert rows.tolist() == np.flatnonzero(train.labels != 0).tolist()
    accuracy = (predicted == train.labels[rows]).mean()
    assert f"accuracy {accuracy:.4f} (95 % interval " in capsys.readouterr().out


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_pictures_give_a_table_and_drawings(ending, weights, tmp_path, capsys):
    album, out = tmp_path / "album", tmp_path / f"table{ending}"
    (album / "small").mkdir(parents=True)
    Image.new("RGB", (300, 200), (200, 30, 30)).save(album / "red.png")
    Image.new("L", (20, 20), 90).save(album / "small" / "face.jpg")
    (album / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    options = ["--faces", "whole", "--weights", weights[0], "--out", str(out)]
    folders = ["--annotate", str(tmp_path / "drawn"), "--crops", str(tmp_path / "crops")]
    predict.main(["--images", str(album), *options, *folders])
    note, header, *rows, wrote, counts, cropped, drew = capsys.readouterr().out.splitlines()
    assert note.startswith(f"note: {album / 'cut.jpg'}: is no readable picture")
    assert counts == "photographs: 3; faces: 2; no face found: 0; not readable: 1"
    assert cropped == f"wrote 2 faces into {tmp_path / 'crops'}"
    crops = [read_picture(tmp_path / "crops" / name) for name in ("red-1.png", "small/face-1.png")]
    assert [crop.size for crop in crops] == [(48, 48)] * 2
    assert np.asarray(crops[1]).max() == 90
    places = ["face", "left", "top", "side", "tilt", "taken"]
    assert header.split() == ["file", *places, *CLASS_NAMES, "emotion"]
    assert (wrote, drew) == (f"wrote {out}: 3 rows", f"wrote 2 drawings into {tmp_path / 'drawn'}")
    drawn = [file.relative_to(tmp_path / "drawn") for file in sorted((tmp_path / "drawn").rglob("*.png"))]
    assert drawn == [Path("red-faces.png"), Path("small/face-faces.png")]
    cut, *written = pd.read_csv(out).to_dict("records") if ending == ".csv" else json.loads(out.read_text())
    assert (cut["file"], cut["emotion"]) == (str(album / "cut.jpg"), "not readable")
    pictures = ("red.png", "small/face.jpg")
    for row, record, picture in zip(map(str.split, rows[1:]), written, pictures, strict=True):
        values = np.array(row[7:14], float)
        assert row[14] == CLASS_NAMES[values.argmax()] == record["emotion"]
        np.testing.assert_allclose([record[name] for name in CLASS_NAMES], values, atol=5.1e-4)
        assert record["file"] == str(album / picture)
    assert [written[0][name] for name in places] == [1, 50, 0, 200, 0, "whole"]


def test_no_picture_of_the_album_is_replaced(weights, tmp_path, failing):
    Image.new("L", (48, 48), 90).save(tmp_path / "a.png")
    Image.new("L", (60, 60), 90).save(tmp_path / "a-1.png")
    before = (tmp_path / "a-1.png").read_bytes()
    arguments = ["--images", tmp_path, "--crops", tmp_path, "--overwrite", "--weights", weights[0]]
    assert "a-1.png: is read by this command" in failing(predict.main, *arguments)
    assert (tmp_path / "a-1.png").read_bytes() == before


def test_photographs_without_a_face_give_a_table_all_the_same(weights, tmp_path, capsys):
    Image.new("L", (300, 200), 90).save(tmp_path / "wall.png")
    options = ["--weights", weights[0], "--annotate", str(tmp_path)]
    predict.main(["--images", str(tmp_path / "wall.png"), *options])
    assert "photographs: 1; faces: 0; no face found: 1; not readable: 0" in capsys.readouterr().out
    assert (tmp_path / "wall-faces.png").exists()


def test_errors_are_one_line_and_write_nothing(weights, csvs, tmp_path, failing, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, network = ["--data", csvs / "test.csv"], ["--weights", weights[0]]
    Path("stray.csv").write_text("id,label\n99999,1\n")
    for arguments, words in (
        ([*data, *network, "--probabilities", "submission.csv"], "twice"),
        ([*data, *network, "--annotate", "drawn"], "--annotate does not go with --data"),
        (["--images", csvs / "test.csv", *network], "is no readable picture"),
        (["--images", "a.png", "--labels", "stray.csv", *network], "--labels"),
        ([*data, *network, "--out", "stray.csv"], "--overwrite"),
    ):
        assert words in failing(predict.main, *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["stray.csv"]
    assert Path("stray.csv").read_text() == "id,label\n99999,1\n"
