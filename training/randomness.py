"""Random numbers that derive from a key alone, on either of Keras's backends.

A key is two integers, such as (seed, step), or what `split` made of one. From the same key a backend always
draws the same numbers, and each backend its own. Keras has no functions of keys that are computed.
"""

from collections.abc import Sequence
from typing import Any

import keras


def make_key(seed: int, number: Any) -> Any:
    """The key (seed, number). number: an integer or an integer tensor."""
    if keras.backend.backend() == "jax":
        import jax.numpy as jnp

        return jnp.stack([jnp.uint32(seed), jnp.asarray(number).astype("uint32")])
    import tensorflow as tf

    return tf.stack([tf.cast(seed, tf.int64), tf.cast(number, tf.int64)])


def split(key: Any, count: int) -> list[Any]:
    """`count` keys that have nothing in common."""
    if keras.backend.backend() == "jax":
        import jax

        return list(jax.random.split(_jax_key(key), count))
    import tensorflow as tf

    return tf.unstack(tf.random.experimental.stateless_split(key, count))


def uniform(shape: Sequence[Any], key: Any, low: float = 0.0, high: float = 1.0) -> Any:
    """float32 numbers, uniform from `low` to `high`."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.random.uniform(_jax_key(key), shape, minval=low, maxval=high)
    import tensorflow as tf

    return tf.random.stateless_uniform(shape, key, low, high)


def permutation(count: int, key: Any) -> Any:
    """The numbers from 0 to count - 1 in random order."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.random.permutation(_jax_key(key), count)
    import tensorflow as tf

    return tf.random.experimental.stateless_shuffle(tf.range(count), seed=key)


def _jax_key(key: Any) -> Any:
    """JAX's own kind of key, as `split` gives, from one or from two integers."""
    import jax

    key = jax.numpy.asarray(key)
    if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key):
        return key
    return jax.random.wrap_key_data(key.astype("uint32"))
