"""Predict the emotion of faces: a Kaggle submission from a CSV, or a table of the faces in photographs.

    python predict.py --data data/test.csv --tta --out submission.csv
    python predict.py --images holiday.jpg portraits/ --out emotions.csv --annotate annotated
    python predict.py --video party.mp4 --out party.csv --annotate annotated.mp4

Several --weights are averaged in probability. Probabilities are calibrated by each network's temperature: of
the faces with probability p, about a share p is predicted right. Where labels are known (from a column of the
CSV or --labels), the accuracy of all faces and of those without duplicates in training is printed too, with
95 % intervals.

Faces in photographs are found, also tilted, dark and partly covered ones; --faces whole takes each picture
as one face. A photograph without a face, or that cannot be read, gets a row that says so. Of a video, or of a
camera until Ctrl-C, a frame is read every 0.5 s: the table has a row for each face in a frame, and the figure
beside it shows the probabilities of each face over time.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from analysis.metrics import accuracy_text, classes_text, evaluate, subsets_of
from command_line import Parser, check_folder, check_outputs, number, one_line_errors, whole_number
from data import CLASS_NAMES, InputError, photographs, write_file
from data.faces import locate_faces, read_faces
from data.labels import attach_labels
from data.pictures import Square, png_bytes
from data.progress import Progress
from data.splits import trained_on
from data.submission import probabilities_csv, submission_csv
from models.prediction import predict, predict_probabilities, set_up_keras
from models.weights import DEFAULT, HELP, find_ensemble, load_network

# What cannot be asked for beside each kind of input.
_UNLABELLED = ("labels", "probabilities", "classes")
UNFIT = {"images": _UNLABELLED, "video": (*_UNLABELLED, "faces", "crops")}
UNFIT |= {"camera": UNFIT["video"], "data": ("annotate", "crops", "unsure")}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of this script."""
    parser = Parser(__doc__)
    source = parser.add_data(or_images=True)
    source.add_argument("--video", metavar="FILE", help="a video, whose faces are predicted frame by frame")
    source.add_argument("--camera", type=whole_number(0), metavar="N", help="a camera; 0 is the first")
    add = parser.add_argument
    add("--weights", metavar="RUN", nargs="+", default=[DEFAULT], help=f"{HELP}; several are averaged")
    add("--out", metavar="FILE", help="submission.csv, the table of photographs (.csv, .json) or video.csv")
    add("--probabilities", metavar="FILE", help="also write a row per face: classes and probabilities")
    add("--tta", action="store_true", help="average over each face and its mirror image; takes twice as long")
    add("--labels", metavar="CSV", help="id,label file for some or all faces, to measure the accuracy")
    text = "seconds from one frame of a video or camera to the next"
    add("--every", type=number(0.04, 3600), metavar="SECONDS", default=0.5, help=text)
    text = "call faces 'unsure' whose emotion is less probable than P"
    add("--unsure", type=number(0, 1), metavar="P", default=0.0, help=text)
    add("--crops", metavar="FOLDER", help="also write each face as the networks see it, to sort into classes")
    add("--annotate", metavar="FOLDER", help="also draw photographs, into a folder, or a video (.mp4)")
    parser.add_overwrite()
    arguments = parser.parse_args(argv)
    kind = next((each for each in UNFIT if getattr(arguments, each) is not None), "data")
    parser.refuse(arguments, UNFIT[kind], f"does not go with --{kind}")
    return arguments


@one_line_errors
def main(argv: Sequence[str] | None = None) -> None:
    """Write a submission and print the accuracy where labels are known, or predict photographs."""
    arguments = parse_args(argv)
    if arguments.images:
        return predict_photographs(arguments)
    if arguments.video is not None or arguments.camera is not None:
        return predict_video(arguments)
    data, out = locate_faces(arguments.data, "test"), arguments.out or "submission.csv"
    check_outputs(filter(None, [out, arguments.probabilities]), arguments.overwrite, [".csv"])
    weights = find_ensemble(arguments.weights)
    faces = read_faces(data, None, arguments.classes, arguments.faces, only_test=True)
    labelled = attach_labels(faces, arguments.labels, arguments.classes) if arguments.labels else faces

    probabilities = predict(weights, faces.images, arguments.tta, calibrated=True)
    predicted = probabilities.argmax(axis=1)
    known = trained_on(faces.images, [each.hashes for each in weights])
    places = np.searchsorted(faces.rows, labelled.rows)  # of the labelled faces
    write_file(out, submission_csv(faces.rows if faces.ids is None else faces.ids, predicted))
    tta = " with test-time augmentation" if arguments.tta else ""
    print(f"wrote {out}: {len(faces):,} rows, predicted by {' + '.join(arguments.weights)}{tta}")
    counts = [f"{np.sum(predicted == index):,} {emotion}" for index, emotion in enumerate(CLASS_NAMES)]
    print(f"faces by class: {', '.join(counts)}")
    if arguments.probabilities:
        labels = np.full(len(faces), -1)
        labels[places] = -1 if labelled.labels is None else labelled.labels
        content = probabilities_csv(replace(faces, labels=labels), probabilities, known)
        write_file(arguments.probabilities, content)
        print(f"wrote {arguments.probabilities}: {len(faces):,} rows")
    if labelled.labels is not None:
        known, probabilities = known[places], probabilities[places]
        print(f"the weights were trained on {known.sum():,} of these {len(known):,} labelled faces")
        for subset, rows in reversed(subsets_of(known).items()):
            scores = evaluate(labelled.labels[rows], probabilities[rows])
            print(accuracy_text(subset, scores, known.sum()))
        print(classes_text(scores))


def predict_photographs(arguments: argparse.Namespace) -> None:
    """Print what the networks predict for the faces in photographs; write and draw it where asked for."""
    weights = find_ensemble(arguments.weights)
    outputs = check_outputs(filter(None, [arguments.out]), arguments.overwrite, [".csv", ".json"])
    for folder in filter(None, (arguments.annotate, arguments.crops)):
        check_folder(folder)
    album = photographs.read_photographs(arguments.images, arguments.faces)
    Parser.inputs |= {each.path.resolve() for each in album}
    drawings, crops = [], []
    if arguments.annotate:
        readable = [each for each in album if not each.problem]
        drawings = [Path(arguments.annotate, f"{each.name}{photographs.DRAWN}") for each in readable]
    if arguments.crops:
        names = [f"{each.name}-{index + 1}.png" for each in album for index in range(len(each.squares))]
        crops = [Path(arguments.crops, name) for name in names]
    for file in [*drawings, *crops]:
        file.parent.mkdir(parents=True, exist_ok=True)
    check_outputs([*drawings, *crops], arguments.overwrite)
    images = np.concatenate([each.images for each in album])
    probabilities = predict(weights, images, arguments.tta, calibrated=True)
    table = photographs.face_table(album, probabilities, arguments.unsure).round(6)
    shown = table.astype(object).where(table.notna(), "-")
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    for file in outputs:
        # pandas escapes the strokes of paths, which JSON allows but nobody wants to read.
        as_json = table.to_json(orient="records", indent=2, force_ascii=False).replace("\\/", "/")
        write_file(file, as_json if file.suffix.lower() == ".json" else table.to_csv(index=False))
        print(f"wrote {file}: {len(table):,} rows")
    without = (photographs.NO_FACE, photographs.UNREADABLE)
    counts = [f"{each}: {sum(table['emotion'] == each):,}" for each in without]
    print(f"photographs: {len(album):,}; faces: {len(images):,}; {'; '.join(counts)}")
    for file, image in zip(crops, images, strict=False):
        write_file(file, png_bytes(image))
    if crops:
        print(f"wrote {len(crops):,} faces into {arguments.crops}")
    if drawings:
        from analysis.figures import save_figures  # here, because matplotlib takes as long as the faces
        from analysis.figures.photographs import draw_photograph

        ends = np.cumsum([len(each.squares) for each in readable])
        for each, values, file in zip(readable, np.split(probabilities, ends[:-1]), drawings, strict=True):
            save_figures({"": draw_photograph(each, values, arguments.unsure)}, [file])
        print(f"wrote {len(drawings):,} drawings into {arguments.annotate}")


def predict_video(arguments: argparse.Namespace) -> None:
    """Predict the faces of a video or camera frame by frame; write table and figure, and draw the frames."""
    import cv2  # here, because submissions need neither it nor matplotlib

    from analysis.figures import save_figures
    from analysis.figures.photographs import draw_on, draw_timeline

    (out,) = check_outputs([arguments.out or "video.csv"], arguments.overwrite, [".csv"])
    (figure,) = check_outputs([out.with_suffix(".png")], arguments.overwrite)
    drawn = check_outputs(filter(None, [arguments.annotate]), arguments.overwrite, [".mp4"])
    weights = find_ensemble(arguments.weights)
    source = arguments.camera if arguments.video is None else arguments.video
    frames = Progress(photographs.frames_of(source, arguments.every), "video", unit=" frames")
    temperatures = [each.temperature for each in weights]
    networks, rows, last, printed, video = [], [], {}, -1.0, None
    with tempfile.NamedTemporaryFile(suffix=".mp4") as temporary:
        with contextlib.suppress(KeyboardInterrupt, SystemExit):  # what was read is kept
            for count, (seconds, frame) in enumerate(frames):
                if not networks:  # not before the video plays
                    set_up_keras()
                    networks = [load_network(each) for each in weights]
                grey = Image.fromarray(frame[..., ::-1]).convert("L")
                squares, images = photographs.faces_of(grey, "find")
                values = predict_probabilities(networks, images, arguments.tta, temperatures).round(6)
                emotions = [photographs.emotion_of(each, arguments.unsure) for each in values]
                numbers = photographs.follow(squares, last)
                for number, square, each, name in zip(numbers, squares, values, emotions, strict=True):
                    rows.append((round(seconds, 3), count, number, *square, *each, name))
                if arguments.video is None and seconds >= printed + 1:
                    print(f"{seconds:.0f} s: {', '.join(emotions) or photographs.NO_FACE}", flush=True)
                    printed = seconds
                if drawn:
                    names = [f"{number} {name}" for number, name in zip(numbers, emotions, strict=True)]
                    draw_on(frame, squares, values, names)
                    codec, size = cv2.VideoWriter_fourcc(*"mp4v"), frame.shape[1::-1]
                    video = video or cv2.VideoWriter(temporary.name, codec, 1 / arguments.every, size)
                    video.write(frame)
        if not networks:
            raise InputError(f"{source}: no frame was read; give a video that plays")
        if video:
            video.release()
            write_file(drawn[0], Path(temporary.name).read_bytes())
    table = pd.DataFrame(rows, columns=["time", "frame", "face", *Square._fields, *CLASS_NAMES, "emotion"])
    figures, content = {"": draw_timeline(table, Path(str(source)).name)}, {"": table.to_csv(index=False)}
    for file in [*save_figures(figures, [figure], tables=content), *drawn]:
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
