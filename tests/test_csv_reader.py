"""Every form of the CSV is read to the same arrays, and every fault is one line that names file and row."""

import contextlib
import gzip
import os
import random
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from data import csv_reader
from data.csv_reader import FACE_HEADERS, read_csv, read_labels
from data.dataset import NUM_PIXELS, USAGE_NAMES
from data.errors import InputError

ROWS = 70  # more than one block
IMAGES = np.random.default_rng(0).integers(0, 256, (ROWS, 48, 48), dtype=np.uint8)
IMAGES[0], IMAGES[1] = 0, 255
LABELS = np.arange(ROWS) % 7
USAGE = np.arange(ROWS) % 3
IDS = np.arange(ROWS)[::-1] * 10
PIXELS = [" ".join(map(str, image.ravel())) for image in IMAGES]
ONE_FACE = " ".join(["7"] * NUM_PIXELS)
HEADER_LINES = [
    "label,feature",
    "id,feature",
    "emotion,pixels,Usage",
    "emotion, Usage, pixels",
    "emotion,pixels",
    "pixels",
]


def csv_lines(header_line: str) -> list[str]:
    columns = {
        "label": LABELS,
        "emotion": LABELS,
        "feature": PIXELS,
        "pixels": PIXELS,
        "id": IDS,
        "Usage": [USAGE_NAMES[index] for index in USAGE],
    }
    names = [name.strip() for name in header_line.split(",")]
    return [header_line, *(",".join(str(columns[name][row]) for name in names) for row in range(ROWS))]


def packed(folder: Path, packing: str, content: bytes) -> Path:
    if packing == "gz":
        path = folder / "faces.csv.gz"
        path.write_bytes(gzip.compress(content, 1))
    elif packing == "zip":
        path = folder / "faces.csv.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("faces.csv", content)
            archive.writestr("__MACOSX/._faces.csv", b"what a Mac adds")
    else:
        path = folder / "faces.csv"
        path.write_bytes(content)
    return path


def assert_all_rows(path: Path, header_line: str) -> None:
    dataset = read_csv(path)
    assert dataset.source == str(path)
    assert dataset.images.dtype == np.uint8
    np.testing.assert_array_equal(dataset.images, IMAGES)
    for values, expected, present in (
        (dataset.labels, LABELS, "label" in header_line or "emotion" in header_line),
        (dataset.usage, USAGE, "Usage" in header_line),
        (dataset.ids, IDS, "id," in header_line),
    ):
        if present:
            np.testing.assert_array_equal(values, expected)
        else:
            assert values is None


def fault_of(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_csv(path)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    assert ";" in message or "known are" in message, "the way out is missing"
    return message


def test_header_lines_cover_all_known_headers():
    assert {tuple(name.strip() for name in line.split(",")) for line in HEADER_LINES} == set(FACE_HEADERS)


@pytest.mark.parametrize("packing", ["plain", "gz", "zip"])
@pytest.mark.parametrize("header_line", HEADER_LINES)
def test_every_form(tmp_path, header_line, packing):
    content = "\n".join([*csv_lines(header_line), ""]).encode()
    assert_all_rows(packed(tmp_path, packing, content), header_line)


@pytest.mark.parametrize("header_line", HEADER_LINES)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: "\ufeff" + text, id="BOM"),
        pytest.param(lambda text: text.removesuffix("\n"), id="no last newline"),
        pytest.param(lambda text: text + "\n  \r\n\n", id="blank lines at the end"),
        pytest.param(
            lambda text: "".join(
                ",".join(f'"{field.strip()}"' for field in line.split(",")) + "\n"
                for line in text.splitlines()
            ),
            id="quoted",
        ),
        pytest.param(lambda text: text.replace(" ", "  "), id="double spaces"),
        pytest.param(lambda text: text.replace(",", ", ").replace("\n", " \n"), id="spaces round fields"),
    ],
)
def test_harmless_differences(tmp_path, header_line, change):
    text = change("\n".join([*csv_lines(header_line), ""]))
    assert_all_rows(packed(tmp_path, "plain", text.encode()), header_line)


def test_one_unusual_row_changes_no_other(tmp_path):
    lines = csv_lines("label,feature")
    lines[5] = lines[5].replace(" ", "   ", 1)
    lines[6] = lines[6].replace(" ", "\t", 1)
    assert_all_rows(packed(tmp_path, "plain", "\n".join(lines).encode()), "label,feature")


def test_leading_zeros_are_whole_numbers(tmp_path):
    pixels = " ".join(["007", "07", "255", "010", *["0"] * (NUM_PIXELS - 4)])
    dataset = read_csv(packed(tmp_path, "plain", f"pixels\n{pixels}\n".encode()))
    assert dataset.images.ravel()[:4].tolist() == [7, 7, 255, 10]


def test_content_counts_where_the_name_lacks_the_ending(tmp_path):
    content = "\n".join(csv_lines("label,feature")).encode()
    for packing in ("gz", "zip"):
        path = packed(tmp_path, packing, content).rename(tmp_path / "train.csv")
        assert_all_rows(path, "label,feature")


def replace_pixel(index: int, value: str) -> str:
    numbers = ["7"] * NUM_PIXELS
    numbers[index] = value
    return " ".join(numbers)


GOOD_ROW = f"3,{ONE_FACE}"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        pytest.param("3," + "7 " * 2302 + "7", ["feature", "2303 pixels, not 2304"], id="2303"),
        pytest.param("3," + "7 " * 2304 + "7", ["feature", "2305 pixels, not 2304"], id="2305"),
        pytest.param("3," + replace_pixel(0, "-1"), ["pixel 1 of feature", "'-1'", "0 to 255"], id="-1"),
        pytest.param("3," + replace_pixel(2303, "256"), ["pixel 2304 of feature", "'256'"], id="256"),
        pytest.param("3," + replace_pixel(9, "300"), ["pixel 10 of feature", "'300'"], id="300"),
        pytest.param("3," + replace_pixel(9, "1000"), ["pixel 10 of feature", "'1000'"], id="1000"),
        pytest.param("3," + replace_pixel(9, "0255"), ["pixel 10 of feature", "'0255'"], id="0255"),
        pytest.param("3," + replace_pixel(9, "5.0"), ["'5.0'", "not a whole number"], id="5.0"),
        pytest.param("3," + replace_pixel(9, "+5"), ["'+5'", "not a whole number"], id="+5"),
        pytest.param("3," + replace_pixel(9, "1e2"), ["'1e2'", "not a whole number"], id="1e2"),
        pytest.param("3," + replace_pixel(9, "nan"), ["'nan'", "not a whole number"], id="nan"),
        pytest.param("3," + replace_pixel(9, "٣"), ["not a whole number"], id="an Arabic digit"),
        pytest.param("3," + replace_pixel(9, "\0"), ["'\\x00'", "not a whole number"], id="NUL"),
        pytest.param("3," + replace_pixel(9, "9" * 5000), ["pixel 10", "9..."], id="5000 digits"),
        pytest.param("3," + replace_pixel(9, '"7'), ["'\"7'", "not a whole number"], id="stray quote"),
        pytest.param(f"7,{ONE_FACE}", ["label is '7'", "0 to 6"], id="label 7"),
        pytest.param(f"-1,{ONE_FACE}", ["label is '-1'", "0 to 6"], id="label -1"),
        pytest.param(f"happy,{ONE_FACE}", ["label is 'happy'", "0 to 6"], id="label of text"),
        pytest.param(f",{ONE_FACE}", ["label is blank"], id="blank label"),
        pytest.param("3,", ["feature is blank"], id="blank pixels"),
        pytest.param('3,""', ["feature is blank"], id="quoted blank pixels"),
        pytest.param("3", ["1 fields, not 2"], id="a field less"),
        pytest.param(f"3,{ONE_FACE},Training", ["3 fields, not 2"], id="a field more"),
        pytest.param("", ["is blank"], id="blank line in the middle"),
        pytest.param("  ", ["is blank"], id="line of spaces in the middle"),
    ],
)
@pytest.mark.parametrize("row_number", [2, 3, 66, 150])
def test_faulty_row(tmp_path, row, words, row_number):
    lines = ["label,feature", *[GOOD_ROW] * 160]
    lines[row_number - 1] = row
    message = fault_of(packed(tmp_path, "plain", "\n".join([*lines, ""]).encode()))
    assert f": row {row_number}: " in message
    for word in words:
        assert word in message


def test_two_wrong_counts_do_not_make_a_right_one(tmp_path):
    lines = ["pixels", "7 " * 2303, "7 " * 2305, ""]
    message = fault_of(packed(tmp_path, "plain", "\n".join(lines).encode()))
    assert ": row 2: pixels has 2303 pixels" in message


def test_numbers_do_not_run_from_one_row_into_the_next(tmp_path):
    # A space moved from between two numbers of one row to the end of another keeps all the sums.
    lines = ["pixels", ONE_FACE.replace("7 7", "77", 1), ONE_FACE + " 7", ""]
    message = fault_of(packed(tmp_path, "plain", "\n".join(lines).encode()))
    assert ": row 2: pixels has 2303 pixels" in message


@pytest.mark.parametrize("usage", ["Testing", "training", "1"])
@pytest.mark.parametrize("header_line", ["emotion,pixels,Usage", "emotion, Usage, pixels"])
def test_usage_that_does_not_exist(tmp_path, header_line, usage):
    lines = csv_lines(header_line)
    lines[3] = f"3,{ONE_FACE},{usage}" if header_line.endswith("Usage") else f"3,{usage},{ONE_FACE}"
    message = fault_of(packed(tmp_path, "plain", "\n".join([*lines, ""]).encode()))
    assert f": row 4: Usage is '{usage}', not one of Training, PublicTest, PrivateTest" in message


def test_messages_name_the_column_of_the_users_header(tmp_path):
    message = fault_of(packed(tmp_path, "plain", f"emotion,pixels\nx,{ONE_FACE}\n".encode()))
    assert "emotion is 'x'" in message


def test_repeated_id(tmp_path):
    lines = ["id,feature", *(f"{number},{ONE_FACE}" for number in (4, 5, 6, 5)), ""]
    message = fault_of(packed(tmp_path, "plain", "\n".join(lines).encode()))
    assert ": row 5: id 5 is repeated from row 3" in message


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 19, ""])
def test_id_that_is_not_a_number(tmp_path, number):
    message = fault_of(packed(tmp_path, "plain", f"id,feature\n{number},{ONE_FACE}\n".encode()))
    assert ": row 2: id is " in message


@pytest.mark.parametrize("header_line", HEADER_LINES)
def test_file_cut_in_the_middle_of_a_row(tmp_path, header_line):
    whole = "\n".join(csv_lines(header_line)).encode()
    last_row = len(whole.splitlines()[-1])
    choose = random.Random(0)
    for missing in {last_row - 1, last_row - 2, *(choose.randrange(4, last_row) for _ in range(12))}:
        message = fault_of(packed(tmp_path, "plain", whole[:-missing]))
        assert f": row {ROWS + 1}: the file ends in the middle of this row" in message


@pytest.mark.parametrize("rest", [b"", b"\n", b"\n\n\n"])
def test_header_only(tmp_path, rest):
    message = fault_of(packed(tmp_path, "plain", b"label,feature" + rest))
    assert "has a header but no rows" in message


@pytest.mark.parametrize(
    "header",
    [
        "label;feature",
        "label,feature,extra",
        "feature,label",
        "Label,Feature",
        "0," + ONE_FACE,
        "",
        "<html>",
        "label,feature\r3,1 2 3\r4,5 6 7",
    ],
)
def test_unknown_header(tmp_path, header):
    message = fault_of(packed(tmp_path, "plain", f"{header}\n{GOOD_ROW}\n".encode()))
    assert ": row 1: unknown header" in message
    for names in FACE_HEADERS:
        assert f"'{','.join(names)}'" in message
    assert len(message) < 400 + len(str(tmp_path))


def test_labels_given_as_faces(tmp_path):
    message = fault_of(packed(tmp_path, "plain", b"id,label\n0,3\n"))
    assert "labels without faces" in message


def test_missing_empty_and_folder(tmp_path):
    assert "no such file" in fault_of(tmp_path / "missing.csv")
    assert "is a folder" in fault_of(tmp_path)
    for name in ("empty.csv", "empty.csv.gz", "empty.csv.zip"):
        (tmp_path / name).touch()
        message = fault_of(tmp_path / name)
        assert "is empty" in message or "broken or cut archive" in message
    assert "is empty" in fault_of(packed(tmp_path, "gz", b""))
    assert "is empty" in fault_of(packed(tmp_path, "zip", b""))
    (tmp_path / "fer2013.tar.gz").touch()
    assert "tar archive" in fault_of(tmp_path / "fer2013.tar.gz")


@pytest.mark.parametrize(
    ("content", "row"),
    [
        pytest.param("label,feature\n".encode("utf-16"), 1, id="UTF-16"),
        pytest.param("laböl,feature\n".encode("latin-1"), 1, id="Latin-1 header"),
        pytest.param(f"label,feature\n{GOOD_ROW}\nä,{ONE_FACE}\n".encode("latin-1"), 3, id="label"),
        pytest.param(
            f"label,feature\n{GOOD_ROW}\n3,{replace_pixel(9, 'ä')}\n".encode("latin-1"), 3, id="pixel"
        ),
    ],
)
def test_not_utf8(tmp_path, content, row):
    message = fault_of(packed(tmp_path, "plain", content))
    assert f": row {row}: is not UTF-8 text" in message


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_broken_archive(tmp_path, packing):
    path = packed(tmp_path, packing, "\n".join(csv_lines("label,feature")).encode())
    whole = path.read_bytes()
    middle = len(whole) // 2
    for broken in (
        b"not an archive at all",
        whole[:middle],
        whole[:-1],
        whole[:middle] + bytes(200) + whole[middle + 200 :],
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    ):
        path.write_bytes(broken)
        with pytest.raises(InputError) as raised:
            read_csv(path)
        message = str(raised.value)
        assert message.startswith(f"{path}: ")
        assert "\n" not in message


def test_cut_gz_is_called_a_cut_archive(tmp_path):
    path = packed(tmp_path, "gz", "\n".join(csv_lines("label,feature")).encode())
    path.write_bytes(path.read_bytes()[:-1])
    assert "broken or cut archive" in fault_of(path)


def test_zip_with_more_or_less_than_one_csv(tmp_path):
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no faces here")
    assert "no CSV file" in fault_of(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("train.csv", "")
        archive.writestr("folder/test.csv", "")
    assert "2 CSV files (train.csv, folder/test.csv)" in fault_of(path)


def most_memory(path: Path) -> tuple[str, int]:
    """The fault of a file, and the bytes that reading it took at once."""
    tracemalloc.start()
    try:
        return fault_of(path), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("byte", [b"7", b",", b" ", b"\0"])
@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_a_line_without_end_is_not_read_whole(tmp_path, packing, byte):
    path = packed(tmp_path, packing, b"label,feature\n" + byte * 30_000_000)
    message, memory = most_memory(path)
    assert ": row 2: has more than 16,384 characters" in message
    assert memory < 15_000_000


def test_rows_without_end_are_not_read_to_the_end(tmp_path, monkeypatch):
    path = packed(tmp_path, "gz", b"label,feature\n" + b"\n" * 20_000_000)
    message, memory = most_memory(path)
    assert "has more than 250,000 rows" in message
    assert memory < 15_000_000
    monkeypatch.setattr(csv_reader, "MOST_ROWS", ROWS)
    assert len(read_csv(packed(tmp_path, "plain", "\n".join(csv_lines("pixels")).encode()))) == ROWS
    monkeypatch.setattr(csv_reader, "MOST_ROWS", ROWS - 1)
    assert "has more than 69 rows" in fault_of(tmp_path / "faces.csv")


def test_a_file_larger_than_any_csv_of_faces_is_not_even_opened(tmp_path):
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(10**11)
    assert "has 100,000,000,000 bytes, too many" in fault_of(path)


def archive(folder: Path, method: int, names: Sequence[str] = ("faces.csv",)) -> Path:
    path = folder / "faces.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        for name in names:
            file.writestr(name, f"label,feature\n{GOOD_ROW}\n")
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_methods_than_deflate_are_refused(tmp_path, method):
    assert "not compressed with deflate" in fault_of(archive(tmp_path, method))


def test_a_zip_directory_without_end_is_not_read(tmp_path):
    path = archive(tmp_path, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path, "a") as file:
        for number in range(40):
            file.writestr(zipfile.ZipInfo(f"{number:030000}"), "")
    message, memory = most_memory(path)
    assert "its directory is too long" in message
    assert memory < 5_000_000


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(b"PK\1\2\x14\3\x14", b"PK\1\2\x14\3\xff", "zip file version 25.5", id="version"),
        pytest.param("ä.csv".encode(), b"\xff\xff.csv", "can't decode", id="name that is not UTF-8"),
        pytest.param(b"PK\3\4", b"PK\3\5", "magic number", id="header of the member"),
    ],
)
def test_archives_that_zipfile_does_not_expect(tmp_path, old, new, words):
    path = archive(tmp_path, zipfile.ZIP_DEFLATED, ["ä.csv"])
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    assert f"broken or cut archive ({words}" in fault_of(path).replace("'utf-8' codec ", "").replace(
        "Bad ", ""
    )


def test_damaged_archives_raise_nothing_else(tmp_path):
    choose = random.Random(2)
    for packing in ("gz", "zip"):
        path = packed(tmp_path, packing, b"pixels\n" + ONE_FACE.encode() + b"\n")
        whole = path.read_bytes()
        for _ in range(300):
            content = bytearray(whole)
            for _ in range(choose.randint(1, 4)):
                content[choose.randrange(len(content))] = choose.randrange(256)
            path.write_bytes(content[: choose.choice([None, choose.randrange(len(content))])])
            with contextlib.suppress(InputError):
                read_csv(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for read in (read_csv, read_labels):
        with pytest.raises(InputError, match="pipe or a device"):
            read(tmp_path / "pipe.csv")


@pytest.mark.parametrize("packing", ["plain", "gz", "zip"])
def test_read_labels(tmp_path, packing):
    ids, labels = read_labels(packed(tmp_path, packing, b"id,label\r\n5,6\r\n3,0\r\n"))
    assert ids.dtype == labels.dtype == np.int64
    assert ids.tolist() == [5, 3]
    assert labels.tolist() == [6, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,label\n0,3\n1,7\n", "row 3: label is '7'"),
        ("id,label\n0,3\n0,4\n", "row 3: id 0 is repeated from row 2"),
        ("id,label\n0,3\n\n1,4\n", "row 3: is blank"),
        ("id,label\n0,3\n1", "row 3: the file ends in the middle"),
        ("id,label\n0,3\n1,", "row 3: the file ends in the middle"),
        ("id,label\n", "no rows"),
        (f"label,feature\n{GOOD_ROW}\n", "row 1: 'label,feature' is a CSV of faces"),
        ("id,emotion\n0,3\n", "unknown header 'id,emotion'; known are 'id,label'"),
    ],
)
def test_read_labels_faults(tmp_path, text, words):
    path = packed(tmp_path, "plain", text.encode())
    with pytest.raises(InputError) as raised:
        read_labels(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert "\n" not in message


def test_any_single_changed_byte_is_read_exactly_or_refused(tmp_path):
    """Whatever byte stands in for another, the result is what plain Python makes of the text, or a fault."""
    choose = random.Random(1)
    line = f"3,{PIXELS[2]}".encode()
    for _ in range(300):
        position = choose.randrange(len(line))
        changed = line[:position] + bytes([choose.randrange(256)]) + line[position + 1 :]
        path = packed(tmp_path, "plain", b"label,feature\n" + changed + b"\n")
        fields = changed.split(b",")
        numbers = fields[-1].split()
        plain = (
            len(fields) == 2
            and fields[0].strip() in [b"%d" % label for label in range(7)]
            and len(numbers) == NUM_PIXELS
            and all(number.isdigit() and len(number) <= 3 and int(number) <= 255 for number in numbers)
            and b"\n" not in changed
        )
        try:
            dataset = read_csv(path)
        except InputError:
            assert not plain, changed[max(position - 8, 0) : position + 8]
        else:
            assert plain, changed[max(position - 8, 0) : position + 8]
            assert dataset.images.ravel().tolist() == [int(number) for number in numbers]
