"""The choice of precision, with made-up machines."""

import pytest

from training.environment import cpu_flags
from training.precision import DTYPE_POLICIES, PRECISIONS, best_precision, choose_precision


@pytest.mark.parametrize(
    ("flags", "compute_capabilities", "precision"),
    [
        ({"avx2", "fma"}, [], "float32"),
        ({"avx2", "avx512f"}, [], "float32"),
        ({"avx2", "avx512_bf16"}, [], "bfloat16"),
        ({"amx_bf16"}, [], "bfloat16"),
        (set(), [], "float32"),  # macOS and Windows list none
        # A GPU decides alone, whatever the CPU beside it.
        ({"avx512_bf16"}, [(7, 5)], "float32"),
        ({"avx2"}, [(8, 0)], "bfloat16"),
        ({"avx2"}, [(9, 0), (8, 6)], "bfloat16"),
        # Mirrored training computes on all of them.
        ({"avx512_bf16"}, [(9, 0), (7, 5)], "float32"),
        ({"avx512_bf16"}, [None], "float32"),
        ({"avx2"}, [(10, 0)], "bfloat16"),
    ],
)
def test_bfloat16_is_chosen_where_the_hardware_is_fast_at_it(flags, compute_capabilities, precision):
    assert best_precision(flags, compute_capabilities) == precision


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_typed_precision_is_taken_on_any_machine(precision, monkeypatch):
    monkeypatch.setattr("training.precision.best_precision", None)
    assert choose_precision(precision, []) == precision
    assert precision in DTYPE_POLICIES


def test_the_features_of_this_cpu_are_words():
    assert all(flag and " " not in flag for flag in cpu_flags())
