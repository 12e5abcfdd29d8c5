"""Reading FER2013 from folders of pictures, the form in which most people download it.

    train/angry/Training_3908.jpg          or the class folders themselves
    test/happy/PrivateTest_10131363.jpg    or the pictures themselves, which then have no labels

A folder's name says the class, in any case and by the usual synonyms: alphabetical folders are in another
order than FER2013's numbers. Split folders are train, validation and test, by any of their usual names. All
may be in one more folder, as zips are unpacked. Hidden files and folders, whose names start with a dot,
Thumbs.db, desktop.ini and __MACOSX are the system's own and ignored. So is whatever beside class or split
folders holds no pictures, such as a README or a folder of code.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import CLASS_NAMES, USAGE_NAMES, InputError
from data.faces import Faces
from data.labels import CLASS_OF_NAME, LEFT_OUT, USAGE_OF_NAME, class_meanings, key, unknown_class
from data.pictures import ENDINGS, largest_faces

SYSTEM_NAMES = ("thumbs.db", "desktop.ini", "__macosx")
# What people put beside pictures. Any other file among them has to be one.
DOCUMENTS = (".csv", ".txt", ".md", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".ini", ".log", ".db", ".url")
DATA_FILES = (".csv", ".parquet", ".npz", ".zip")


class Picture(NamedTuple):
    """A picture with indices into CLASS_NAMES and USAGE_NAMES where they are known."""

    path: Path
    label: int | None
    usage: int | None


def read_folder(
    folder: Path,
    classes: Sequence[str] = (),
    how: str | None = None,
    only_test: bool = False,
    source: str = "",
) -> Faces:
    """Read all labelled pictures of a folder, or if none has a label, all pictures.

    So a test/ without class folders beside labelled ones is left out, unless only_test. In each split the
    classes are mixed evenly, in the order of the file names. Ids are the file names, or where two files share
    a name, the paths in the folder. classes, how, only_test: as for faces.read_faces. source: the name of the
    folder in messages, by default its path.
    Raises OSError, and InputError, one line with the path, for a picture that is misplaced or broken.
    """
    source = source or str(folder)
    meanings = class_meanings(classes, numbers=False)
    found = _find_pictures(_unwrapped(folder, meanings), meanings, only_test)
    labelled = [picture for picture in found if picture.label is not None]
    pictures = [picture for picture in labelled or found if picture.label != LEFT_OUT]
    if left_out := len(labelled or found) - len(pictures):
        counts = f"{left_out:,} of {len(pictures) + left_out:,} pictures"
        print(f"{source}: {counts} are left out, as --classes says", flush=True)
    if not pictures:
        inside = next((each for each in all_files(folder) if each.suffix.lower() in DATA_FILES), "a CSV")
        raise InputError(f"{source}: has no class folders, such as happy/, and no pictures; give {inside}")
    ids = np.array([picture.path.name for picture in pictures])
    if len(np.unique(ids)) < len(ids):
        ids = np.array([picture.path.relative_to(folder).as_posix() for picture in pictures])
    # Threads would take longer: most of this is Python, of which one runs at a time.
    images, kept = largest_faces([picture.path for picture in pictures], ids.tolist(), how, source)
    usage = [picture.usage for picture in pictures]
    return Faces(
        images=images,
        labels=np.array([picture.label for picture in pictures], np.int64)[kept] if labelled else None,
        usage=None if None in usage else np.array(usage, np.uint8)[kept],
        ids=ids[kept],
        source=source,
    )


def find_folders(folder: Path, classes: Mapping[str, int] = CLASS_OF_NAME) -> set[str]:
    """The names of the split and class folders in a folder, in lower case."""
    names = {key(each.name) for each in _entries(folder) if each.is_dir()}
    return names & (USAGE_OF_NAME.keys() | classes.keys())


def has_test(names: set[str]) -> bool:
    """Whether one of these folders has test faces."""
    return any(USAGE_OF_NAME.get(name) == 2 for name in names)


def _unwrapped(folder: Path, classes: Mapping[str, int]) -> Path:
    """The folder, or the only folder in it, and so on, where nothing in it says a class or split."""
    while not find_folders(folder, classes):
        entries = [each for each in _entries(folder) if each.is_dir() or is_picture(each)]
        if len(entries) != 1 or entries[0].is_file() or not any(map(Path.is_dir, _entries(entries[0]))):
            break
        folder = entries[0]
    return folder


def _find_pictures(root: Path, classes: Mapping[str, int], only_test: bool) -> list[Picture]:
    found = []
    splits = _known_folders(root, USAGE_OF_NAME)
    if only_test and any(usage == 2 for usage, _ in splits):
        splits = [each for each in splits if each[0] == 2]
    for usage, folder in splits:
        pictures = _pictures_in(folder, classes)
        stated = [_stated_usage(path) for path, _ in pictures]
        if usage is None and set(stated) != {None}:
            usage = 0
        # FER2013's test/ holds PublicTest and PrivateTest faces; Training faces may be sorted into val/.
        found += [Picture(*each, name or usage) for each, name in zip(pictures, stated, strict=True)]
    return found


def _pictures_in(folder: Path, classes: Mapping[str, int]) -> list[tuple[Path, int | None]]:
    """Those in the class folders of a folder, with the classes mixed evenly; without these, all its files."""
    places = []
    for label, each in _known_folders(folder, classes):
        # Below a class folder there may be more, such as one for each person.
        if label is not None and (inner := find_folders(each, classes)):
            misplaced = f"holds a folder {min(inner)}, a split or class; put splits around classes"
            raise InputError(f"{each}: {misplaced}, such as train/{each.name}/")
        entries = _entries(each) if label is None else all_files(each)
        files = [entry for entry in entries if entry.is_file() and entry.suffix.lower() not in DOCUMENTS]
        if label is not None or any(map(is_picture, files)):
            places += [((rank + 0.5) / len(files), label, file) for rank, file in enumerate(files)]
    return [(file, label) for _, label, file in sorted(places)]


def _known_folders(folder: Path, meanings: Mapping[str, int]) -> Sequence[tuple[int | None, Path]]:
    """The folders with such names in a folder, which may hold no picture beside them; without any, itself."""
    entries = _entries(folder)
    known = {each for each in entries if key(each.name) in meanings and each.is_dir()}
    is_split = meanings is USAGE_OF_NAME
    strangers = [each for each in entries if each not in known and _has_pictures(each)]
    if strangers and (known or (strangers[0].is_dir() and not is_split)):
        if strangers[0].is_dir() and not is_split:
            seen = [each.name for each in entries if each.is_dir()]
            raise unknown_class(str(folder), strangers[0].name, seen)
        names = ", ".join(["train", "validation", "test", *CLASS_NAMES])
        raise InputError(f"{strangers[0]}: is or has pictures, but no class; move it away, or into {names}")
    return sorted((meanings[key(each.name)], each) for each in known) or [(None, folder)]


def _has_pictures(path: Path) -> bool:
    return any(is_picture(each) for each in (path, *path.rglob("*")))


def _stated_usage(path: Path) -> int | None:
    """2 of 'PrivateTest_10131363.jpg'; None where the name does not start with a Usage."""
    start, _, rest = path.name.partition("_")
    return USAGE_NAMES.index(start) if rest and start in USAGE_NAMES else None


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, by name, without what is the system's own."""
    shown = [each for each in folder.iterdir() if not each.name.startswith(".")]
    return sorted(each for each in shown if each.name.lower() not in SYSTEM_NAMES)


def all_files(folder: Path) -> list[Path]:
    """The files of a folder and of those in it, without what is the system's own."""
    return [file for each in _entries(folder) for file in ([each] if each.is_file() else all_files(each))]


def is_picture(path: Path) -> bool:
    """Whether a file's name ends as that of a picture."""
    return path.suffix.lower() in ENDINGS
