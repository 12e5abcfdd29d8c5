"""Every form of the CSV is read to the same arrays, and every fault is one line that names file and row."""

import bz2
import gzip
import io
import lzma
import pickle
import random
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import CLASS_NAMES, NUM_PIXELS, USAGE_NAMES, InputError
from data.csv_files import read_csv, read_labels

ROWS = 40  # more than one block
IMAGES = np.random.default_rng(0).integers(0, 256, (ROWS, 48, 48), dtype=np.uint8)
IMAGES[0], IMAGES[1] = 0, 255
PIXELS = [" ".join(map(str, image.ravel())) for image in IMAGES]
COLUMNS = {
    "label": np.arange(ROWS) % 7,
    "pixels": PIXELS,
    "usage": np.arange(ROWS) % 3,
    "id": np.arange(ROWS)[::-1] * 10,
}
FACE = " ".join(["7"] * NUM_PIXELS)
HEADERS = [
    "label,feature",
    "id,feature",
    "id,label,feature",
    "emotion,pixels,Usage",
    "emotion, Usage, pixels",
]
# An index column, and columns that are not needed.
HEADERS += ["pixels", ",Usage,EMOTION,image_name,Pixels"]


@pytest.fixture
def csv_file(tmp_path):
    """Write a file faces.csv of text or bytes."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "faces.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def kind_of(name: str) -> str:
    return {"emotion": "label", "feature": "pixels"}.get(name.strip().lower(), name.strip().lower())


def csv_text(header: str) -> str:
    kinds = [kind_of(name) for name in header.split(",")]
    values = COLUMNS | {"usage": [USAGE_NAMES[index] for index in COLUMNS["usage"]]}
    columns = [values.get(kind, ["-"] * ROWS) for kind in kinds]
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True)), ""])


def zipped(content: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


FORMS = {
    "plain": lambda text: text,
    "gz": lambda text: gzip.compress(text.encode(), 1),
    "zip": lambda text: zipped(text.encode(), "faces.csv", "__MACOSX/._faces.csv"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "no last newline": lambda text: text.removesuffix("\n"),
    "blank lines at the end": lambda text: text + "\n  \r\n\n",
    "quoted": lambda text: '"' + text[:-1].replace(",", '","').replace("\n", '"\n"') + '"\n',
    "double spaces": lambda text: text.replace(" ", "  "),
    "spaces round fields": lambda text: text.replace(",", " , ").replace("\n", " \n"),
    "tabs in a few rows": lambda text: text.replace("7 1", "7\t1", 5),
    "leading zeros": lambda text: text.replace(" 7 ", " 007 "),
}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_whatever_the_file_is_called(csv_file, header, form):
    faces = read_csv(csv_file(FORMS[form](csv_text(header))))
    np.testing.assert_array_equal(faces.images, IMAGES)
    assert (faces.images.dtype, Path(faces.source).name) == (np.uint8, "faces.csv")
    found = {"label": faces.labels, "usage": faces.usage, "id": faces.ids}
    for kind, dtype in (("label", np.int64), ("usage", np.uint8), ("id", np.int64)):
        if kind in map(kind_of, header.split(",")):
            np.testing.assert_array_equal(found[kind], COLUMNS[kind])
            assert found[kind].dtype == dtype
        else:
            assert found[kind] is None


PLAIN = csv_text("Usage,label,pixels")
USAGE = np.take(USAGE_NAMES, COLUMNS["usage"])
NAMED = {"label": 9, "emotion": np.take(CLASS_NAMES, COLUMNS["label"]), "Usage": USAGE, "pixels": PIXELS}
OTHER_FORMS = {
    "zip of capitals": zipped(PLAIN.encode(), "FACES.CSV", "README.md"),
    "semicolons": PLAIN.replace(",", ";"),
    "semicolons, commas between pixels": PLAIN.replace(",", ";").replace(" ", ", "),
    "tabs": PLAIN.replace(",", "\t"),
    "capitals": PLAIN.upper(),
    "of Python's csv on Windows": PLAIN.replace("\n", "\r\r\n"),
    "names of classes": re.sub("ing,3,", "ing,Happiness,", PLAIN),
    "lists": re.sub(r"(\d+ .*)", r'"[\1]"', PLAIN).replace(" ", ", "),
    "lists of NumPy's numbers": re.sub(
        r"(\d+ .*)", lambda found: '"[' + re.sub(r"\d+", r"np.uint8(\g<0>),", found[1]) + ']"', PLAIN
    ),
    "arrays of NumPy": re.sub(r"(\d+ .*)", r'"[[ \1]\n [  ]]"', PLAIN),
    "decimals": re.sub(r"\b(\d+)\b", r"\1.00", PLAIN),
    "decimals without zeros": re.sub(r"\b(\d+)(?=[ \n])", r"\1.", PLAIN),
    "names beside other numbers": pd.DataFrame(NAMED).to_csv(),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_forms_that_other_programs_write(csv_file, form):
    faces = read_csv(csv_file(OTHER_FORMS[form]))
    np.testing.assert_array_equal(faces.images, IMAGES)
    np.testing.assert_array_equal(faces.labels, COLUMNS["label"])
    np.testing.assert_array_equal(faces.usage, COLUMNS["usage"])


def fault_of(path: Path, read=read_csv) -> str:
    """What the one line of an InputError says after the path."""
    with pytest.raises(InputError) as raised:
        read(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert ";" in message, "the way out is missing"
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def changed(value: str, place: int = 9) -> str:
    """A row of label,feature with one other pixel."""
    numbers = ["7"] * NUM_PIXELS
    numbers[place] = value
    return "3," + " ".join(numbers)


FAULTY_ROWS = {
    "2303 pixels": ("3," + "7 " * 2302 + "7", "has 2303 pixels, not 2304"),
    "2305 pixels": ("3," + "7 " * 2304 + "7", "has 2305 pixels, not 2304"),
    "a letter": (changed("x"), "pixel 10 is 'x', no whole number from 0 to 255"),
    "a sign": (changed("-1", 0), "pixel 1 is '-1'"),
    "256": (changed("256", 2303), "pixel 2304 is '256'"),
    "four digits": (changed("0005"), "pixel 10 is '0005'"),
    "a fraction": (changed("5.0"), "pixel 10 is '5.0'"),
    "an Arabic digit": (changed("٣"), "pixel 10 is '\\u0663'"),
    "NUL": (changed("\0"), "pixel 10 is '\\x00'"),
    "5000 digits": (changed("9" * 5000), "pixel 10 is '99999999999999999999...'"),
    "a stray quotation mark": (changed('7"'), "pixel 10 is '7\"'"),
    "label 7": (f"7,{FACE}", "label '7' is no class; say what it is by --classes 3=CLASS 7=CLASS, or 7"),
    "blank label": (f",{FACE}", "has no label; give it one, or remove the row"),
    "too few fields": ("3", "has 0 pixels"),
    "too many fields": (f"3,{FACE},Training", "has 3 fields, not 2"),
    "blank row": ("", "is blank, but rows follow"),
}


@pytest.mark.parametrize("name", FAULTY_ROWS)
@pytest.mark.parametrize("row", [2, 40])
def test_a_faulty_row_is_named(csv_file, name, row):
    line, words = FAULTY_ROWS[name]
    lines = ["label,feature", *[f"3,{FACE}"] * 45]
    lines[row - 1] = line
    assert fault_of(csv_file("\n".join([*lines, ""]))).startswith(f"row {row}: {words}")


NOISE = random.Random(1).randbytes(5000)
ZIP = zipped(b"label,feature\n" + NOISE, "faces.csv")
FAULTY_FILES = {
    "a quotation mark without an end": (f'label,feature\n3,"{FACE}', "is not a CSV (Error tokenizing data"),
    "unknown Usage": (f"pixels,Usage\n{FACE},Tset", "row 2: usage is 'Tset', not one of Training, Publ"),
    "repeated id": (f"id,feature\n4,{FACE}\n5,{FACE}\n4,{FACE}", "row 4: id 4 is repeated"),
    "id of letters": (f"id,feature\nx,{FACE}", "row 2: id is 'x', not a whole number"),
    "id of 19 digits": (f"id,feature\n{'9' * 19},{FACE}", "row 2: id is '9999999999999999999'"),
    "cut in a face": (csv_text("label,feature")[:-100], f"row {ROWS + 1}: has 22"),
    "cut in a Usage": (csv_text("emotion,pixels,Usage")[:-5], f"row {ROWS + 1}: usage is 'Trai'"),
    "sums that are right": (f"pixels\n{'7 ' * 2303}\n{'7 ' * 2305}", "row 2: has 2303 pixels"),
    "empty": ("", "row 1: is empty"),
    "header only": ("label,feature\n\n\n", "has a header but no rows"),
    "no header": (f"3,{FACE}", "row 1: has no column pixels or feature, but '3,7 7 7"),
    "unknown header": (
        "a;b\n1;2",
        "row 1: has no column pixels or feature, but 'a,b'; give a CSV with the header",
    ),
    "labels": (
        "id,label\n0,3",
        "row 1: has no column pixels or feature, but 'id,label'; give a CSV with the h",
    ),
    "Latin-1": (f"label,feature\n3,{FACE} \xe9\n".encode("latin-1"), "row 2: has 2305 pixels"),
    "cut gz": (gzip.compress(NOISE)[:4000], "is a broken or cut archive"),
    "broken gz": (gzip.compress(NOISE).replace(NOISE[100:110], b"0123456789"), "is a broken or cut archive"),
    "cut zip": (ZIP[:-100], "is a broken or cut archive"),
    "xz": (lzma.compress(NOISE), "is an archive; unpack it and give what it holds"),
    "bz2": (bz2.compress(NOISE), "is an archive; unpack it and give what it holds"),
    "100x100": (
        f"pixels\n{'7 ' * 10_000}",
        "row 2: has 10000 pixels, 100x100, not 48x48; give faces of other",
    ),
    "a column each": (
        "label," + ",".join(map(str, range(2304))) + "\n" + "7," * 2304 + "7",
        "row 1: has no column pixels or",
    ),
    "names of pictures": (
        "image,label\na.PNG,3",
        "row 2: names a picture, instead of its pixels; give class",
    ),
    "PNG": (b"\x89PNG\r\n\x1a\n", "is a picture; give it to predict.py --images"),
    "HEIC": (b"\0\0\0\x18ftypheic", "is a picture or film of a phone; save it as PNG and give it to predict"),
    "tar.gz": (gzip.compress(bytes(257) + b"ustar"), "is a tar archive; unpack it and give what it holds"),
    "npy": (
        b"\x93NUMPY\1\0",
        "is a file of arrays; save its arrays as .npz: numpy.savez(file, images=images",
    ),
    "pkl": (pickle.dumps([1]), "is a pickle, which can carry code; save its arrays as .npz"),
    "h5": (b"\x89HDF\r\n\x1a\n", "is a file of arrays; save its arrays as .npz"),
    "xlsx": (
        zipped(b"", "[Content_Types].xml", "xl/workbook.xml"),
        "is an Excel file; save its table as a CSV",
    ),
    "UTF-16": (PLAIN[:999].encode("utf-16"), "is a text in UTF-16; save its table as a CSV in UTF-8"),
    "HTML": ("<!DOCTYPE html>", "is a web page, not the file that it offers; download that"),
    "zip of two": (zipped(b"", "a.csv", "b.csv"), "holds 2 CSV files, not one, and no pictures; unpack it"),
}
FAULTY_LABELS = {
    "label 7 of labels": ("id,label\n0,3\n1,7\n", "row 3: label '7' is no class"),
    "cut labels": ("id,label\n0,3\n1", "row 3: has no label"),
    "name of labels": ("id,label\nhappy.png,3\n", "row 2: id is 'happy.png', not a whole number"),
    "faces for labels": (
        f"label,feature\n3,{FACE}\n",
        "row 1: has no column id or ids, but 'label,feature'; give",
    ),
}


@pytest.mark.parametrize("name", [*FAULTY_FILES, *FAULTY_LABELS])
def test_a_faulty_file_is_one_line(csv_file, name):
    content, words = (FAULTY_FILES | FAULTY_LABELS)[name]
    read = read_labels if name in FAULTY_LABELS else read_csv
    assert fault_of(csv_file(content), read).startswith(words)


def test_any_single_changed_byte_is_read_exactly_or_refused(csv_file):
    """Whatever byte stands in for another, the result is what plain Python makes of the text, or a fault."""
    choose = random.Random(1)
    line = f"3,{PIXELS[2]}".encode()
    for _ in range(150):
        place = choose.randrange(len(line))
        changed_line = line[:place] + bytes([choose.randrange(256)]) + line[place + 1 :]
        path = csv_file(b"label,feature\n" + changed_line + b"\n")
        text = changed_line.decode(errors="replace")
        label, _, pixels = text.partition(",")
        numbers = re.findall(r"[^\t-\r \[\]();]+", pixels)
        is_line = not {"\r", "\n"} & set(text)
        is_whole = is_line and label.strip() in list("0123456") and len(numbers) == NUM_PIXELS
        if is_whole and all(each.isdigit() and len(each) <= 3 and int(each) <= 255 for each in numbers):
            assert read_csv(path).images.ravel().tolist() == [int(number) for number in numbers]
        else:
            with pytest.raises(InputError):
                read_csv(path)


def test_labels_in_a_file_of_their_own(csv_file):
    ids, labels = read_labels(csv_file("Label, ID\r\n6,5\r\n0,3\r\n"))
    assert ids.dtype == labels.dtype == np.int64
    assert [ids.tolist(), labels.tolist()] == [[5, 3], [6, 0]]
    ids, labels = read_labels(csv_file('id,label\n"a, ""b"".png",4\né.png,1\n'), names=True)
    assert [ids.tolist(), labels.tolist()] == [['a, "b".png', "é.png"], [4, 1]]
