"""The facial action units that make the seven expressions, as data.

Source: Ekman and Friesen, Facial Action Coding System (1978), and their EMFACS prototypes (1983).
"""

from data.dataset import CLASS_NAMES

PART_NAMES = ("brows", "eyes", "nose", "mouth", "cheeks")

# Number: (FACS name, the facial parts that the unit moves).
ACTION_UNITS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("inner brow raiser", ("brows",)),
    2: ("outer brow raiser", ("brows",)),
    4: ("brow lowerer", ("brows",)),
    5: ("upper lid raiser", ("eyes",)),
    6: ("cheek raiser", ("eyes", "cheeks")),
    7: ("lid tightener", ("eyes",)),
    9: ("nose wrinkler", ("nose", "cheeks")),
    10: ("upper lip raiser", ("mouth", "cheeks")),
    12: ("lip corner puller", ("mouth", "cheeks")),
    15: ("lip corner depressor", ("mouth",)),
    17: ("chin raiser", ("mouth",)),
    20: ("lip stretcher", ("mouth",)),
    23: ("lip tightener", ("mouth",)),
    24: ("lip pressor", ("mouth",)),
    25: ("lips part", ("mouth",)),
    26: ("jaw drop", ("mouth",)),
}

# Expression: each of its action units with the share of faces that show it.
EXPRESSIONS: dict[str, dict[int, float]] = {
    "angry": {4: 1.0, 5: 0.7, 7: 1.0, 23: 1.0, 24: 0.5, 10: 0.2, 17: 0.3},
    "disgust": {9: 1.0, 10: 1.0, 4: 0.6, 15: 0.5, 17: 0.5},
    "fear": {1: 1.0, 2: 0.8, 4: 1.0, 5: 1.0, 7: 0.4, 20: 1.0, 25: 1.0, 26: 0.8},
    "happy": {6: 1.0, 12: 1.0, 25: 0.65, 26: 0.2},
    "sad": {1: 1.0, 4: 1.0, 15: 1.0, 17: 0.5},
    "surprise": {1: 1.0, 2: 1.0, 5: 1.0, 25: 1.0, 26: 1.0},
    "neutral": {},
}

# Only the units that every face of an expression shows: what a network can always rely on.
MOVED_PARTS: dict[str, tuple[str, ...]] = {
    name: tuple(
        part
        for part in PART_NAMES
        if any(part in ACTION_UNITS[unit][1] for unit, share in EXPRESSIONS[name].items() if share == 1.0)
    )
    for name in CLASS_NAMES
}
