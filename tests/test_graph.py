"""Which layers everything flows through, in the suite's networks."""

import keras
import pytest

from models import builder
from models.graph import bottlenecks, only_reader


@pytest.fixture(scope="module")
def compact() -> keras.Model:
    return builder("compact")(128.0, 64.0)


def test_all_flows_through_the_sums_of_residual_blocks_and_not_through_their_branches(compact) -> None:
    names = [layer.name for layer in bottlenecks(compact)]
    assert names[-5:] == ["add_9", "activation_9", "pooled", "dropout_1", "dense_1"]
    assert {"add_3", "activation_3", "add_6", "conv2d_7", "activation_7"} <= set(names)
    assert not {"conv2d_8", "conv2d_9", "batch_normalization_9"} & set(names)


@pytest.mark.parametrize("name", ["cnn", "dnn"])
def test_a_chain_is_all_bottlenecks(name) -> None:
    network = builder(name)(128.0, 64.0)
    assert bottlenecks(network) == network.layers


def test_only_reader(compact) -> None:
    assert only_reader(compact, compact.get_layer("batch_normalization_9")) is compact.get_layer("add_9")
    assert only_reader(compact, compact.get_layer("activation_7")) is None, "two layers read it"
    assert only_reader(compact, compact.get_layer("dense_1")) is None, "none reads it"
