"""Reading FER2013 from folders of pictures, the form in which most people download it.

    train/angry/Training_3908.jpg          or the class folders themselves
    test/happy/PrivateTest_10131363.jpg    or the pictures themselves, which then have no labels

A folder's name says the class, in any case and by the usual synonyms: alphabetical folders are in another
order than FER2013's numbers. Split folders are train, validation (or val) and test. Hidden files and folders,
whose names start with a dot, and Thumbs.db, desktop.ini and __MACOSX are the system's own and ignored. So are
files beside class or split folders that are not pictures, such as a README. Anything else that does not fit
is refused.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from data.dataset import CLASS_NAMES, IMAGE_SIZE, USAGE_NAMES, Dataset
from data.errors import InputError
from data.pictures import read_picture

SYNONYMS = {
    "angry": ("anger",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happy": ("happiness", "joy"),
    "sad": ("sadness",),
    "surprise": ("surprised",),
    "neutral": ("neutrality",),
}
CLASS_OF_FOLDER = {
    name: label for label, known in enumerate(CLASS_NAMES) for name in (known, *SYNONYMS[known])
}
# Validation faces take the place of FER2013's PublicTest, test faces that of its PrivateTest.
USAGE_OF_FOLDER = {
    "train": "Training",
    "validation": "PublicTest",
    "val": "PublicTest",
    "test": "PrivateTest",
}
SYSTEM_NAMES = ("thumbs.db", "desktop.ini", "__macosx")
# The levels of folders below the data set's own: a split, then a class.
DEEPEST = 2
# What counts as a picture beside class folders; in them, every file has to be one.
ENDINGS = (".png", ".jpg", ".jpeg")

Meaning = TypeVar("Meaning", int, str)


class Picture(NamedTuple):
    """A picture by its path in the folder, with indices into CLASS_NAMES and USAGE_NAMES where known."""

    path: str
    label: int | None = None
    usage: int | None = None


class Contents(NamedTuple):
    """The names of the folders and of the files in one folder."""

    folders: list[str]
    files: list[str]


def read_folder(path: str | os.PathLike[str]) -> Dataset:
    """Read all labelled pictures of a folder, or if none has a label, all pictures.

    So a test/ without class folders beside labelled ones is left out; to predict it, give test/ itself.
    In each split the classes are mixed evenly, in the order of the file names. Ids are the file names, or
    where two files share a name, the paths in the folder. Pictures are read as read_picture does.
    Raises InputError, one line with the path, for anything that is missing, unknown, empty or broken.
    """
    folder = Path(path)
    try:
        pictures = _find_pictures(folder, list(list_files(folder)))
    except OSError as error:
        reason = f"{error.filename or folder}: cannot be read ({error.strerror or error})"
        raise InputError(f"{reason}; check the path and its permissions") from error
    images = np.empty((len(pictures), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for index, picture in enumerate(pictures):
        images[index] = read_picture(folder / picture.path)
    ids = [_last_name(picture.path) for picture in pictures]
    if len(set(ids)) < len(ids):
        ids = [picture.path for picture in pictures]
    labels, usage = ([getattr(each, name) for each in pictures] for name in ("label", "usage"))
    return Dataset(
        images=images,
        labels=None if labels[0] is None else np.array(labels, np.int64),
        usage=None if usage[0] is None else np.array(usage, np.uint8),
        ids=np.array(ids),
        source=str(path),
    )


def list_files(folder: Path) -> dict[str, os.stat_result | None]:
    """Every file that read_folder() looks at and its status, and every folder and None, sorted by path.

    Paths are those in `folder`, with '/' between names, and after the names of folders. Unknown folders are
    listed, but not what is in them. Raises OSError, and InputError for what is neither file nor folder.
    """
    found: dict[str, os.stat_result | None] = {}
    waiting = [""]
    while waiting:
        parent = waiting.pop()
        # Strings, not Path objects, because there may be 35,000 of them, at every read.
        with os.scandir(folder / parent) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(".") or name.lower() in SYSTEM_NAMES:
                    continue
                if entry.is_file():
                    found[parent + name] = entry.stat()
                elif entry.is_dir():
                    found[f"{parent}{name}/"] = None
                    known = _key(name) in CLASS_OF_FOLDER or _key(name) in USAGE_OF_FOLDER
                    if known and parent.count("/") < DEEPEST:
                        waiting.append(f"{parent}{name}/")
                else:
                    path = folder / parent / name
                    raise InputError(f"{path}: is a broken link, a pipe or a device; remove it")
    return {path: found[path] for path in sorted(found)}


def find_test_folder(folder: Path) -> Path | None:
    """The split folder test/ in a folder, in any case; None where there is none. Raises OSError."""
    return next((child for child in folder.iterdir() if _key(child.name) == "test" and child.is_dir()), None)


def _find_pictures(root: Path, paths: Sequence[str]) -> list[Picture]:
    """All pictures to read, in order. paths: those of list_files()."""
    tree = {"": Contents([], [])} | {path: Contents([], []) for path in paths if path.endswith("/")}
    for path in paths:
        name = _last_name(path)
        contents = tree[path.removesuffix("/").removesuffix(name)]
        (contents.folders if path.endswith("/") else contents.files).append(name)

    folders = {_key(name) for name in tree[""].folders}
    if folders & USAGE_OF_FOLDER.keys():
        return _pictures_of_splits(root, tree)
    if folders & CLASS_OF_FOLDER.keys():
        return _with_stated_usage(root, _pictures_of_classes(root, tree, ""))
    if any(Path(name).suffix.lower() in ENDINGS for name in tree[""].files):
        return _with_stated_usage(root, _pictures_of_folder(root, tree, ""))
    raise InputError(
        f"{root}: is a folder without train, test, class folders ({', '.join(CLASS_NAMES)}) or pictures; "
        "give one that has them, or a CSV file"
    )


def _pictures_of_splits(root: Path, tree: Mapping[str, Contents]) -> list[Picture]:
    """Those in the split folders of `root`; a test folder without labels counts only if it is alone."""
    splits = _known_folders(root, tree, "", USAGE_OF_FOLDER, "split")
    unlabelled = {path for usage, path in splits.items() if usage == "PrivateTest" and not tree[path].folders}
    pictures = []
    for split in USAGE_NAMES:
        if split in splits and (splits[split] not in unlabelled or len(splits) == 1):
            read = _pictures_of_folder if splits[split] in unlabelled else _pictures_of_classes
            for picture in read(root, tree, splits[split]):
                pictures.append(picture._replace(usage=_usage_in_split(root, picture.path, split)))
    return pictures


def _pictures_of_classes(root: Path, tree: Mapping[str, Contents], parent: str) -> list[Picture]:
    """Those in the class folders of a folder, with the classes mixed evenly."""
    classes = _known_folders(root, tree, parent, CLASS_OF_FOLDER, "class")
    for label, name in enumerate(CLASS_NAMES):
        if label not in classes:
            raise InputError(f"{root / parent}: has no class folder {name}; every class needs one")
    places = []
    for label, path in classes.items():
        pictures = _pictures_of_folder(root, tree, path, label)
        places += [((rank + 0.5) / len(pictures), label, each) for rank, each in enumerate(pictures)]
    return [picture for _, _, picture in sorted(places)]


def _pictures_of_folder(
    root: Path, tree: Mapping[str, Contents], path: str, label: int | None = None
) -> list[Picture]:
    folders, files = tree[path]
    if folders:
        raise InputError(f"{root / path / folders[0]}: is a folder among pictures; move it elsewhere")
    if not files:
        raise InputError(f"{root / path}: is empty; put pictures into it or give another folder")
    for name in files:
        if name.encode(errors="ignore").decode() != name or len(name.splitlines()) > 1:
            raise InputError(f"{root / path / name}: this name cannot be an id in a CSV; rename the picture")
    return [Picture(path + name, label) for name in files]


def _known_folders(
    root: Path, tree: Mapping[str, Contents], parent: str, meanings: Mapping[str, Meaning], kind: str
) -> dict[Meaning, str]:
    """The paths of the folders in a folder by what their names mean; no two may mean the same."""
    found: dict[Meaning, str] = {}
    for name in tree[parent].folders:
        path, meaning = f"{parent}{name}/", meanings.get(_key(name))
        if meaning is None:
            raise InputError(
                f"{root / path}: is not a {kind} folder; known are {', '.join(meanings)}; rename or move it"
            )
        if meaning in found:
            raise InputError(
                f"{root / path}: is the same {kind} as {_last_name(found[meaning])}; keep one of the two"
            )
        found[meaning] = path
    for name in tree[parent].files:
        if Path(name).suffix.lower() in ENDINGS:
            raise InputError(f"{root / parent / name}: is not in a {kind} folder; move it into one")
    return found


def _usage_in_split(root: Path, path: str, split: str) -> int:
    """The Usage of a picture in a split folder; a test face of FER2013 must not be in train/."""
    stated = _stated_usage(path)
    if stated in (None, "Training") or stated == split:
        return USAGE_NAMES.index(split)
    if split == "Training":
        raise InputError(
            f"{root / path}: is a {stated} face among training faces; move it into test, or rename it"
        )
    return USAGE_NAMES.index(stated)


def _with_stated_usage(root: Path, pictures: list[Picture]) -> list[Picture]:
    """The pictures with the Usage that their names state, which all of them have to do, or none."""
    stated = [_stated_usage(picture.path) for picture in pictures]
    if not any(stated):
        return pictures
    if None in stated:
        other = next(each.path for each in pictures if _stated_usage(each.path))
        raise InputError(
            f"{root / pictures[stated.index(None)].path}: its name states no Usage, unlike "
            f"{_last_name(other)}; rename it, or sort all pictures into train and test"
        )
    return [each._replace(usage=USAGE_NAMES.index(name)) for each, name in zip(pictures, stated, strict=True)]


def _stated_usage(path: str) -> str | None:
    """PrivateTest of 'angry/PrivateTest_10131363.jpg'; None where the name does not start with a Usage."""
    start, _, rest = _last_name(path).partition("_")
    return start if rest and start in USAGE_NAMES else None


def _last_name(path: str) -> str:
    return path.removesuffix("/").rpartition("/")[2]


def _key(name: str) -> str:
    """A folder's name as the tables above have it."""
    return name.strip().lower()
