"""The report's page from records made by hand, and report.py from the command line."""

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import report
from data import CLASS_NAMES
from data.splits import Hashes
from models.weights import Weights, find_ensemble
from reporting import page
from reporting.findings import TOTALS
from reporting.page import render_page
from training.recipes import RECIPES

FIGURES = [
    *("confusion", "confusion-2", "confusion-2-minus-1", "confusion-worst", "curves"),
    *("saliency", "saliency-mean", "saliency-check", "filters", "filters-outputs", "classes"),
    *("confusion-calibration", "labels"),
]
PARTS = {"brows": 0.1, "eyes": 0.1, "nose": 0.1, "mouth": 0.1, "cheeks": 0.2, "outside": 0.4}
RUN = {
    "arguments": {"recipe": "fast", "batch_size": 128, "set": ["flip=0"], "teacher": ["fold.csv"]}
    | {"data": "/home/me/fer2013.csv", "validation": "PublicTest"},
    "recipe": asdict(RECIPES["cnn"]["fast"]),
    "machine": {"processor": "AMD EPYC", "cores": 2, "gpus": "", "system": "Linux"},
    **{"training_faces": 28709, "validation_faces": 3589, "commit": "1bf47fc", "seed": 3},
}
HISTORY = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n1,1.5,0.4,1.25,0.5,0.001,90\n"


class Page(HTMLParser):
    """What a browser would see: all start tags, and the text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content)
        self.text = " ".join(self.text.replace("\N{MINUS SIGN}", "-").split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str]:
        return [values[attribute] for name, values in self.tags if name == tag and attribute in values]


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def scores(accuracy: float, difference: float) -> dict:
    """The numbers of a network in the record of confusion.py."""
    recall = {"faces": 8, "precision": 0.5, "recall": 0.6, "recall_low": 0.5, "recall_high": 0.7, "f1": 0.545}
    pair = {"share": 0.2, "faces": 7, "first_as_second": 3, "second_as_first": 4}
    names = [(first, second) for number, second in enumerate(CLASS_NAMES) for first in CLASS_NAMES[:number]]
    subsets = {"without_duplicates": score(accuracy - 0.1), "all": score(accuracy)}
    return {
        "accuracy": {name: value | {"faces": 3589} for name, value in subsets.items()},
        "classes": dict.fromkeys(CLASS_NAMES, recall),
        "pairs": [{"first": first, "second": second} | pair for first, second in names],
        "difference": {
            "accuracy": dict.fromkeys(subsets, score(difference)),
            "classes": dict.fromkeys(CLASS_NAMES, score(difference)),
        },
    }


def records(*names: str) -> dict:
    """What the scripts return for networks of these names."""
    shares = dict.fromkeys((*CLASS_NAMES, "all"), dict.fromkeys(PARTS, 1 / 6))
    faces = dict.fromkeys(CLASS_NAMES, 5) | {"all": 35}
    saliency = {"smoothgrad": shares, "gradient": shares}
    check = {"deletion": 0.31, "deletion_sd": 0.1, "insertion": 0.62, "insertion_sd": 0.2, "empty": 0}
    orders = {"smoothgrad": check | {"shuffled": 0.12}, "random": check | {"shuffled": None}}
    paired = {"value": 0.02, "low": -0.03, "high": 0.07}
    return {
        "confusion": {
            **{"data": "fer2013.csv", "usage": "PublicTest", "subset": "without_duplicates"},
            "labelled_by": "",
            "faces": {"without_duplicates": 3294, "all": 3589},
            "networks": {
                name: scores(value, -0.194) for name, value in zip(names, (0.694, 0.5), strict=False)
            },
        },
        "saliency": {
            "methods": ["smoothgrad", "gradient"],
            "faces": [{"true": each, "predicted": "neutral"} for each in CLASS_NAMES],
            "checks": {"faces": 70, "orders": orders}
            | {"differences": {"smoothgrad": {"deletion": paired, "insertion": paired}}},
        },
        "saliency-mean": {"mean": {"faces": faces, "area": PARTS, "saliency": saliency}},
        "labels": {"faces": 32298, "share": 0.213, "low": 0.206, "high": 0.22},
        "filters": {"layer": "conv2d_1", "units": [{"dead": False}] * 31 + [{"dead": True}]},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An output folder with pictures of two pixels in place of the figures."""
    for stem in FIGURES:
        Image.new("L", (2, 1)).save(tmp_path / f"{stem}.png")
    return tmp_path


def weights(run: Path, network: str, **record: object) -> Weights:
    """Weights in a run folder, with this run.json if there is any."""
    if record:
        run.mkdir()
        (run / "run.json").write_text(json.dumps(record))
        (run / "history.csv").write_text(HISTORY)
    metadata = {"network": network, "mean": 128.0, "std": 60.0, "epoch": 60, "seed": 3}
    return Weights(run / "best.weights.h5", metadata, Hashes.of(np.zeros((0, 48, 48), np.uint8)))


def render(folder: Path, changed=None, commands=FIGURES, is_drawn=False, **networks: Weights) -> Page:
    networks = networks or {"cnn": weights(folder / "cnn", "cnn"), "dnn": weights(folder / "dnn", "dnn")}
    groups = {name: [each] for name, each in networks.items()}
    commands = {stem: f"python {stem}.py --weights <b>" for stem in commands}
    content = render_page(folder, groups, records(*networks) | (changed or {}), commands, is_drawn)
    (folder / "report.html").write_text(content)
    return Page(content)


def test_every_figure_is_in_the_page_with_links_and_a_text_for_those_who_cannot_see_it(folder):
    shown = render(folder)
    assert len(shown.all("img", "src")) == len(FIGURES)
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in shown.all("img", "src"))
    assert all(len(text) > 20 for text in shown.all("img", "alt"))
    links = set(shown.all("a", "href"))
    assert {f"{stem}{ending}" for stem in FIGURES for ending in (".png", ".pdf")} <= links
    ids = [values["id"] for _, values in shown.tags if "id" in values]
    assert len(set(ids)) == len(ids)
    assert {f"question-{number}" for number in range(1, 6)} <= {link[1:] for link in links if link[0] == "#"}
    assert {link[1:] for link in links if link[0] == "#"} <= set(ids)
    assert not {tag for tag, _ in shown.tags} & {"script", "link", "iframe", "object"}
    assert not re.search(
        r"http|url\(|@import", re.sub('base64,[^"]+', "", (folder / "report.html").read_text())
    )


def test_the_page_shows_what_was_measured(folder):
    text = render(folder).text
    for words in (
        "Of the 9 findings of the report that could be checked here: 2 confirmed, 4 partly, 3 not confirmed.",
        "PublicTest faces without duplicates in training: cnn (60 epochs), dnn (60 epochs).",
        "all 3,589 PublicTest faces",
        "3,294 PublicTest faces without duplicates in training",
        "69.4 % (67.4 to 71.4)",
        "estimated 21.3 % (20.6 to 22.0) of the labels of 32,298 faces are wrong",
        "59.4 % (57.4 to 61.4)",
        "dnn minus cnn: -19.4 (-21.4 to -17.4)",
        "angry-sad*",
        "7 (3 + 4)",
        "0.310 ± 0.100",
        "mouth and cheeks30.0 % 33.3 % (1.11) 33.3 % (1.11) 1.11",
    ):
        assert words in text
    assert text.count("the same") >= 31
    # Numbers of all faces are in one table.
    assert text.count("all 3,589") == 1
    assert "69.4" in text.partition("minus cnn")[2].partition("Question 1")[0]


def test_the_page_avoids_words_that_readers_stumbled_over(folder):
    text = render(folder).text
    assert not re.search(r"in part\b|exceeds none|\b1 epochs|seen as|within chance|None\b", text)
    raw = (folder / "report.html").read_text()
    assert not re.search(r"\d %", re.sub(r"<style>.*?</style>", "", raw, flags=re.DOTALL))


def test_faces_of_the_user_are_not_to_be_published(folder):
    assert "Do not publish this page" in render(folder).text
    drawn = render(folder, is_drawn=True).text
    assert "Do not publish" not in drawn
    assert "say nothing about FER2013" in drawn


def test_a_training_is_described_by_its_run_or_said_to_be_unknown(folder):
    cnn = weights(folder / "run", "cnn", **RUN)
    text = render(folder, cnn=cnn, dnn=weights(folder / "other", "dnn")).text
    for words in (
        "cnn (distilled, 1 epoch on 28,709 faces), dnn (60 epochs).",
        "28,709 faces of fer2013.csvnot recorded",
        "optimiser muon, weight decay 0.02",
        "learning rate up to 0.01 over 15 % of the steps, then a cosine to 0",
        "rotation up to 10 degrees, shift up to 8.0 %, zoom up to 10.0 %, erase up to 4.3 %, mirrored at",
        "time 1.5 min, AMD EPYC, 2 cores",
        "training 1.500, validation 1.250; training loss against teachers' predictions, both losses against",
        "predictions of other networks 50 % of the targets",
        "recipe fast --set flip=0",
    ):
        assert words in text.replace("\N{NO-BREAK SPACE}", " "), words
    assert "/home/me" not in text


def test_other_labels_short_trainings_and_unchecked_maps_are_said(folder):
    confusion = records("cnn", "dnn")["confusion"] | {"labelled_by": "FER+"}
    maps = records("cnn", "dnn")["saliency"] | {"checks": None}
    text = render(folder, changed={"confusion": confusion, "saliency": maps}).text
    assert "3,294 PublicTest faces labelled by FER+ without duplicates in training" in text
    assert "The labels are those of FER+, not FER2013's" in text
    assert "These maps were not checked" in text
    text = render(folder, dnn=weights(folder / "brief", "dnn", **RUN)).text
    assert "Open: a network was trained" not in text, "one epoch, but more than the report's 32 %"


def test_a_class_without_faces_is_nowhere(folder):
    changed = records("cnn", "dnn")
    for numbers in changed["confusion"]["networks"].values():
        del numbers["classes"]["disgust"], numbers["difference"]["classes"]["disgust"]
        numbers["pairs"] = [pair for pair in numbers["pairs"] if "disgust" not in pair.values()]
    mean = changed["saliency-mean"]["mean"]
    del mean["faces"]["disgust"], mean["saliency"]["gradient"]["disgust"]
    text = render(folder, changed=changed).text
    assert "No face is disgust, which is left out." in text
    assert "Most confused: angry" not in text, "the report's pairs cannot be checked"
    assert not re.search(r"angry-disgust|disgust-|\b0\.0\b", text)


@pytest.mark.parametrize("usage", ["PublicTest", "PrivateTest", "all"])
def test_the_page_says_when_epochs_are_chosen_on_such_faces(folder, usage):
    confusion = records("cnn", "dnn")["confusion"] | {"usage": usage}
    text = render(folder, changed={"confusion": confusion}).text
    assert ("chosen on validation faces such as these" in text) == (usage != "PrivateTest")
    assert ("validation faces, which these are not" in text) == (usage == "PrivateTest")


def test_names_are_escaped(folder):
    name = '<b>"&amp;'
    shown = render(folder, **{name: weights(folder / "strange", "cnn")})
    assert "b" not in {tag for tag, _ in shown.tags}
    assert "python confusion.py --weights <b>" in shown.text
    assert any(name in text for text in shown.all("img", "alt"))


def test_a_dense_network_alone_has_no_filters(folder):
    text = render(
        folder, commands=["confusion", "saliency", "saliency-mean"], dnn=weights(folder, "dnn")
    ).text
    assert "dnn has no convolutions" in text
    assert "Training curves" not in text


@pytest.mark.parametrize("kind", TOTALS)
def test_the_networks_of_this_suite_are_those_of_the_report(kind):
    layers, totals = page.built(kind)
    compared = [row[-1] for row in page.compared_layers(kind, layers)]
    assert set(compared) == {"", "the same"}
    assert compared.count("the same") == {"cnn": 26, "dnn": 16}[kind], "all that layers.csv has"
    assert totals == TOTALS[kind]
    changed = [(name, (*output[:-1], 5), count) for name, output, count in layers]
    assert "the same" not in {row[-1] for row in page.compared_layers(kind, changed)}
    assert not any(row[-1] for row in page.compared_layers("compact", layers))


def test_the_whole_report_of_drawn_faces(csvs, tiny_run, tmp_path, failing, capsys):
    out = tmp_path / "report"
    arguments = ["--data", csvs, "--runs", tiny_run, "--quick", "--out", out]
    report.main([str(word) for word in arguments])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in printed[:2]] == ["confusion.py", "label_errors.py"]
    shown = Page((out / "report.html").read_text())
    assert len(shown.all("img", "src")) == 10
    assert all((out / link).is_file() for link in shown.all("a", "href") if link[0] != "#")
    assert all(line in shown.text for line in printed[:-1]), "the page has the commands"
    assert f"--weights {tiny_run}" not in shown.text, "paths are relative"
    assert "report.html: exists already" in failing(report.main, *arguments)


def test_networks_without_faces_to_measure_on_end_with_the_line_of_the_script(
    csvs, tiny_run, tmp_path, failing
):
    (tmp_path / "train.csv").write_bytes((csvs / "train.csv").read_bytes())
    line = failing(report.main, "--data", tmp_path, "--runs", tiny_run, "--out", tmp_path / "report")
    assert "compact was trained on all" in line
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "report"], "run make demo"),
        (["--data", "missing"], "missing"),
        (["--data", ".", "--runs", "missing"], "no such weights"),
        (
            ["--data", ".", "--runs", "dnn", "--out", "file/report"],
            "is a file, not a folder",
        ),
    ],
)
def test_wrong_input_ends_with_one_line(arguments, words, tmp_path, monkeypatch, failing):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    assert words in failing(report.main, *arguments)


def test_fer_plus_labels_all_faces_and_how_to_read_is_passed_on(csvs, tmp_path):
    votes = tmp_path / "fer2013new.csv"
    votes.write_text("Usage,Image name,neutral,happiness,contempt,unknown,NF\nTraining,a.png,8,1,1,0,0\n")
    for labels, name in ((votes, "fer2013.csv"), (csvs / "test_labels.csv", "test.csv")):
        reading = ["--faces", "whole", "--classes", "joyful=happy", "contempt=-"]
        options = report.parse_args(["--data", str(csvs), "--labels", str(labels), *reading])
        for _, script, words in report.plan(options, [find_ensemble([run]) for run in options.runs]):
            if script is not report.curves:
                assert words[:7] == ["--data", str(csvs / name), *reading]
                assert "--labels" in words


def test_the_reports_cnn_is_the_reference_and_of_an_ensemble_one_network_is_explained():
    options = report.parse_args(["--data", "faces", "--runs", "dnn", "ensemble", "cnn"])
    assert options.runs == ["cnn", "dnn", "ensemble"]
    options.runs = ["ensemble", "compact"]
    groups = [find_ensemble([run]) for run in options.runs]
    plan = {stem: words for stem, _, words in report.plan(options, groups)}
    assert " ".join(plan["confusion"]).endswith(
        "--weights ensemble --versus compact --worst 16 --calibration"
    )
    for stem in ("saliency", "saliency-mean", "filters", "classes"):
        assert report.shown(plan[stem][3]) == "models/weights/medium.weights.h5"
    assert [Path(path).stem for path in plan["curves"]] == ["medium", "medium-seed3", "compact"]
