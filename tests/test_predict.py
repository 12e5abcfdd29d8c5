"""predict.py through its own main: submissions, averages, mirror images, accuracies, pictures, errors."""

import contextlib
import json
import os
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import predict
from data.csv_reader import read_csv, read_labels
from data.errors import InputError
from data.pictures import read_picture
from data.splits import image_hashes
from models.cnn import build_cnn
from models.dnn import build_dnn
from models.locate import find_weights
from models.prediction import predict_probabilities
from models.weights_file import load_network, save_network


@pytest.fixture(scope="module")
def weights(drawn, tmp_path_factory) -> Path:
    """An untrained DNN that claims to have seen the first 20 test faces."""
    keras.utils.set_random_seed(1)
    path = tmp_path_factory.mktemp("weights") / "dnn.weights.h5"
    seen = image_hashes(read_csv(drawn / "test.csv").images[:20])
    save_network(build_dnn(128.0, 64.0), path, {"network": "dnn", "mean": 128.0, "std": 64.0}, seen)
    return path


@pytest.fixture(scope="module")
def other_weights(tmp_path_factory) -> Path:
    keras.utils.set_random_seed(2)
    path = tmp_path_factory.mktemp("weights") / "other.weights.h5"
    description = {"network": "dnn", "mean": 120.0, "std": 70.0}
    save_network(build_dnn(120.0, 70.0), path, description, np.zeros(0, np.uint64))
    return path


def test_saved_weights_give_the_same_logits(weights, drawn):
    faces = read_csv(drawn / "test.csv").images
    keras.utils.set_random_seed(1)
    original = build_dnn(128.0, 64.0)
    loaded = load_network(find_weights(str(weights)))
    np.testing.assert_array_equal(loaded(faces), original(faces))


def test_submission_is_what_kaggle_takes(weights, drawn, tmp_path, capsys):
    out = tmp_path / "submission.csv"
    predict.main(["--data", str(drawn / "test.csv"), "--weights", str(weights), "--out", str(out)])
    content = out.read_bytes()
    assert content.startswith(b"id,label\n0,")
    assert content.endswith(b"\n")
    assert b"\r" not in content
    ids, labels = read_labels(out)
    dataset = read_csv(drawn / "test.csv")
    np.testing.assert_array_equal(ids, dataset.ids)
    probabilities = predict_probabilities([load_network(find_weights(str(weights)))], dataset.images)
    np.testing.assert_array_equal(labels, probabilities.argmax(axis=1))
    assert "accuracy" not in capsys.readouterr().out


def test_several_weights_and_views_are_averaged_in_probability(weights, other_weights, drawn, tmp_path):
    file = tmp_path / "probabilities.csv"
    predict.main(
        [
            *("--data", str(drawn / "test.csv"), "--weights", str(weights), str(other_weights), "--tta"),
            *("--out", str(tmp_path / "out.csv"), "--probabilities", str(file)),
        ]
    )
    written = np.loadtxt(file, delimiter=",", skiprows=1, usecols=range(3, 10))
    faces = read_csv(drawn / "test.csv").images
    single = [
        keras.ops.softmax(load_network(find_weights(str(path)))(view)).numpy()
        for path in (weights, other_weights)
        for view in (faces, faces[:, :, ::-1])
    ]
    np.testing.assert_allclose(written, np.mean(single, axis=0), atol=2e-6)
    assert np.abs(single[0] - single[1]).max() > 1e-3


def test_accuracies_are_printed_where_labels_are_known(weights, drawn, tmp_path, capsys):
    out = tmp_path / "out.csv"
    options = ["--data", str(drawn / "test.csv"), "--weights", str(weights), "--out", str(out)]
    predict.main([*options, "--labels", str(drawn / "test_labels.csv")])
    printed = capsys.readouterr().out
    predicted, labels = read_labels(out)[1], read_labels(drawn / "test_labels.csv")[1]
    lines = [line for line in printed.splitlines() if line.startswith("accuracy")]
    for line, first, faces in zip(
        lines, (0, 20), ("all 70 faces", "50 faces without twins in training"), strict=False
    ):
        right = predicted[first:] == labels[first:]
        low, high = np.quantile(
            np.random.default_rng(3).choice(right, (4000, len(right))).mean(1), [0.025, 0.975]
        )
        start, end = f"accuracy {right.mean():.4f} (95 % interval ", f"), {faces}"
        assert line.startswith(start)
        assert line.endswith(end)
        ends = [float(each) for each in line[len(start) : -len(end)].split(" to ")]
        np.testing.assert_allclose(ends, [low, high], atol=0.031)
    assert lines[2] == "accuracy by class, all 70 faces:"
    happy = labels == 3
    assert f"  happy    {np.mean(predicted[happy] == 3):.4f}" in printed


def test_labels_may_cover_a_part_of_the_faces(weights, drawn, tmp_path, capsys):
    some = tmp_path / "some.csv"
    some.write_text("id,label\n30,2\n10,3\n")
    options = ["--data", str(drawn / "test.csv"), "--weights", str(weights), "--out", str(tmp_path / "o.csv")]
    predict.main([*options, "--labels", str(some)])
    assert "all 2 faces" in capsys.readouterr().out


def test_pictures_give_a_table(weights, tmp_path, capsys):
    Image.new("RGB", (300, 200), (200, 30, 30)).save(tmp_path / "red.png")
    Image.new("L", (20, 20), 90).save(tmp_path / "small.jpg")
    pictures = [str(tmp_path / "red.png"), str(tmp_path / "small.jpg")]
    out = tmp_path / "table.json"
    predict.main(["--images", *pictures, "--faces", "whole", "--weights", str(weights), "--out", str(out)])
    header, *rows, wrote = capsys.readouterr().out.splitlines()
    names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert header.split() == ["file", "face", "left", "top", "side", *names, "emotion"]
    assert wrote == f"wrote {out}: 2 rows"
    written = json.loads(out.read_text())["faces"]
    for row, record, picture in zip(rows, written, pictures, strict=True):
        values = [float(value) for value in row.split()[5:12]]
        assert sum(values) == pytest.approx(1, abs=0.004)
        assert row.split()[12] == names[int(np.argmax(values))] == record["emotion"]
        np.testing.assert_allclose([record[name] for name in names], values, atol=5.1e-4)
        assert record["file"] == picture
    assert [written[0][name] for name in ("face", "left", "top", "side")] == [1, 50, 0, 200]


def test_a_picture_is_cropped_to_its_middle_square_and_made_grey(tmp_path):
    pixels = np.zeros((96, 288, 3), np.uint8)
    pixels[:, 96:192] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    picture = read_picture(tmp_path / "wide.png")
    assert picture.shape == (48, 48)
    np.testing.assert_array_equal(picture, 76)  # the luma of pure red, 0.299 * 255
    Image.new("RGBA", (48, 48), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "clear.png"), 255)


def test_grey_levels_of_any_depth_are_scaled_by_their_range(tmp_path):
    face = np.random.default_rng(1).integers(0, 256, (48, 48)).astype(np.uint8)
    pictures = {
        "8.png": face,
        "16.png": face.astype(np.uint16) * 257,
        "16.tif": face.astype(np.uint16) * 257,
        "32.tif": face.astype(np.int32) * 8_000_000,
        "255.tif": face.astype(np.float32),
        "1.tif": face.astype(np.float32) / 255,
    }
    for name, levels in pictures.items():
        Image.fromarray(levels).save(tmp_path / name)
        difference = np.abs(read_picture(tmp_path / name).astype(int) - face)
        # Where the range has no usual end, the darkest and the brightest pixel are taken for it.
        assert difference.max() <= 1, name


def test_a_large_photograph_is_read_without_a_warning(tmp_path):
    Image.new("L", (12_000, 9_000), 77).save(tmp_path / "large.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "large.png"), 77)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "gif", "bmp", "webp", "jp2", "avif"])
def test_damaged_pictures_end_with_one_line(tmp_path, ending):
    whole = tmp_path / f"whole.{ending}"
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (40, 40, 3)).astype(np.uint8)).save(whole)
    content = whole.read_bytes()
    damaged = tmp_path / f"damaged.{ending}"
    generator = np.random.default_rng(3)
    for cut in (0, 1, 7, 20, 60, len(content) // 2):
        changed = bytearray(content)
        for place in generator.integers(0, min(200, len(content)), 8):
            changed[place] = generator.integers(256)
        for bad in (content[:cut], bytes(changed)):
            damaged.write_bytes(bad)
            with contextlib.suppress(InputError):  # some damage leaves a picture
                assert read_picture(damaged).shape == (48, 48)
    damaged.write_bytes(content[:20])
    with pytest.raises(InputError, match="is not a picture"):
        read_picture(damaged)


def test_bad_weights_end_with_one_line(weights, drawn, tmp_path, fails):
    def line(path: Path | str) -> str:
        out = tmp_path / "out.csv"
        message = fails(predict.main, "--data", drawn / "test.csv", "--weights", path, "--out", out)
        assert str(path) in message
        assert not out.exists()
        return message

    assert "no such weights" in line(tmp_path / "missing.weights.h5")
    assert "holds no best" in line(tmp_path)
    cut = tmp_path / "cut.weights.h5"
    cut.write_bytes(weights.read_bytes()[:1_000_000])
    assert "damaged" in line(cut)
    text = tmp_path / "text.weights.h5"
    text.write_text("no weights")
    assert "damaged" in line(text)
    foreign = tmp_path / "foreign.weights.h5"
    build_dnn(0.0, 1.0).save_weights(foreign)
    assert "does not say which network" in line(foreign)
    code = tmp_path / "code.keras"
    code.write_bytes(b"PK")
    assert "can carry code" in line(code)
    unfit = tmp_path / "unfit.weights.h5"
    save_network(
        build_cnn(0.0, 1.0), unfit, {"network": "dnn", "mean": 0.0, "std": 1.0}, np.zeros(0, np.uint64)
    )
    assert "does not fit the network dnn" in line(unfit)
    unknown = tmp_path / "unknown.weights.h5"
    unknown.write_bytes(weights.read_bytes())
    for description, word in (
        ('{"network": "resnet"}', "'resnet'"),
        ("[]", "unknown network"),
        ('{"network": "dnn"}', "mean"),
        ('{"network": "dnn", "mean": null, "std": 1}', "mean"),
    ):
        with h5py.File(unknown, "r+") as stored:
            stored.attrs["description"] = description
        assert word in line(unknown)


def test_bad_input_ends_with_one_line(weights, drawn, tmp_path, fails):
    network = ["--weights", weights]
    out = [*network, "--out", tmp_path / "out.csv"]
    assert "no such file" in fails(predict.main, "--data", "missing.csv", *out)
    assert "not a picture" in fails(predict.main, "--images", drawn / "test.csv", *network)
    not_csv = fails(predict.main, "--data", drawn / "test.csv", *network, "--out", weights)
    assert "must end in .csv" in not_csv
    missing_folder = ["--weights", weights, "--out", tmp_path / "nowhere" / "out.csv"]
    assert "does not exist" in fails(predict.main, "--data", drawn / "test.csv", *missing_folder)
    labels = ["--labels", drawn / "test_labels.csv"]
    assert "--labels" in fails(predict.main, "--images", "a.png", *labels, *out)
    assert "not in" in fails(
        predict.main, "--data", drawn / "test.csv", "--labels", stray_labels(tmp_path), *out
    )
    assert list(tmp_path.glob("*out*")) == []


def stray_labels(folder: Path) -> Path:
    file = folder / "stray.csv"
    file.write_text("id,label\n99999,1\n")
    return file


def test_no_output_replaces_an_input_or_another_output(weights, drawn, tmp_path, fails):
    faces = tmp_path / "faces.csv"
    faces.write_bytes((drawn / "test.csv").read_bytes())
    link = tmp_path / "link.csv"
    link.symlink_to(faces)
    before = weights.read_bytes()
    for out in (faces, link):
        line = fails(predict.main, "--data", faces, "--weights", weights, "--out", out)
        assert "is read by this command" in line
    same = ["--out", tmp_path / "o.csv", "--probabilities", tmp_path / "o.csv"]
    assert "another output" in fails(predict.main, "--data", faces, "--weights", weights, *same)
    assert "device" in fails(predict.main, "--data", faces, "--weights", weights, "--out", "/dev/null")
    assert "--out has an empty value" in fails(predict.main, "--data", faces, "--out", "")
    assert "--labels has an empty value" in fails(predict.main, "--data", faces, "--labels=")
    assert faces.read_bytes() == (drawn / "test.csv").read_bytes()
    assert weights.read_bytes() == before
    assert not (tmp_path / "o.csv").exists()


def test_a_link_is_kept_and_its_target_written(weights, drawn, tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.touch()
    link.symlink_to(target)
    predict.main(["--data", str(drawn / "test.csv"), "--weights", str(weights), "--out", str(link)])
    assert link.is_symlink()
    assert target.read_text().startswith("id,label")


def test_weights_that_are_not_finite_make_no_submission(weights, drawn, tmp_path, fails):
    spoiled = tmp_path / "spoiled.weights.h5"
    spoiled.write_bytes(weights.read_bytes())
    with h5py.File(spoiled, "r+") as stored:
        stored["layers/dense/vars/0"][0] = np.nan
    out = tmp_path / "o.csv"
    message = fails(predict.main, "--data", drawn / "test.csv", "--weights", spoiled, "--out", out)
    assert "not finite" in message
    assert not out.exists()


@pytest.mark.parametrize(("mean", "std"), [(float("nan"), 60), (128, 0), (128, -5), (True, 60), (1e308, 60)])
def test_a_mean_or_deviation_that_grey_levels_cannot_have_is_refused(tmp_path, fails, mean, std):
    file = tmp_path / "odd.weights.h5"
    with h5py.File(file, "w") as stored:
        stored.attrs["description"] = json.dumps({"network": "dnn", "mean": mean, "std": std})
        stored["training_hashes"] = np.zeros(0, np.uint64)
    assert "lacks the mean or deviation" in fails(predict.main, "--images", "a.png", "--weights", file)


@pytest.mark.parametrize("hashes", [np.uint64(3), np.zeros((2, 2), np.uint64), np.zeros(3)])
def test_hashes_that_are_none_are_refused(tmp_path, fails, hashes):
    file = tmp_path / "odd.weights.h5"
    with h5py.File(file, "w") as stored:
        stored.attrs["description"] = json.dumps({"network": "dnn", "mean": 128, "std": 60})
        stored["training_hashes"] = hashes
    assert "does not say which faces" in fails(predict.main, "--images", "a.png", "--weights", file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX")
def test_a_pipe_is_refused_as_data(weights, tmp_path, fails):
    os.mkfifo(tmp_path / "pipe.csv")
    message = fails(predict.main, "--data", tmp_path / "pipe.csv", "--weights", weights)
    assert "is a pipe or a device" in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX")
def test_hostile_pictures_are_refused_without_a_warning(tmp_path, recwarn):
    os.mkfifo(tmp_path / "pipe.png")
    text = PngImagePlugin.PngInfo()
    for number in range(70):
        text.add_text(f"k{number}", "x" * 1_000_000, zip=True)
    Image.new("L", (48, 48)).save(tmp_path / "text.png", pnginfo=text)
    # A signalling NaN, of which NumPy warns when it is cast.
    levels = np.full((48, 48), 0x7F800001, np.uint32).view(np.float32)
    Image.frombytes("F", (48, 48), levels.tobytes()).save(tmp_path / "nan.tiff")
    for name, words in (("pipe.png", "pipe"), ("text.png", "Too much memory"), ("nan.tiff", "not finite")):
        with pytest.raises(InputError, match=words):
            read_picture(tmp_path / name)
    assert not recwarn.list


def test_the_same_weights_twice_are_refused(compact_run, fails, drawn, tmp_path):
    twice = ["--weights", compact_run, compact_run / "best.weights.h5", "--out", tmp_path / "s.csv"]
    message = fails(predict.main, "--data", drawn / "test.csv", *twice)
    assert "is given twice and would count twice" in message


def test_probabilities_that_are_not_finite_are_refused(compact_run, fails, drawn, tmp_path):
    """The kernel is finite, its products are not."""
    weights = find_weights(str(compact_run))
    network = load_network(weights)
    kernel = network.get_layer("dense_1").kernel
    kernel.assign(np.full(kernel.shape, 3e38, np.float32))
    file = tmp_path / "huge.weights.h5"
    save_network(network, file, weights.description, weights.training_hashes)
    out = tmp_path / "s.csv"
    message = fails(predict.main, "--data", drawn / "test.csv", "--weights", file, "--out", out)
    assert "probabilities that are not finite" in message
    assert not out.exists()
