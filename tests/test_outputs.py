"""An output replaces only what the same kind of script wrote, and never an input or another output."""

import json

import pytest
from matplotlib.figure import Figure

import confusion
import curves
import predict
import train_cnn
from analysis.figures.saving import ENDINGS, save_figures
from command_line.outputs import check_outputs, figure_files
from data.errors import InputError
from data.replacing import may_replace
from models.locate import FOLDER
from reporting.output import filled_folder

TABLE = "filter,dead,"


def write(path, table=TABLE + "0\n"):
    return list(save_figures({"": Figure(), "-check": Figure()}, [path], {"data": "a.csv"}, table))


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_script_wrote_it_may_write_again(tmp_path, ending):
    names = [str(tmp_path / f"q{ending}")]
    options = {"more": ["-check"], "texts": [".json", ".csv"], "tables": [TABLE]}
    (file,) = figure_files(names, [], **options)
    written = write(file)
    assert {path.name for path in written} == {f"q{ending}", f"q-check{ending}", "q.json", "q.csv"}
    assert json.loads((tmp_path / "q.json").read_text())["data"] == "a.csv"
    assert figure_files(names, [], **options) == [file]
    for path in written:
        content = path.read_bytes()
        path.write_bytes(b"precious")
        with pytest.raises(InputError, match=f"{path.name}: was not written by this script"):
            figure_files(names, [], **options)
        path.write_bytes(b"")
        assert figure_files(names, [], **options) == [file]
        path.write_bytes(content)


def test_a_table_of_another_script_is_kept(tmp_path):
    for start in ("id,label\n0,3\n", "epoch,loss\n", "label,feature\n"):
        (tmp_path / "q.csv").write_text(start)
        with pytest.raises(InputError, match=r"q\.csv: was not written by this script"):
            figure_files([str(tmp_path / "q.png")], [], texts=[".csv"], tables=[TABLE])


def test_shipped_weights_are_known_as_this_suites():
    assert may_replace(FOLDER / "cnn.weights.h5")


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_a_figure_does_not_end_like_the_text_beside_it(tmp_path, ending):
    names = [str(tmp_path / "a.png"), str(tmp_path / f"b{ending}")]
    for paths in (names, names[1:]):
        with pytest.raises(InputError, match=f"b{ending}: the name must end in .png or .pdf or .svg"):
            figure_files(paths, [], texts=[ending])


def test_no_two_outputs_and_no_input_are_one_file(tmp_path):
    q, beside = str(tmp_path / "q.png"), str(tmp_path / "q-outputs.png")
    with pytest.raises(InputError, match="is another output"):
        figure_files([q, beside], [], more=["-outputs"])
    with pytest.raises(InputError, match="is another output"):
        figure_files([q, q], [])
    write(tmp_path / "q.png")
    (tmp_path / "link.png").symlink_to(q)
    for name in (q, str(tmp_path / "link.png")):
        with pytest.raises(InputError, match="is read by this command"):
            figure_files([name], [None, q])
    with pytest.raises(InputError, match="another output"):
        figure_files([q, str(tmp_path / "link.png")], [])


def test_through_a_link_the_format_is_that_of_its_own_name(tmp_path):
    (tmp_path / "figure.txt").touch()
    (tmp_path / "q.png").symlink_to("figure.txt")
    write(*figure_files([str(tmp_path / "q.png")], []))
    assert (tmp_path / "q.png").is_symlink()
    assert (tmp_path / "figure.txt").read_bytes().startswith(b"\x89PNG")


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    for path, words in (
        (tmp_path / "loop.csv", "is a broken link"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "q.csv", "does not exist"),
        (tmp_path / "q.txt", "must end in .csv"),
    ):
        with pytest.raises(InputError, match=words):
            check_outputs([path], [".csv"], [])


def test_a_report_replaces_no_file_of_the_users_but_an_older_report(tmp_path):
    def fill(html: str) -> None:
        with filled_folder(tmp_path / "page") as folder:
            (folder / "report.html").write_text(html)
            (folder / "filters.csv").write_text(TABLE + "0\n")

    ours = '<meta name="generator" content="FER2013 suite">'
    fill(ours)
    fill(ours + "again")
    (tmp_path / "page" / "filters.csv").write_text("precious")
    with pytest.raises(InputError, match=r"filters\.csv: was not written by this suite"):
        fill(ours)
    assert (tmp_path / "page" / "report.html").read_text() == ours + "again"
    assert (tmp_path / "page" / "filters.csv").read_text() == "precious"


def test_a_report_is_refused_before_the_work_and_blamed_for_its_own_files_only(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "report.html").write_text("precious")
    worked = False
    with (
        pytest.raises(InputError, match=r"report\.html: was not written by this suite"),
        filled_folder(tmp_path / "page", ["report.html"]),
    ):
        worked = True
    assert not worked
    with pytest.raises(BrokenPipeError), filled_folder(tmp_path / "other"):
        raise BrokenPipeError  # as print does when nobody reads
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_a_link_that_leads_to_itself_is_no_file(drawn, tmp_path, fails):
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    out, run = ["--out", tmp_path / "out.csv"], ["--run", tmp_path / "run"]
    for main, arguments in (
        (predict.main, ["--data", loop, *out]),
        (confusion.main, ["--data", loop]),
        (curves.main, [loop]),
        (train_cnn.main, ["--data", loop, *run]),
        (train_cnn.main, ["--data", drawn / "train.csv", "--validation", loop, *run]),
        (train_cnn.main, ["--data", drawn / "train.csv", "--teacher", loop, *run]),
    ):
        assert str(loop) in fails(main, *arguments)
    assert list(tmp_path.iterdir()) == [loop]
