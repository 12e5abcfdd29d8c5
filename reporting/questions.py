"""The page and its five questions: what the report found, and beside it what these commands measured."""

from collections.abc import Mapping
from typing import Any

from reporting import findings
from reporting.commands import read_numbers
from reporting.material import NAMES, Material, percent
from reporting.overview import measured, summary
from reporting.page import Html, command, element, join, page, paragraph, table
from reporting.tables import checks_table, classes_table, layers_table, pairs_table, totals_table


def compose(material: Material) -> str:
    """The whole page as text."""
    drawn = paragraph(
        "The faces below are drawn, not photographed: this page shows that everything works, and what it "
        "looks like. Its numbers say nothing about FER2013; name your own data to get those.",
        class_="note",
    )
    real = paragraph(
        "This page holds faces of the data set that it was made from. Those of FER2013 may not be "
        "redistributed: do not publish the page or its pictures of faces.",
        class_="note",
    )
    introduction = join(
        [
            paragraph(
                "Each number and figure of the student's report on FER2013, and what the commands on this "
                "page found in its place. The file needs no network and no other file."
            ),
            drawn if material.is_drawn else real,
        ]
    )
    return page(
        "Emotions in FER2013: the report, rebuilt",
        introduction,
        {
            "summary": ("At a glance", summary(material)),
            "measured": ("What was measured", measured(material)),
            "question-1": ("Question 1: the convolutional network", network_section(material, "cnn")),
            "question-2": ("Question 2: a dense network of the same size", network_section(material, "dnn")),
            "question-3": ("Question 3: what is taken for what", confusion_section(material)),
            "question-4": ("Question 4: which pixels decide", saliency_section(material)),
            "question-5": ("Question 5: what the filters look for", filter_section(material)),
        },
    )


def network_section(material: Material, name: str) -> Html:
    """Questions 1 and 2: layers, parameters, accuracy; the training curves of all runs are in question 1."""
    texts = {
        "cnn": "A network of nine 3x3 convolutions and two dense layers reached an accuracy of 0.65 on "
        "Kaggle after 100 epochs. Its 2x2 pooling ran over channels and height instead of height and width; "
        "the parameter counts hold only so, and this suite keeps it.",
        "dnn": "A network without convolutions, of nearly as many parameters, reached 0.33 in validation and "
        "0.32 on Kaggle after 80 epochs: far worse than the convolutional network of the same size.",
    }
    pieces = [_found(texts[name]), totals_table(material, name), layers_table(material, name)]
    pieces.append(command(f"python -m models.summary {name}", f"command-{name}"))
    pieces.append(element("h3", "Accuracy"))
    if name in material.networks:
        numbers = material.networks[name]
        pieces.append(
            paragraph(
                f"{material.accuracy(name)}, against {percent(findings.ACCURACY[name], 0)} in the report "
                f"(on Kaggle's test faces). Balanced accuracy {percent(numbers['balanced_accuracy'])}, "
                f"macro F1 {numbers['macro_f1']:.3f}, expected calibration error "
                f"{numbers['expected_calibration_error']:.3f}.",
                element("a", "The command", href="#command-confusion"),
                "stands at question 3.",
            )
        )
        if name == "dnn" and "cnn" in material.networks:
            difference = material.networks["cnn"]["accuracy"] - numbers["accuracy"]
            pieces.append(
                paragraph(
                    f"CNN minus DNN on the same faces: {100 * difference:+.1f} points; in the report "
                    f"{100 * (findings.ACCURACY['cnn'] - findings.ACCURACY['dnn']):+.0f}."
                )
            )
    else:
        pieces.append(_missing(f"No weights of a {NAMES[name]} were given: name them with --runs."))
    if name == "cnn" and material.has("curves"):
        pieces += [
            element("h3", "Training"),
            material.figure(
                "curves",
                "Line charts of loss, accuracy and learning rate by epoch of the runs given, with a star at "
                "the best epoch of each.",
                "Training curves of the networks on this page.",
            ),
            material.command("curves"),
        ]
    elif name == "cnn":
        pieces.append(
            _missing("The weights given have no history beside them, so there are no training curves.")
        )
    return join(pieces)


def confusion_section(material: Material) -> Html:
    """Question 3: matrices, numbers per class, confused pairs, worst mistakes."""
    accuracies = " and ".join(
        f"the {NAMES[name]} ({percent(numbers['accuracy'])} right)"
        for name, numbers in material.networks.items()
    )
    first = next(iter(material.networks))
    return join(
        [
            _found(
                "Happy and surprise are recognised best. Most often confused are angry and sad, disgust and "
                "angry, fear and sad, sad and neutral. Measured on a fifth of train.csv that was held out, "
                "where the network was right for about "
                f"{percent(findings.CONFUSION_ACCURACY, 0)}."
            ),
            material.figure(
                "confusion",
                f"Confusion matrices, true class by predicted class, of {accuracies} on {material.faces}; "
                "the tables below hold the same numbers.",
                "Rows are true classes, columns predicted ones."
                + (
                    " On the right, DNN minus CNN in percentage points." if len(material.networks) > 1 else ""
                ),
            ),
            material.command("confusion"),
            *(classes_table(name, numbers) for name, numbers in material.networks.items()),
            *(pairs_table(name, numbers) for name, numbers in material.networks.items()),
            paragraph(
                f"Best recognised by the {NAMES[first]}: {material.best_classes(first)}; in the report "
                f"{' and '.join(findings.BEST_CLASSES)}."
            ),
            material.figure(
                "confusion-worst",
                f"The faces that the {NAMES[first]} got wrong with most confidence, with true and predicted "
                "class above each.",
                f"The most confident mistakes of the {NAMES[first]}; rows count from 0.",
            ),
        ]
    )


def saliency_section(material: Material) -> Html:
    """Question 4: one face per class, the mean maps, the shares per facial part, the checks."""
    found = _found(
        "Saliency maps of one face per class follow the outline of the facial features, above all from the "
        "mouth to the cheeks."
    )
    if not material.has("saliency"):
        return join([found, _missing("No weights of a CNN were given: name them with --runs.")])
    numbers = read_numbers(material.folder, "saliency")
    faces = numbers["faces"]
    rows = [
        (face["true"], str(face["row"]), face["predicted"], f"{face['probability']:.3f}") for face in faces
    ]
    shares, area = material.mean_saliency["saliency"]["gradient"], material.mean_saliency["area"]
    counts = material.mean_saliency["faces"]
    pieces = [
        found,
        material.figure(
            "saliency",
            "For one face of each class: the face, its saliency map, and the face with all but the most "
            "salient fifth dimmed. "
            + "; ".join(f"{face['true']} seen as {face['predicted']}" for face in faces),
            "For each class the face that the CNN gets right with most confidence; where it gets none right, "
            "the one it is most sure of.",
        ),
        material.command("saliency"),
        table("The faces shown", ("true class", "row", "predicted", "probability"), rows),
        element("h3", "From the mouth to the cheeks?"),
        paragraph(
            f"Here {material.mouth_to_cheeks()}, on average over {counts['all']:,} faces. Each facial part:"
        ),
        table(
            "Share of the gradient's saliency on each facial part, and of the picture that the part covers",
            ("faces", *area),
            [("area of the picture", *map(percent, area.values()))]
            + [
                (f"{name} ({counts[name]})", *(percent(values[part]) for part in area))
                for name, values in shares.items()
            ],
        ),
        material.figure(
            "saliency-mean",
            "Mean face, mean saliency map and bars of the saliency per facial part, for each class and for "
            "all faces; the table above holds the same numbers.",
            "Mean maps per class. Facial parts are boxes on the average face of FER2013.",
        ),
        material.command("saliency-mean"),
    ]
    if "checks" in numbers:
        pieces += _checks(material, numbers["checks"])
    return join(pieces)


def filter_section(material: Material) -> Html:
    """Question 5: the pictures that filters and classes like most, and the answers to one face."""
    found = _found(
        "For each of the 32 filters of conv2d_1, gradient ascent on the input finds the picture that "
        "activates it most. A second figure shows what the same filters make of one real face, the "
        "happy one of question 4."
    )
    if not material.has("filters"):
        return join([found, _missing("No weights of a CNN were given: name them with --runs.")])
    ascent = material.ascent("classes")
    reached = [f"{row['filter']} to {float(list(row.values())[-1]):.1f}" for row in ascent]
    return join(
        [
            found,
            paragraph(f"Here: {material.filters()}."),
            material.figure(
                "filters",
                f"A grid of {len(material.ascent('filters'))} pictures, one per filter of conv2d_1, with "
                "the activation that it reached above each.",
                "What activates each filter of conv2d_1 most.",
            ),
            material.figure(
                "filters-outputs",
                "A happy face, and in the same grid order the output of each filter of conv2d_1 for it, with "
                "the filter's 3x3 kernel.",
                "What the same filters answer to the happy face that the CNN is most sure of.",
            ),
            material.command("filters"),
            element("h3", "The face of each class that the network imagines"),
            material.figure(
                "classes",
                f"Seven pictures that raise the logit of each class most: {', '.join(reached)}.",
                "The same ascent on the seven logits.",
            ),
            material.command("classes"),
        ]
    )


def _checks(material: Material, checks: Mapping[str, Any]) -> list[Html]:
    return [
        element("h3", "Can the maps be trusted?"),
        checks_table(checks),
        paragraph(
            f"Completeness error of the integrated gradients: {checks['completeness']['error']:.1e} (0: they "
            "sum to the difference of the logits that they explain)."
        ),
        material.figure(
            "saliency-check",
            "Line charts of the probability as pixels are deleted and inserted, of the rank correlation as "
            "layers are shuffled, and a scatter of the completeness of integrated gradients.",
            "The checks of the maps above, written by the same command.",
        ),
    ]


def _found(text: str) -> Html:
    return paragraph(element("strong", "The report found:"), text, class_="found")


def _missing(text: str) -> Html:
    return paragraph(text, class_="missing")
