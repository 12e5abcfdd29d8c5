"""In which precision a network is trained: float32, or bfloat16 where the hardware multiplies that fast.

XLA is not offered: with it, on a CPU, the compact network's loss was NaN from the second step on,
MirroredStrategy failed, and no network trained faster.
"""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

from training.environment import cpu_flags

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
# Keras's name of each. In bfloat16 the products are bfloat16; weights, statistics and logits stay float32.
DTYPE_POLICIES: dict[Precision, str] = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

# Instruction sets with which a CPU computes bfloat16 products at twice the float32 rate.
_BFLOAT16_CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
# The first NVIDIA generation that does (Ampere).
_BFLOAT16_COMPUTE_CAPABILITY = (8, 0)


def choose_precision(asked: Precision | Literal["auto"]) -> Precision:
    """The precision to train in, one of PRECISIONS. asked: one of them, or 'auto' for this machine's best."""
    if asked != "auto":
        return asked
    import tensorflow as tf

    details = [
        tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")
    ]
    return best_precision(cpu_flags(), [each.get("compute_capability") for each in details])


def best_precision(
    flags: Collection[str], compute_capabilities: Sequence[tuple[int, int] | None]
) -> Precision:
    """The fastest precision, one of PRECISIONS, of a machine with these features.

    flags: of its CPU, as Linux names them. compute_capabilities: (major, minor) of each GPU, None for one
    that has none; empty on a machine that trains on its CPU.
    """
    if compute_capabilities:
        fast = all(each is not None and each >= _BFLOAT16_COMPUTE_CAPABILITY for each in compute_capabilities)
    else:
        fast = not _BFLOAT16_CPU_FLAGS.isdisjoint(flags)
    return "bfloat16" if fast else "float32"
