"""predict.py --images: from photographs to a table of their faces, and drawings."""

import argparse

from command_line.outputs import check_outputs
from models.locate import find_all
from models.prediction import predict_with_files
from photographs.reading import (
    all_faces,
    annotated_files,
    read_photographs,
    refuse_to_draw_among,
    unread_files,
)
from photographs.table import ENDINGS, START, as_text, face_table, write_table


def predict_photographs(arguments: argparse.Namespace) -> None:
    """Print what the networks predict for the faces in photographs; write and draw it where asked for."""
    weights = find_all(arguments.weights)
    photographs = read_photographs(arguments.images, arguments.faces)
    table_files = [arguments.out] if arguments.out else []
    drawings = annotated_files(photographs, arguments.annotate) if arguments.annotate else []
    refuse_to_draw_among(arguments.images, drawings)
    inputs = [*(photograph.path for photograph in photographs), *(file.path for file in weights)]
    table_files = check_outputs(table_files, ENDINGS, inputs, [START])
    check_outputs([file for file in drawings if file.parent.exists()], [".png"], inputs)
    probabilities = predict_with_files(weights, all_faces(photographs), arguments.tta)
    table = face_table(photographs, probabilities)
    if unread := unread_files(arguments.images):
        print(unread)
    print(as_text(table))
    for file in table_files:
        write_table(table, file)
        print(f"wrote {file}: {len(table):,} rows")
    if drawings:
        from analysis.figures.photographs import annotate  # matplotlib takes as long as the faces

        for file in annotate(photographs, probabilities, drawings):
            print(f"wrote {file}")
