"""What figures call a layer, its filters and their activations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data.dataset import CLASS_NAMES


@dataclass(frozen=True)
class DescribedLayer:
    """A layer in words, and the titles of its figures.

    name: str, of the layer and its network, such as 'conv2d_1 of cnn'.
    is_convolution: bool, else the layer is dense.
    kind: str, what its units are: 'filter' or 'class'.
    names: one per filter, its number from 0 or its class.
    measure: str, what an activation is.
    """

    name: str
    is_convolution: bool
    kind: str
    names: Sequence[str]
    measure: str

    def title_of_images(self, preset: str, steps: int) -> str:
        """Title of the images that activate each filter most."""
        return (
            f"{self.name}: what activates each {self.kind} most ({preset}, {steps} steps)\n"
            f"above each: {self.kind}, {self.measure}"
        )

    def title_of_examples(self) -> str:
        """Title of the faces that activate each filter most."""
        return (
            f"{self.name}: the picture and the faces that activate each {self.kind} most\n"
            f"above each: {self.kind} or row, {self.measure}"
        )

    def title_of_outputs(self, row: int) -> str:
        """Title of the outputs of the filters for one row of the data."""
        return (
            f"{self.name}: outputs of the same filters for row {row}\n"
            "above each: filter, highest output (the other figure gives mean activations)"
        )


def describe_layer(network: Any, layer: Any, network_name: str) -> DescribedLayer:
    """Describe a layer of a keras.Model that ends in logits; `network_name` is for titles."""
    is_convolution, is_last = len(layer.output.shape) == 4, layer is network.layers[-1]
    measure = "mean activation over the picture" if is_convolution else "logit" if is_last else "activation"
    return DescribedLayer(
        f"{layer.name} of {network_name}",
        is_convolution,
        "class" if is_last else "filter",
        CLASS_NAMES if is_last else [str(number) for number in range(layer.output.shape[-1])],
        measure,
    )
