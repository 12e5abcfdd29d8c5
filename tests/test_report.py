"""report.py from the command line, and the pieces of its page."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import keras
import numpy as np
import pytest

import report
from data.csv_reader import read_csv
from data.splits import image_hashes
from drawing.csv_files import write_drawn_csvs
from models import LOGITS, NETWORK_NAMES, builder
from models.locate import find_weights
from models.weights_file import load_network, save_network
from reporting import findings
from reporting.claims import (
    Verdict,
    best_classes,
    dense_is_worse,
    live_filters,
    most_confused,
    reaches,
    salient_regions,
    stays_below,
)
from reporting.commands import FORMATS, QUICK, plan
from reporting.inputs import Network, find_data, find_networks, history_of, shown_path
from reporting.measurements import region_ratios, run_facts, shown_pairs
from reporting.page import render_page
from training.environment import PROJECT
from training.run_folder import RunFolder

FIGURES = (
    "classes",
    "confusion",
    "confusion-2",
    "confusion-2-minus-1",
    "confusion-worst",
    "curves",
    "filters",
    "filters-outputs",
    "saliency",
    "saliency-mean",
)


class Page(HTMLParser):
    """What a browser would see: all start tags, the ids, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += re.sub(r"\s+", " ", data)


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    write_drawn_csvs(folder, train=14, test=28, seed=1)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    """Run folders of both networks at random weights, with a history of two epochs and no run.json."""
    keras.utils.set_random_seed(1)
    folders = {}
    for name in ("cnn", "dnn"):
        folders[name] = tmp_path_factory.mktemp("runs") / name
        folders[name].mkdir()
        description = {"network": name, "mean": 128.0, "std": 60.0, "seed": 1, "epoch": 2}
        weights = folders[name] / "best.weights.h5"
        save_network(builder(name)(128.0, 60.0), weights, description, np.zeros(0, np.uint64))
        history = [
            {"epoch": i, "loss": 2 / i, "accuracy": 0.3, "learning_rate": 0.1, "seconds": 1.0} for i in (1, 2)
        ]
        RunFolder(str(folders[name])).write_history(history)
    return folders


@pytest.fixture(scope="module")
def built(faces, runs, tmp_path_factory) -> Path:
    """The folder that the whole report of both networks was written into, over a file of the user's."""
    out = tmp_path_factory.mktemp("out") / "report"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    given = ["--data", faces, "--runs", runs["dnn"], runs["cnn"], "--quick", "--out", out]
    report.main([str(word) for word in given])
    return out


@pytest.fixture(scope="module")
def page(built) -> Page:
    return Page((built / "report.html").read_text(encoding="utf-8"))


def test_every_figure_is_there_as_png_and_pdf_and_inside_the_page(built, page):
    written = {path.name for path in built.iterdir()}
    assert {f"{stem}{ending}" for stem in FIGURES for ending in FORMATS} <= written
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == len(FIGURES)
    assert all(len(image["alt"]) > 30 for image in images)
    text = (built / "report.html").read_text()
    assert re.findall(r"Figure (\d+)\.", page.text) == [str(i) for i in range(1, len(FIGURES) + 1)]
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert {f"{stem}{ending}" for stem in FIGURES for ending in FORMATS} <= links
    assert len(set(re.findall(r'src="(data:image/png;base64,[^"]+)"', text))) == len(FIGURES)
    assert list(built.parent.iterdir()) == [built], "no temporary folder is left"
    assert (built / "notes.txt").read_text() == "mine"


def test_page_of_the_users_faces_says_that_they_may_not_be_published(page):
    assert "do not publish the page" in page.text


def test_page_loads_nothing_from_outside(built, page):
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed")
        assert "srcset" not in attributes
        assert attributes.get("src", "data:image/png;").startswith("data:image/png;")
        # A link to a full-size figure is followed only by a click.
        href = attributes.get("href", "#")
        assert href.startswith("#") or (tag == "a" and (built / href).is_file())
    text = (built / "report.html").read_text()
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in re.sub(r"http-equiv", "", page.text + text.split("base64,")[0])


def test_links_lead_to_their_commands_and_sections(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    targets = {link.removeprefix("#") for link in links if link.startswith("#")}
    assert targets <= set(ids)
    assert {f"question-{number}" for number in range(1, 6)} <= targets


def test_numbers_are_those_of_the_commands(built, page):
    confusion = json.loads((built / "confusion.json").read_text())
    assert list(confusion["networks"]) == ["cnn", "dnn"]
    for numbers in confusion["networks"].values():
        for measured in numbers["populations"].values():
            ends = f"{100 * measured['accuracy_low']:.1f} to {100 * measured['accuracy_high']:.1f}"
            assert f"{100 * measured['accuracy']:.1f} % ({ends})" in page.text
        for values in numbers["per_class"].values():
            assert f"{values['f1']:.3f}" in page.text
        for pair in numbers["confused_pairs"][:6]:
            assert f"{pair['first']}-{pair['second']}" in page.text
    mean = json.loads((built / "saliency-mean.json").read_text())["mean"]
    for method, name in (("gradient", "gradient"), ("smoothgrad", "SmoothGrad")):
        shares = mean["saliency"][method]["all"]
        for region, share in shares.items():
            assert f"{100 * share:.1f} % ({share / mean['area'][region]:.2f})" in page.text
        share, area = (sum(values[part] for part in ("mouth", "cheeks")) for values in (shares, mean["area"]))
        on_picture = f"{100 * share:.1f} % of the {name} saliency on {100 * area:.1f} % of the picture"
        assert f"{on_picture}, {share / area:.2f} times their area" in page.text
    for group in mean["saliency"]["smoothgrad"].values():
        for region, share in group.items():
            assert f"{share / mean['area'][region]:.2f}" in page.text
    low, high = (100 * confusion["differences"]["dnn"][f"accuracy_{end}"] for end in ("low", "high"))
    assert f"{low:+.1f} to {high:+.1f}" in page.text
    for face in json.loads((built / "saliency.json").read_text())["faces"]:
        assert str(face["row"]) in page.text


@pytest.mark.parametrize(
    ("nose", "mouth", "verdict"),
    [(0.1, 0.3, Verdict.CONFIRMED), (0.2, 0.3, Verdict.IN_PART), (0.2, 0.15, Verdict.NOT)],
)
def test_the_claim_is_decided_by_ratios_to_area_of_the_method_that_passes_the_checks(nose, mouth, verdict):
    area = {"nose": 0.1, "mouth": 0.1, "cheeks": 0.2, "outside": 0.6}
    shares = {"nose": nose, "mouth": mouth, "cheeks": 0.12, "outside": 0.88 - nose - mouth}
    mean = {"area": area, "saliency": {"gradient": {"all": area}, "smoothgrad": {"all": shares}}}
    regions = region_ratios(mean)
    assert [row["name"] for row in regions] == ["mouth and cheeks", *area]
    assert regions[0]["smoothgrad"]["ratio"] == pytest.approx((mouth + 0.12) / 0.3)
    assert [row["gradient"]["ratio"] for row in regions] == pytest.approx([1] * len(regions))
    claim = salient_regions(regions)
    assert claim["verdict"] == verdict
    assert ("nose" in claim["denser"]) == (verdict != Verdict.CONFIRMED)


def test_the_other_claims_are_decided_by_their_numbers():
    all_three = [Verdict.CONFIRMED, Verdict.IN_PART, Verdict.NOT]
    measured = {"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6}
    assert [reaches(measured, value) for value in (0.5, 0.6, 0.7)] == all_three
    assert [stays_below(measured, value) for value in (0.5, 0.4, 0.3)] == all_three
    gaps = [(-0.4, -0.3), (-0.2, -0.1), (-0.1, 0.0)]
    gaps = [{"accuracy": (low + high) / 2, "accuracy_low": low, "accuracy_high": high} for low, high in gaps]
    assert [dense_is_worse(gap) for gap in gaps] == all_three
    assert [live_filters(2, dead) for dead in (0, 1, 2)] == all_three

    recall = {"sad": 0.9, "happy": 0.8, "surprise": 0.7, "fear": 0.1}
    best = best_classes({name: {"recall": value} for name, value in recall.items()})
    assert best == {"classes": [("sad", 0.9), ("happy", 0.8)], "verdict": Verdict.IN_PART}

    names = [("angry", "sad"), ("fear", "happy"), ("sad", "neutral"), ("angry", "fear"), ("fear", "sad")]
    pairs = [{"first": first, "second": second} for first, second in names]
    assert most_confused(pairs) == {"pairs": pairs[:4], "shared": 2, "verdict": Verdict.IN_PART}


def test_pairs_are_ranked_by_share_and_by_faces():
    confused = [
        {"first": "angry", "second": "disgust", "share": 0.16, "faces": 16},
        {"first": "sad", "second": "neutral", "share": 0.15, "faces": 194},
    ]
    shown = shown_pairs(confused)
    assert [(pair["rank"], pair["rank_by_faces"]) for pair in shown[:2]] == [(1, 2), (2, 1)]
    assert {(pair["first"], pair["second"]) for pair in shown} == set(findings.CONFUSED_PAIRS)
    assert {pair["rank"] for pair in shown[2:]} == {None}


def test_the_page_says_which_maps_are_the_reports_and_how_they_do_in_its_checks(built, runs, page, tmp_path):
    assert "Maps from top to bottom: SmoothGrad, gradient (the report's method)." in page.text
    folder = shutil.copytree(built, tmp_path / "report")
    saliency = json.loads((folder / "saliency.json").read_text())
    areas = {"smoothgrad": 0.25, "gradient": 0.4, "random": 0.35}
    curves = {order: {"area": [area]} for order, area in areas.items()}
    checks = {"deletion": curves, "insertion": curves, "rank_correlation": {}}
    saliency["checks"] = checks | {"completeness": {"error": 0.001}}
    (folder / "saliency.json").write_text(json.dumps(saliency))
    (folder / "saliency-check.png").write_bytes((folder / "saliency.png").read_bytes())
    networks = find_networks([str(runs["cnn"]), str(runs["dnn"])])
    checked = Page(render_page(folder, folder, networks, plan(networks, (), QUICK), is_drawn=True))
    assert "SmoothGrad 0.250, gradient 0.400, a random order 0.350." in checked.text
    assert "SmoothGrad is better than a random order" in checked.text
    assert "the gradient is no better than a random order" in checked.text


def test_networks_equal_the_report_layer_by_layer(page):
    assert "differs" not in page.text
    for totals in findings.TOTALS.values():
        assert all(f"{number:,}" in page.text for number in totals)
    for rows in findings.LAYERS.values():
        assert f"All {len(rows)} rows of the report's table are the same here" in page.text
    assert [tag for tag, _ in page.tags].count("details") == len(findings.LAYERS)
    assert "python confusion.py --data" in page.text


def test_every_finding_has_a_verdict_and_the_conclusion_counts_them(page):
    verdicts = re.findall(r"(✓ confirmed|◐ in part|✗ not)", page.text)
    assert len(verdicts) == 9
    counts = [verdicts.count(verdict) or "none" for verdict in ("✓ confirmed", "◐ in part", "✗ not")]
    words = (r"(is|are) confirmed, ", r"(is|are) confirmed in part[^.]*, and ", r"(is|are) not confirmed")
    pattern = " ".join(f"{count} {word}".strip() for count, word in zip(counts, words, strict=True))
    assert re.search(f"Of the 9 findings of the report that could be checked, {pattern}", page.text)


def test_a_difference_says_what_each_network_was_trained_on(page):
    assert "CNN: trained for an unknown number of epochs on unknown faces" in page.text
    assert "DNN: trained for an unknown number of epochs on unknown faces" in page.text


def test_the_page_names_no_absolute_path(built, page, faces):
    text = re.sub(r"data:image/png;base64,[^\"]+", "", (built / "report.html").read_text())
    for path in (built, faces, Path.home(), Path.cwd()):
        assert f'"{path}' not in text
        assert f" {path}" not in text
    assert not re.search(r"(?<![\w.<>])/(home|tmp|root|work|Users|var|usr)/", text)


def test_paths_are_shown_from_the_folder_of_the_project(tmp_path, monkeypatch):
    assert shown_path(PROJECT / "data" / "train.csv") == "data/train.csv"
    assert shown_path(PROJECT.parent / "faces.csv") == "../faces.csv"
    assert shown_path("runs/cnn") == "runs/cnn"

    def on_another_drive(path, start):
        raise ValueError

    monkeypatch.setattr("os.path.relpath", on_another_drive)
    assert shown_path(PROJECT / "train.csv") == "train.csv"


def test_findings_add_up():
    for name, rows in findings.LAYERS.items():
        assert sum(sum(row.parameters) for row in rows) == findings.TOTALS[name].total
        assert (
            findings.TOTALS[name].trainable + findings.TOTALS[name].non_trainable
            == findings.TOTALS[name].total
        )


def test_a_page_of_a_dense_network_has_no_filters_and_says_why(built, runs, tmp_path):
    networks = find_networks([str(runs["dnn"])])
    folder = shutil.copytree(built, tmp_path / "report")
    confusion = json.loads((folder / "confusion.json").read_text())
    del confusion["networks"]["cnn"]
    (folder / "confusion.json").write_text(json.dumps(confusion | {"differences": {}}))
    commands = plan(networks, (), QUICK)
    assert {command.script for command in commands} == {"curves.py", "confusion.py", "saliency.py"}
    text = Page(render_page(folder, folder, networks, commands, is_drawn=True)).text
    assert "No CNN was given" in text
    assert "no CNN and DNN to compare" in text
    assert text.count("no network with convolutions given") == 4
    assert "Only one network was given" in text
    assert "has no convolutions; add a CNN" in text


def test_any_networks_are_shown_the_reports_cnn_first(runs):
    networks = find_networks([str(runs["dnn"]), "ensemble", "medium", str(runs["cnn"])])
    assert [(name, each.kind, len(each.files)) for name, each in networks.items()] == [
        ("cnn", "cnn", 1), ("ensemble", "medium", 2), ("medium", "medium", 1), ("dnn", "dnn", 1),
    ]  # fmt: skip
    commands = {each.stem: each.arguments for each in plan(networks, ("--data", "a.csv"), QUICK)}
    versus = ["--versus", "ensemble", "--versus", "medium", "--versus", str(runs["dnn"])]
    assert " ".join(versus) in " ".join(commands["confusion"])
    histories = [Path(path).stem for path in commands["curves"]]
    expected = ["cnn", "medium", "medium-seed3", "dnn"]
    assert histories == expected, "medium is in the ensemble"


def test_of_an_ensemble_the_first_network_is_explained(runs):
    networks = find_networks(["ensemble", str(runs["dnn"])])
    commands = {each.stem: each for each in plan(networks, ("--data", "a.csv"), QUICK)}
    first = "--weights models/weights/medium.weights.h5"
    for stem in ("saliency", "saliency-mean", "filters", "classes"):
        assert first in commands[stem].shown(Path("out"))
    assert f"--layer {LOGITS['medium']} " in commands["classes"].shown(Path("out"))
    assert "--weights ensemble --versus" in commands["confusion"].shown(Path("out"))


def test_the_layer_of_the_logits_is_the_last_of_each_network():
    for name in NETWORK_NAMES:
        assert builder(name)(128.0, 60.0).layers[-1].name == LOGITS[name]


def test_class_folders_are_data_to_measure_on(runs, drawn_folders, tmp_path, write_run_state):
    assert find_data(drawn_folders, None, {}) == ("--data", str(drawn_folders))
    write_run_state(tmp_path, "0.2")
    shutil.copy(runs["cnn"] / "best.weights.h5", tmp_path)
    networks = find_networks([str(tmp_path)])
    train = drawn_folders / "train"
    assert find_data(train, None, networks) == ("--data", str(train), "--validation", "run")


def test_data_is_found_under_their_usual_names(faces, runs, tmp_path, write_run_state):
    networks = find_networks([str(runs["cnn"])])
    assert find_data(faces, None, networks) == ("--data", str(faces / "fer2013.csv"))
    assert find_data(faces, "l.csv", networks) == ("--data", str(faces / "test.csv"), "--labels", "l.csv")
    (tmp_path / "train.csv.gz").touch()
    run = shutil.copytree(runs["cnn"], tmp_path / "run")
    write_run_state(run, "0.2")
    options = find_data(tmp_path, None, find_networks([str(run)]))
    assert options == ("--data", str(tmp_path / "train.csv.gz"), "--validation", "run")
    (tmp_path / "icml_face_data.csv").touch()
    assert find_data(tmp_path, None, networks) == ("--data", str(tmp_path / "icml_face_data.csv"))


def test_a_history_is_found_in_the_run_or_in_the_record_of_shipped_weights(runs, tmp_path):
    assert history_of(find_weights(str(runs["cnn"]))) == str(runs["cnn"])
    shipped = find_weights("compact")
    assert history_of(shipped) == str(shipped.path.with_name("compact.json"))
    alone = tmp_path / "alone.weights.h5"
    alone.write_bytes(shipped.path.read_bytes())
    assert history_of(find_weights(str(alone))) is None


def test_commands_can_be_typed_as_they_are_shown(runs):
    network = Network("my run", (find_weights(str(runs["cnn"])),))
    commands = plan({"cnn": network}, ("--data", "a.csv"), QUICK)
    assert [each.stem for each in commands] == [
        "curves",
        "confusion",
        "saliency",
        "saliency-mean",
        "filters",
        "classes",
    ]
    start = "python confusion.py --data a.csv --weights 'my run' --worst 16 --out"
    assert commands[1].shown(Path("out")) == f"{start} out/confusion.png out/confusion.pdf"


def test_every_name_on_the_page_is_escaped(built, runs, tmp_path):
    strange = '<b>"&amp;'
    confusion = json.loads((built / "confusion.json").read_text())
    confusion["networks"] = {strange: confusion["networks"]["cnn"], "dnn": confusion["networks"]["dnn"]}
    folder = shutil.copytree(built, tmp_path / "report")
    saliency = json.loads((folder / "saliency.json").read_text())
    saliency["faces"][0]["true"] = strange
    (folder / "saliency.json").write_text(json.dumps(saliency))
    (folder / "confusion.json").write_text(json.dumps(confusion))
    run = shutil.copytree(runs["cnn"], tmp_path / strange)
    arguments = {"data": strange, "recipe": strange, "epochs": 2, "batch_size": 8, "seed": 1}
    record = {
        "arguments": arguments | {"validation": "PublicTest"},
        "training_faces": 14,
        "validation_faces": 14,
        "commit": strange,
        "versions": {"python": strange},
        "machine": {"processor": strange, "cores": 2, "system": strange},
    }
    (run / "run.json").write_text(json.dumps(record))
    networks = find_networks([str(runs["dnn"]), str(run)])
    commands = plan(networks, ("--data", strange), QUICK)
    page = Page(render_page(folder, tmp_path / strange, networks, commands, is_drawn=True))
    assert "b" not in {tag for tag, _ in page.tags}
    for text in (
        f"/{strange}/best.weights.h5",
        f"recipe{strange}",
        f"{strange}, 2 cores",
        f"/{strange}/curves.png",
        f"{strange} (CNN)",
    ):
        assert text in page.text
    assert f"--data '{strange}' --weights" in page.text
    assert any(f"{strange} seen as " in (attributes.get("alt") or "") for _, attributes in page.tags)
    assert "not recorded" in page.text, "the other run has no run.json"
    assert "best epoch of a run was chosen on these same faces" in page.text
    assert "do not publish the page" not in page.text, "the faces are drawn"


def test_shipped_weights_are_described_by_the_record_beside_them(built, runs, tmp_path):
    networks = find_networks([str(runs["dnn"]), "cnn"])
    commands = plan(networks, ("--data", "a.csv"), QUICK)
    page = Page(render_page(built, tmp_path, networks, commands, is_drawn=False))
    record = json.loads(networks["cnn"].files[0].path.with_name("cnn.json").read_text())
    for text in (
        "recipefast with teacher_share=0.5",
        "epochs30",
        f"data{record['arguments']['data']}",
        "training faces28,709",
        "validationPublicTest (3,589 faces)",
        f"commit{record['commit']}",
        f"jax {record['versions']['jax']}",
        f"16 cores, NVIDIA H200, {record['machine']['system']}",
        "best epoch of a run was chosen on these same faces",
    ):
        assert text in page.text


def test_the_record_of_a_run_counts_more_than_one_beside_its_weights(runs, tmp_path):
    run = shutil.copytree(runs["cnn"], tmp_path / "run")
    record = json.loads(find_weights("cnn").path.with_name("cnn.json").read_text())
    del record["sha256"]
    (run / "best.json").write_text(json.dumps(record))
    assert run_facts(find_weights(str(run)))["recipe"].startswith("fast with teacher_share=0.5, ")
    record["arguments"] |= {"recipe": "report", "set": [], "teacher": []}
    (run / "run.json").write_text(json.dumps(record))
    assert run_facts(find_weights(str(run)))["recipe"] == "report"
    record["arguments"] |= {"set": ["shift=0.2", "flip=0"], "teacher": ["fold.csv"]}
    (run / "run.json").write_text(json.dumps(record))
    assert run_facts(find_weights(str(run)))["recipe"] == "report with shift=0.2, flip=0, teachers"
    (run / "run.json").write_text("{")
    assert run_facts(find_weights(str(run))).keys() == {"name", "weights", "epoch", "seed"}


def test_a_failing_script_leaves_nothing_and_gives_its_line(faces, tmp_path, fails, write_run_state):
    (tmp_path / "train.csv").write_bytes((faces / "train.csv").read_bytes())
    out = tmp_path / "report"
    weights = find_weights("compact")
    hashes = image_hashes(read_csv(tmp_path / "train.csv").images)
    run = tmp_path / "run"
    run.mkdir()
    save_network(load_network(weights), run / "best.weights.h5", weights.description, hashes)
    write_run_state(run, "0.2", validation_faces=3)
    line = fails(report.main, "--data", tmp_path, "--runs", run, "--quick", "--out", out)
    assert line.startswith("error: confusion.py: ")
    assert "its faces are not those that" in line
    (run / "run.json").unlink()
    line = fails(report.main, "--data", tmp_path, "--runs", run, "--quick", "--out", out)
    assert "was trained without a validation split" in line
    assert "put fer2013.csv or icml_face_data.csv beside it" in line
    shutil.rmtree(run)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == ["train.csv"]
    assert not list(tmp_path.glob(".report*"))


def test_a_terminal_sees_each_step_and_what_it_does(tmp_path, runs, faces, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    # Stops at once, so that nothing is computed.
    monkeypatch.setattr("reporting.commands.Command.run", lambda self, folder: 1 / 0)
    given = ["--data", str(faces), "--runs", str(runs["dnn"]), "--out", str(tmp_path / "out")]
    with pytest.raises(ZeroDivisionError):
        report.main(given)
    assert capsys.readouterr().out.startswith("step 1 of 4: training curves\npython curves.py ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data", "missing"), "no such folder"),
        (("--data", "empty"), "fer2013.csv"),
        (("--runs", "missing"), "no such weights"),
        (("--runs", "empty"), "best.weights.h5"),
        (("--runs", "cnn", "cnn"), "given twice"),
        (("--out", "missing/report"), "does not exist"),
        (("--out", "file"), "is a file"),
    ],
)
def test_wrong_input_ends_with_one_line_and_nothing_written(
    arguments, words, faces, runs, tmp_path, monkeypatch, fails
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    given = {"--data": [faces], "--runs": [runs["cnn"]], "--out": ["report"]}
    given[arguments[0]] = [runs.get(word, word) for word in arguments[1:]]
    assert words in fails(
        report.main, *(word for option, values in given.items() for word in (option, *values))
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]


def test_runs_need_data_and_the_demo_must_be_there(runs, tmp_path, monkeypatch, fails):
    assert "need --data" in fails(report.main, "--runs", runs["cnn"])
    monkeypatch.setattr(report, "DEMO", tmp_path / "demo")
    assert "make demo" in fails(report.main, "--out", tmp_path / "report")
