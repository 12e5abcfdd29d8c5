"""What the report found, question by question: the page shows these numbers beside the measured ones."""

from typing import NamedTuple


class LayerRow(NamedTuple):
    """One row of a layer table. output: of each of its layers, (channels, height, width) or (units,)."""

    layers: tuple[str, ...]
    output: tuple[int, ...]
    parameters: tuple[int, ...]


class Totals(NamedTuple):
    """The numbers of parameters of a network."""

    total: int
    trainable: int
    non_trainable: int


def _convolution(number: int, output: tuple[int, ...], *parameters: int) -> LayerRow:
    return LayerRow((f"conv2d_{number}", f"batch_normalization_{number}"), output, parameters)


LAYERS = {
    "cnn": (
        _convolution(1, (32, 48, 48), 320, 128),
        _convolution(2, (32, 48, 48), 9_248, 128),
        _convolution(3, (32, 48, 48), 9_248, 128),
        LayerRow(("max_pooling2d_1",), (16, 24, 48), (0,)),
        _convolution(4, (64, 24, 48), 9_280, 256),
        _convolution(5, (64, 24, 48), 36_928, 256),
        _convolution(6, (64, 24, 48), 36_928, 256),
        LayerRow(("max_pooling2d_2",), (32, 12, 48), (0,)),
        _convolution(7, (128, 12, 48), 36_992, 512),
        _convolution(8, (128, 12, 48), 147_584, 512),
        _convolution(9, (128, 12, 48), 147_584, 512),
        LayerRow(("max_pooling2d_3",), (64, 6, 48), (0,)),
        LayerRow(("flatten_1",), (18_432,), (0,)),
        LayerRow(("dense_1",), (1024,), (18_875_392,)),
        LayerRow(("batch_normalization_10", "dropout_1"), (1024,), (4_096, 0)),
        LayerRow(("dense_2",), (7,), (7_175,)),
    ),
    "dnn": (
        LayerRow(("dense_1",), (2048,), (4_720_640,)),
        LayerRow(("dense_2",), (2048,), (4_196_352,)),
        LayerRow(("dense_3",), (2048,), (4_196_352,)),
        LayerRow(("dense_4",), (1024,), (2_098_176,)),
        LayerRow(("dropout_1", "batch_normalization_1"), (1024,), (0, 4_096)),
        LayerRow(("dense_5",), (1024,), (1_049_600,)),
        LayerRow(("dense_6",), (1024,), (1_049_600,)),
        LayerRow(("batch_normalization_2",), (1024,), (4_096,)),
        LayerRow(("dense_7",), (512,), (524_800,)),
        LayerRow(("dense_8",), (512,), (262_656,)),
        LayerRow(("batch_normalization_3",), (512,), (2_048,)),
        LayerRow(("dense_9",), (256,), (131_328,)),
        LayerRow(("dense_10",), (128,), (32_896,)),
        LayerRow(("dropout_2",), (128,), (0,)),
        LayerRow(("dense_11",), (7,), (903,)),
    ),
}
TOTALS = {
    "cnn": Totals(19_323_463, 19_320_071, 3_392),
    "dnn": Totals(18_273_543, 18_268_423, 5_120),
}
# Shares of Kaggle's test faces.
ACCURACY = {"cnn": 0.65, "dnn": 0.32}
DNN_VALIDATION_ACCURACY = 0.33
# Of the CNN behind question 3, on its validation split; the report names no more digits.
CONFUSION_ACCURACY = 0.55
BEST_CLASSES = ("happy", "surprise")
# In the order of the report; within a pair in the order of the data set, as in analysis.metrics.
CONFUSED_PAIRS = (("angry", "sad"), ("angry", "disgust"), ("fear", "sad"), ("sad", "neutral"))
# 'The outline of the facial features, above all from the mouth to the cheeks.'
SALIENT_PARTS = ("mouth", "cheeks")
FILTERS = 32
