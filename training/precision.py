"""In which precision a network is trained: float32, or bfloat16 where the hardware multiplies that fast.

TensorFlow is not offered with XLA: on a CPU the compact network's loss was then NaN from the second step on,
MirroredStrategy failed, and no network trained faster. JAX always compiles by XLA.
"""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

from models.keras_setup import Backend, Gpu
from training.environment import cpu_flags

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
# Keras's name of each. In bfloat16 the products are bfloat16; weights, statistics and logits stay float32.
DTYPE_POLICIES: dict[Precision, str] = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

# Instruction sets with which a CPU computes bfloat16 products at twice the float32 rate.
_BFLOAT16_CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
# The first NVIDIA generation that does (Ampere).
_BFLOAT16_COMPUTE_CAPABILITY = (8, 0)


def choose_precision(
    asked: Precision | Literal["auto"], gpus: Sequence[Gpu], backend: Backend = "tensorflow"
) -> Precision:
    """The precision to train in, one of PRECISIONS.

    asked: one of them, or 'auto' for this machine's best. gpus, backend: what the training computes on.
    """
    if asked != "auto":
        return asked
    if backend == "jax" and not gpus:
        return "float32"  # bfloat16 by JAX on a CPU was never timed
    return best_precision(cpu_flags(), [each.compute_capability for each in gpus])


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
