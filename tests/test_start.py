"""--from: a run that starts from given weights, keeps what they know, and remembers it when it is resumed."""

import hashlib
import json

import numpy as np
import pytest

import train_cnn
import train_dnn
from benchmarks.copies import as_jpeg
from data.csv_reader import read_csv
from data.splits import image_hashes
from models.locate import find_weights
from models.seen import find_seen
from models.weights_file import load_network

SMALL = ["--epochs", "1", "--batch-size", "16", "--precision", "float32"]


@pytest.fixture(scope="module")
def new_faces(drawn):
    """Faces that `compact_run` was not trained on."""
    return drawn / "emotion_pixels.csv"


def kernels(path) -> list[np.ndarray]:
    return load_network(find_weights(str(path))).get_weights()


def test_a_run_continues_from_the_given_weights_also_when_killed_in_its_first_epoch(
    compact_run, drawn, new_faces, tmp_path, monkeypatch, capsys, fails
):
    run = tmp_path / "run"
    # Steps so small that the weights stay what they were.
    still = ["--set", "learning_rate=1e-7", "warmup=0", "weight_decay=0"]
    options = ["--data", str(new_faces), "--run", str(run), "--validation", "none", *SMALL, *still]

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("training.callbacks.save_network", stop)
        with pytest.raises(SystemExit):
            train_cnn.main(["--from", str(compact_run), *options])
    record = json.loads((run / "run.json").read_text())
    start = find_weights(str(compact_run))
    digest = hashlib.sha256(start.path.read_bytes()).hexdigest()
    assert record["network"] == "compact"
    assert record["arguments"]["recipe"] == "finetune"
    assert record["start"] == {"name": "compact", "sha256": digest}
    assert str(compact_run) not in (run / "run.json").read_text()

    other = fails(train_cnn.main, "--run", run, "--resume", "--from", "compact")
    assert f"was started from compact ({digest[:8]}), not from" in other
    kept = (run / "start.weights.h5").read_bytes()
    (run / "start.weights.h5").unlink()
    assert "start.weights.h5: is missing" in fails(train_cnn.main, "--run", run, "--resume")
    (run / "start.weights.h5").write_bytes(kept)
    train_cnn.main(["--run", str(run), "--resume", "--from", str(compact_run)])
    assert "from compact weights" in capsys.readouterr().out
    assert not (run / "start.weights.h5").exists()

    trained = find_weights(str(run))
    assert json.loads((run / "run.json").read_text())["start"] == record["start"]
    assert trained.description["mean"] == record["mean"] == start.description["mean"]
    assert trained.description["std"] == record["std"] == start.description["std"]
    old, new = read_csv(drawn / "train.csv").images, read_csv(new_faces).images
    seen = find_seen(np.concatenate([old, new, as_jpeg(old, 75), as_jpeg(new, 75)]), [trained])
    assert seen.exact.sum() == len(old) + len(new)
    assert seen.faces.mean() > 0.99, "a JPEG of quality 75 may differ in more bits"
    assert not seen.lacking
    assert set(trained.training_hashes) == set(image_hashes(old)) | set(image_hashes(new))
    # A scale or an offset of batch normalisation moves by the learning rate; its statistics are new.
    pairs = [pair for pair in zip(kernels(compact_run), kernels(run), strict=True) if pair[0].ndim > 1]
    assert len(pairs) == 10
    for before, after in pairs:
        np.testing.assert_allclose(after, before, atol=1e-4)


def test_the_normalisation_is_refitted_on_request_and_faces_seen_before_are_named(
    compact_run, drawn, tmp_path, capsys
):
    run, data = tmp_path / "run", drawn / "fer2013.csv"
    options = ["--limit", "32", "--validation", str(drawn / "train.csv"), *SMALL]
    train_cnn.main(
        [
            "--from",
            str(compact_run),
            "--refit-normalisation",
            "--data",
            str(data),
            "--run",
            str(run),
            *options,
        ]
    )
    assert "compact was trained on 160 of the 160 faces for validation" in capsys.readouterr().out
    first = read_csv(drawn / "train.csv").images[:32]
    trained = find_weights(str(run))
    assert trained.description["mean"] == pytest.approx(first.mean())
    assert len(trained.training_hashes) == len(trained.perceptual_hashes) == 160, "no face twice"


@pytest.mark.parametrize(
    ("main", "options", "words"),
    [
        (train_cnn.main, ["--from", "RUN", "--network", "cnn"], "holds the network compact, not cnn"),
        (train_dnn.main, ["--from", "RUN"], "holds the network compact, not dnn; give weights of the same"),
        (train_cnn.main, ["--from", "ensemble"], "ensemble: stands for 2 networks"),
        (train_cnn.main, ["--from", "nowhere"], "nowhere: no such weights"),
        (train_cnn.main, ["--recipe", "finetune"], "--recipe finetune: needs weights to start from"),
        (train_cnn.main, ["--refit-normalisation"], "--refit-normalisation: goes with --from only"),
    ],
)
def test_what_does_not_fit_ends_with_one_line(compact_run, drawn, tmp_path, fails, main, options, words):
    options = [str(compact_run) if option == "RUN" else option for option in options]
    assert words in fails(main, "--data", drawn / "train.csv", "--run", tmp_path / "run", *options)
    assert list(tmp_path.iterdir()) == []
