"""Files that hold a data set: a zip of class folders, .npz and Parquet hold what the arrays hold."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import CLASS_NAMES, USAGE_NAMES, InputError
from data.faces import read_faces
from data.pictures import png_bytes

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 48, 48), np.uint8)
IMAGES[:, 0, 0] = 255
LABELS, USAGE = np.array([3, 0, 6, 1, 5, 2, 4]), np.array([0, 0, 0, 0, 1, 1, 2])
TEXTS = [" ".join(map(str, image.ravel())) for image in IMAGES]
PNGS = [png_bytes(image) for image in IMAGES]
NAMES = np.take(CLASS_NAMES, LABELS)


def assert_same(faces, labels=LABELS, usage=None):
    np.testing.assert_array_equal(faces.images, IMAGES)
    assert faces.images.dtype == np.uint8
    for found, expected in ((faces.labels, labels), (faces.usage, usage)):
        assert (found is None) == (expected is None)
        np.testing.assert_array_equal(found, expected)


ARRAYS = {
    "bytes": {"images": IMAGES, "labels": LABELS},
    "flat": {"X": IMAGES.reshape(7, -1), "y": NAMES},
    "a channel": {"Images": IMAGES[..., None], "label": NAMES.astype("S")},
    "channels first": {"faces": IMAGES[:, None], "labels": LABELS.astype(float)},
    "colours first": {"faces": IMAGES[:, None].repeat(3, 1), "labels": LABELS},
    "colours": {"images": IMAGES[..., None].repeat(3, 3), "labels": LABELS},
    "fractions": {"images": IMAGES / np.float32(255), "labels": LABELS},
    "whole numbers": {"images": IMAGES.astype(int), "labels": LABELS},
    "16 bits": {"images": IMAGES.astype(np.uint16) * 257, "labels": LABELS},
}


@pytest.mark.parametrize("form", ARRAYS)
@pytest.mark.parametrize("usage", [None, USAGE, np.take(USAGE_NAMES, USAGE)])
def test_npz(tmp_path, form, usage, capsys):
    np.savez(tmp_path / "a.npz", **ARRAYS[form], **({} if usage is None else {"usage": usage}))
    (tmp_path / "a.npz").rename(tmp_path / "data")
    assert_same(read_faces(tmp_path / "data"), usage=None if usage is None else USAGE)
    are_names = form in ("flat", "a channel")
    assert capsys.readouterr().out.startswith(f"note: {tmp_path / 'data'}: labels from 0") != are_names


def test_all_pictures_of_an_npz_have_one_range(tmp_path):
    levels = np.full((2, 48, 48), 200, np.uint16)
    levels[1] = 4095
    np.savez(tmp_path / "a.npz", images=levels)
    assert read_faces(tmp_path / "a.npz").images[:, 0, 0].tolist() == [12, 255]


def parquet(path: Path, columns: dict, names: list | None = None) -> Path:
    """A Parquet file, with Hugging Face's schema where there are names of labels."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table(columns)
    if names:
        features = {"label": {"names": names, "_type": "ClassLabel"}, "image": {"_type": "Image"}}
        about = json.dumps({"info": {"features": features}}).encode()
        table = table.replace_schema_metadata({b"huggingface": about})
    pq.write_table(table, path)
    return path


STORED = [{"bytes": content, "path": None} for content in PNGS]
ALPHABETICAL = sorted(CLASS_NAMES)
PLACES = [ALPHABETICAL.index(name) for name in NAMES]
TABLES = {
    "of Hugging Face": ({"image": STORED, "label": PLACES}, ALPHABETICAL, LABELS),
    "with secret labels": ({"image": STORED, "label": [-1] * 7}, ALPHABETICAL, None),
    "with bytes and names": ({"emotion": NAMES, "picture": PNGS}, None, LABELS),
    "without labels": ({"picture": PNGS}, None, None),
    "of texts": ({"pixels": TEXTS, "emotion": LABELS}, None, LABELS),
    "of texts with a schema": ({"pixels": TEXTS, "label": PLACES}, ALPHABETICAL, LABELS),
    "of lists": ({"image": [image.ravel() for image in IMAGES], "label": NAMES}, None, LABELS),
    "of nested lists": ({"image": IMAGES.tolist(), "label": LABELS}, None, LABELS),
}


@pytest.mark.parametrize("form", TABLES)
def test_parquet(tmp_path, form):
    columns, names, labels = TABLES[form]
    assert_same(read_faces(parquet(tmp_path / "data", columns, names)), labels)


ALSO_KNOWN = {"id": [f"face {row}" for row in range(7)], "split": np.take(["train", "val", "test"], USAGE)}


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_ids_and_usage_of_pictures_are_kept(tmp_path, kind):
    if kind == "npz":
        np.savez(tmp_path / "a.npz", images=IMAGES, **ALSO_KNOWN)
    else:
        parquet(tmp_path / "a.npz", {"picture": PNGS} | ALSO_KNOWN)
    faces = read_faces(tmp_path / "a.npz")
    assert_same(faces, None, USAGE)
    assert faces.ids.tolist() == ALSO_KNOWN["id"]
    (tmp_path / "labels.csv").write_text("id,label\nface 5,3\nface 0,4\n")
    labelled = read_faces(tmp_path / "a.npz", str(tmp_path / "labels.csv"))
    assert (labelled.rows.tolist(), labelled.labels.tolist()) == ([0, 5], [4, 3])


@pytest.mark.parametrize("label", [{"a": 1}, [1, 0]])
@pytest.mark.parametrize(
    "metadata", [b"odd", b"{}", b'{"info": {"features": {"label": [{"names": ["x"]}]}}}']
)
def test_labels_that_are_no_single_values_are_refused(tmp_path, metadata, label):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table({"image": STORED, "label": [label] * 7})
    pq.write_table(table.replace_schema_metadata({b"huggingface": metadata}), tmp_path / "data")
    with pytest.raises(InputError, match=r"row 0: label '.*' is no class"):
        read_faces(tmp_path / "data")


def test_fractions_that_were_resized_stay_fractions(tmp_path):
    images = IMAGES / np.float32(255)
    images[0, 0, 1] = 1.07
    np.savez(tmp_path / "a.npz", images=images.astype(np.float16), labels=LABELS)
    faces = read_faces(tmp_path / "a.npz")
    assert faces.images[0, 0, 1] == 255
    np.testing.assert_allclose(faces.images[1:].astype(int), IMAGES[1:], atol=1)


def test_of_a_zip_with_a_table_and_pictures_the_larger_part_is_the_data(tmp_path):
    rows = "".join(f"{label},{text}\n" for label, text in zip(LABELS, TEXTS, strict=True))
    files = {"a/fer2013.csv": f"emotion,pixels\n{rows}".encode(), "a/preview.png": PNGS[0], "mean.npy": b""}
    (tmp_path / "data").write_bytes(zip_of(files))
    assert_same(read_faces(tmp_path / "data"))


def zip_of(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_zip_of_class_folders(tmp_path, capsys):
    splits = np.take(["train", "val", "Test"], USAGE)
    names = [f"faces/{splits[row]}/{NAMES[row]}/{row}.png" for row in range(7)]
    files = dict(zip(names, PNGS, strict=True)) | {"__MACOSX/._a.png": b"", "README.md": b"", "x.csv": b""}
    (tmp_path / "data").write_bytes(zip_of(files))
    faces = read_faces(tmp_path / "data")
    order = np.argsort(faces.ids)
    assert_same(faces.select(order), LABELS, USAGE)
    assert faces.source == str(tmp_path / "data")
    assert len(read_faces(tmp_path / "data", only_test=True)) == 1
    assert len(read_faces(tmp_path / "data", classes=["happy=-"])) == 6
    assert (
        capsys.readouterr().out == f"{tmp_path / 'data'}: 1 of 7 pictures are left out, as --classes says\n"
    )


BAD = {
    "an npz without images": (
        {"a": LABELS},
        r"needs images \(N, 48, 48\) and labels \(N,\).* has a \(7,\); ",
    ),
    "other lengths": ({"images": IMAGES, "labels": LABELS[:6]}, r"has images \(7, 48, 48\), labels \(6,\); "),
    "objects": (
        {"images": np.array([None])},
        r"cannot be read \(Object arrays .*\); save numbers, or texts by astype",
    ),
    "negative levels": (
        {"images": IMAGES - 9.0},
        "has levels from -9.* to 246.0; save grey levels from 0 to",
    ),
    "not a number": ({"images": IMAGES * np.nan}, "has levels from nan to nan; save grey levels"),
    "usage": (
        {"images": IMAGES, "split": USAGE + 1},
        "row 6: usage is '3', not one of Training, ",
    ),
    "an unknown class": (
        {"images": IMAGES, "labels": LABELS + 1},
        "row 2: label '7' is no class; .*classes 1=CLASS 2=CLASS 3=CLASS .* 7=CLASS, or 7=- ",
    ),
    "a class of a zip": (
        zip_of({"happy/1.png": PNGS[0], "x/1.png": PNGS[1]}),
        "data: label 'x' is no class; ",
    ),
    "a picture of a zip": (zip_of({"happy/1.png": PNGS[0][:99]}), "data/happy/1.png: is no readable picture"),
    "a cut zip": (
        zip_of({"happy/1.png": PNGS[0]})[:-9],
        "is a broken or cut archive .*; download or copy the",
    ),
    "Parquet": (b"PAR1" * 9, "is a broken or cut Parquet file .*; download or copy the file again"),
    "no data in a zip": (zip_of({"a.pth": b""}), "holds 0 CSV files, not one, and no pictures; unpack it"),
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_one_line(tmp_path, name):
    content, words = BAD[name]
    if isinstance(content, dict):
        np.savez(tmp_path / "a.npz", **content)
        content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(InputError, match=words) as raised:
        read_faces(tmp_path / "data")
    assert str(raised.value).startswith(str(tmp_path / "data"))
    assert "\n" not in str(raised.value)


def test_numbers_of_a_parquet_without_names_need_a_meaning(tmp_path):
    path = parquet(tmp_path / "data", {"image": STORED, "label": PLACES})
    with pytest.raises(InputError, match=r"row 0: label '3' is no class; .* --classes 0=CLASS 1=CLASS 2"):
        read_faces(path)
    classes = [f"{place}={name}" for place, name in enumerate(ALPHABETICAL)]
    assert_same(read_faces(path, classes=classes))
    pd.DataFrame({"image": STORED, "label": NAMES}).iloc[:0].to_parquet(path)
    with pytest.raises(InputError, match="has a header but no rows"):
        read_faces(path)
