"""Reading FER2013 from every form of CSV that it comes in, with each value checked and no row dropped.

The file is read in blocks of rows, so that 240 MB of text are never in memory at once. A block is decoded
by array operations; only a block in which something is unusual is looked at value by value, to name the
fault. Rows are bounded in length and number, so that no file or archive takes more than 1 GB of memory or
unpacks without end. One fault goes unnoticed: a file without a final newline that was cut off inside its very
last number.
"""

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from data.dataset import IMAGE_SIZE, NUM_CLASSES, NUM_PIXELS, USAGE_NAMES, Dataset
from data.errors import InputError
from data.files import require_file

FACE_HEADERS = (
    ("label", "feature"),
    ("id", "feature"),
    ("emotion", "pixels", "Usage"),
    ("emotion", "Usage", "pixels"),
    ("emotion", "pixels"),
    ("pixels",),
)
LABEL_HEADER = ("id", "label")
ROLES = {
    "label": "label",
    "emotion": "label",
    "feature": "pixels",
    "pixels": "pixels",
    "id": "id",
    "Usage": "usage",
}

# A whole number has one to three digits here; '+5', '5.0' and '1e2' are not what any FER2013 file holds.
GREY_LEVELS = {b"%0*d" % (width, level): level for level in range(256) for width in (1, 2, 3)}
LABELS = {b"%d" % label: label for label in range(NUM_CLASSES)}
USAGES = {name.encode(): index for index, name in enumerate(USAGE_NAMES)}

# A block's arrays fit into the processor's cache, and are small enough for their memory to be reused.
ROWS_PER_BLOCK = 32
BUFFER_BYTES = 1 << 20
LONGEST_HEADER = 4096
# A row of 2,304 numbers of three digits with four spaces between them; usual rows are half as long.
LONGEST_ROW = 16_384
# Seven times FER2013: its images take 576 MB.
MOST_ROWS = 250_000
DOWNLOAD_AGAIN = "download or copy the file again"


class Row(NamedTuple):
    """One line of the file: its number in an editor, its fields, and whether a newline ended it."""

    number: int
    fields: list[bytes]
    ended: bool


def read_csv(path: str | os.PathLike[str]) -> Dataset:
    """Read the faces of a FER2013 CSV, plain, .gz or .zip; the header alone says which form it is.

    Known headers: FACE_HEADERS. Labels, usage and ids are None where the file has no such column.
    Raises InputError, one line with file, row and fault, for whatever is not exactly such a file.
    """
    path = Path(path)
    images = bytearray()  # which grows in place, as a list of arrays to join would not
    values: dict[str, list[int]] = {"label": [], "usage": [], "id": []}
    with _open_text(path) as stream:
        header = _read_header(path, stream, FACE_HEADERS)
        pixel_column = next(index for index, name in enumerate(header) if ROLES[name] == "pixels")
        rows = _read_rows(path, stream, header)
        while block := list(islice(rows, ROWS_PER_BLOCK)):
            images += _decode_block(path, header, pixel_column, block).data
            for column, name in enumerate(header):
                if column != pixel_column:
                    values[ROLES[name]] += [_decode_value(path, header, column, row) for row in block]
    _check_ids(path, values["id"])
    return Dataset(
        images=np.frombuffer(images, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE),
        labels=np.array(values["label"], np.int64) if values["label"] else None,
        usage=np.array(values["usage"], np.uint8) if values["usage"] else None,
        ids=np.array(values["id"], np.int64) if values["id"] else None,
        source=str(path),
    )


def read_labels(path: str | os.PathLike[str], kind: type = int) -> tuple[np.ndarray, np.ndarray]:
    """Read an `id,label` file, the form of a Kaggle submission: ids (N,) int64 or str, labels (N,) int64.

    kind: int, or str where ids are names of pictures. Raises InputError as read_csv does.
    """
    path = Path(path)
    with _open_text(path) as stream:
        header = _read_header(path, stream, (LABEL_HEADER,))
        decode_id = _decode_name if kind is str else _decode_value
        rows = [
            (decode_id(path, header, 0, row), _decode_value(path, header, 1, row))
            for row in _read_rows(path, stream, header)
        ]
    ids, labels = zip(*rows, strict=True)
    _check_ids(path, ids)
    return np.array(ids), np.array(labels, np.int64)


def require_csv(path: Path) -> None:
    """Raise InputError unless the path is an ordinary file that can be a CSV, compressed or not."""
    status = require_file(path, "the CSV file")
    if path.name.lower().endswith((".tar.gz", ".tgz")):
        raise InputError(f"{path}: is a tar archive; unpack it and give the CSV file in it")
    if status.st_size > MOST_ROWS * LONGEST_ROW:
        raise InputError(f"{path}: has {status.st_size:,} bytes, too many for faces; give another file")


@contextmanager
def _open_text(path: Path) -> Iterator[BinaryIO]:
    """The unpacked bytes of the file; anything that goes wrong in opening or unpacking is an InputError."""
    require_csv(path)
    try:
        with _InPieces(path.open("rb", buffering=0), BUFFER_BYTES) as file:
            # Browsers save Kaggle's train.csv.zip as train.csv, so the content counts as well as the name.
            start = file.peek(4)[:4]
            if path.suffix.lower() == ".zip" or start == b"PK\x03\x04":
                yield io.BufferedReader(_Unpacked(path, lambda: _open_member(path, file)), BUFFER_BYTES)
            elif path.suffix.lower() == ".gz" or start[:2] == b"\x1f\x8b":
                yield io.BufferedReader(_Unpacked(path, lambda: gzip.GzipFile(fileobj=file)), BUFFER_BYTES)
            else:
                yield file
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); check the path and its permissions") from error


class _InPieces(io.BufferedReader):
    """A file that refuses to give much at once: zipfile would read a directory of any length."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > BUFFER_BYTES:
            raise zipfile.BadZipFile("its directory is too long")
        return super().read(size)


class _Unpacked(io.RawIOBase):
    """The content of an archive; whatever the unpacker raises on damaged data becomes one InputError."""

    def __init__(self, path: Path, start: Callable[[], Any]) -> None:
        self._path = path
        self._unpacker = self._run(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._run(self._unpacker.readinto, buffer)

    def _run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return step(*arguments)
        except InputError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:150]
            raise InputError(
                f"{self._path}: is a broken or cut archive ({reason}); {DOWNLOAD_AGAIN}"
            ) from error


def _open_member(path: Path, file: BinaryIO) -> BinaryIO:
    archive = zipfile.ZipFile(file)
    members = [
        member
        for member in archive.infolist()
        if member.filename.lower().endswith(".csv") and not member.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(member.filename[:60] for member in members[:5])
        held = f"{len(members)} CSV files ({names})" if members else "no CSV file"
        raise InputError(f"{path}: holds {held}; unpack it and give the one CSV file to read")
    (member,) = members
    # Other methods are rare, and LZMA may ask for 4 GB of memory.
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{path}: is encrypted or not compressed with deflate; unpack it and give the CSV file in it"
        )
    return cast(BinaryIO, archive.open(member))


def _read_header(path: Path, stream: BinaryIO, known: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    line = stream.readline(LONGEST_HEADER)
    if not line:
        raise InputError(f"{path}: is empty; {DOWNLOAD_AGAIN}")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: row 1: is not UTF-8 text; save the file as CSV in UTF-8") from error
    header = tuple(_bare(field.encode()).decode() for field in text.split(","))
    if header in known:
        return header
    if header == LABEL_HEADER:
        raise InputError(f"{path}: row 1: 'id,label' holds labels without faces; give the CSV of faces")
    if header in FACE_HEADERS:
        raise InputError(
            f"{path}: row 1: {','.join(header)!r} is a CSV of faces; give a file of labels with the header "
            f"'{','.join(LABEL_HEADER)}'"
        )
    raise InputError(
        f"{path}: row 1: unknown header {_shown(line.strip(), 60)}; known are "
        + ", ".join(f"'{','.join(names)}'" for names in known)
    )


def _read_rows(path: Path, stream: BinaryIO, header: tuple[str, ...]) -> Iterator[Row]:
    """The rows after the header, with as many fields as the header has; blank lines may only end the file."""
    number = 1
    first_blank = None
    while line := stream.readline(LONGEST_ROW + 1):
        number += 1
        if len(line) > LONGEST_ROW:
            raise InputError(
                f"{path}: row {number}: has more than {LONGEST_ROW:,} characters, more than any face takes; "
                f"fix this row, or {DOWNLOAD_AGAIN}"
            )
        if number > MOST_ROWS + 1:
            raise InputError(f"{path}: has more than {MOST_ROWS:,} rows; split it into several files")
        if line.isspace():
            first_blank = first_blank or number
            continue
        if first_blank:
            raise InputError(f"{path}: row {first_blank}: is blank, but rows follow; remove the blank line")
        # A picture's name may have commas of its own.
        fields = line.rsplit(b",", 1) if header == LABEL_HEADER else line.split(b",")
        row = Row(number, [_bare(field) for field in fields], line.endswith(b"\n"))
        if len(row.fields) != len(header):
            fault = f"has {len(row.fields)} fields, not {len(header)} ({','.join(header)})"
            raise _fault(path, row, fault, short=len(row.fields) < len(header))
        yield row
    if number == 1 or first_blank == 2:
        raise InputError(f"{path}: has a header but no rows; {DOWNLOAD_AGAIN}")


def _bare(field: bytes) -> bytes:
    field = field.strip()
    if len(field) >= 2 and field.startswith(b'"') and field.endswith(b'"'):
        field = field[1:-1].strip()
    return field


def _decode_block(path: Path, header: tuple[str, ...], column: int, block: list[Row]) -> np.ndarray:
    """The grey levels of some rows, (rows, 2304) uint8."""
    fields = [row.fields[column] for row in block]
    levels = _decode_at_once(fields)
    if levels is None:
        levels = _decode_at_once([b" ".join(field.split()) for field in fields])
    if levels is None:
        levels = np.array([_decode_one_by_one(path, header[column], column, row) for row in block], np.uint8)
    return levels


def _decode_at_once(fields: list[bytes]) -> np.ndarray | None:
    """The same for fields of 2,304 numbers up to 255 with one space between; None for any other fields."""
    text = np.frombuffer(b" ".join(fields) + b" ", np.uint8)
    ends = np.flatnonzero(text == ord(" "))
    row_ends = np.cumsum([len(field) + 1 for field in fields]) - 1
    if len(ends) != NUM_PIXELS * len(fields):
        return None
    if not np.array_equal(ends[NUM_PIXELS - 1 :: NUM_PIXELS], row_ends):
        return None
    digits = text - np.uint8(ord("0"))  # wraps round, so whatever is not a digit is above 9
    ones = digits.take(ends - 1)
    tens = digits.take(ends - 2)
    hundreds = digits.take(ends - 3)
    has_tens = tens <= 9
    has_hundreds = has_tens & (hundreds <= 9)
    if ones.max() > 9:
        return None
    # Every byte must be a space or a digit that was taken: this finds letters, signs and four digits alike.
    taken = len(ends) + np.count_nonzero(has_tens) + np.count_nonzero(has_hundreds)
    if np.count_nonzero(digits <= 9) != taken or taken + len(ends) != len(text):
        return None
    below_hundred = tens * has_tens * np.uint8(10) + ones
    hundreds *= has_hundreds
    if hundreds.max() > 2 or ((hundreds == 2) & (below_hundred > 55)).any():
        return None
    return (hundreds * np.uint8(100) + below_hundred).reshape(len(fields), NUM_PIXELS)


def _decode_one_by_one(path: Path, name: str, column: int, row: Row) -> list[int]:
    numbers = row.fields[column].split()
    if not numbers:
        raise _fault(path, row, f"{name} is blank", short=True)
    if len(numbers) != NUM_PIXELS:
        fault = f"{name} has {len(numbers)} pixels, not {NUM_PIXELS}"
        raise _fault(path, row, fault, short=len(numbers) < NUM_PIXELS)
    try:
        return [GREY_LEVELS[number] for number in numbers]
    except KeyError as error:
        number = error.args[0]
        fault = f"pixel {numbers.index(number) + 1} of {name} is {_shown(number)}"
        raise _fault(path, row, f"{fault}, not a whole number from 0 to 255") from None


def _decode_value(path: Path, header: tuple[str, ...], column: int, row: Row) -> int:
    """The label, usage or id in this column of the row."""
    name, field = header[column], row.fields[column]
    role = ROLES[name]
    if not field:
        raise _fault(path, row, f"{name} is blank", short=column == len(header) - 1)
    if role == "id":
        if field.isdigit() and len(field) <= 18:  # what fits into 64 bits
            return int(field)
        raise _fault(path, row, f"{name} is {_shown(field)}, not a whole number")
    known = LABELS if role == "label" else USAGES
    if field in known:
        return known[field]
    wanted = "a label from 0 to 6" if role == "label" else f"one of {', '.join(USAGE_NAMES)}"
    is_start = any(value.startswith(field) for value in known)
    raise _fault(path, row, f"{name} is {_shown(field)}, not {wanted}", short=is_start)


def _decode_name(path: Path, header: tuple[str, ...], column: int, row: Row) -> str:
    """The id in this column of the row where ids are names of pictures."""
    field = row.fields[column].replace(b'""', b'"')
    if not field:
        raise _fault(path, row, f"{header[column]} is blank")
    try:
        return field.decode()
    except UnicodeDecodeError:
        raise _fault(path, row, "") from None  # which says so


def _check_ids(path: Path, ids: Sequence[int | str]) -> None:
    """Ids are in the order of the file, and row 2 is the first."""
    first_row: dict[int | str, int] = {}
    for number, value in enumerate(ids, start=2):
        if value in first_row:
            raise InputError(
                f"{path}: row {number}: id {value} is repeated from row {first_row[value]}; "
                "give each row its own id"
            )
        first_row[value] = number


def _fault(path: Path, row: Row, what: str, *, short: bool = False) -> InputError:
    """`short`: the row looks as if the file ended within it."""
    try:
        b",".join(row.fields).decode()
    except UnicodeDecodeError:
        return InputError(f"{path}: row {row.number}: is not UTF-8 text; save the file as CSV in UTF-8")
    if short and not row.ended:
        return InputError(
            f"{path}: row {row.number}: the file ends in the middle of this row ({what}); {DOWNLOAD_AGAIN}"
        )
    return InputError(f"{path}: row {row.number}: {what}; fix this row, or {DOWNLOAD_AGAIN}")


def _shown(field: bytes, length: int = 20) -> str:
    """The field as a short, printable, quoted text."""
    text = field.decode(errors="replace")
    return ascii(text if len(text) <= length else text[:length] + "...")
