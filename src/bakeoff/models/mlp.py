"""Dense networks for points and tables: the disk's 2-25-25-25-1, or any other size."""

from __future__ import annotations

from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_choice, check_count
from bakeoff.nn import Linear, Module, ReLU, Sequential, Sigmoid, Tanh

ACTIVATIONS: dict[str, type[Module]] = {"tanh": Tanh, "relu": ReLU, "sigmoid": Sigmoid}


class MLP(Module):
    """Hidden layers of one width, each with an activation, and a last layer.

    Args:
        inputs: numbers that describe an example.
        outputs: classes, or numbers to predict; 1 is enough for yes or no.
        hidden: width of the hidden layers.
        layers: how many hidden layers; 0 leaves a linear model.
        activation: "tanh", "relu" or "sigmoid".

    Shape:
        (N, inputs) to {"target": (N, outputs)}.

    Raises:
        ArgumentError: for sizes below 1, layers below 0 or another activation.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: int = 25,
        layers: int = 3,
        activation: str = "tanh",
    ) -> None:
        for name, value in ("inputs", inputs), ("outputs", outputs), ("hidden", hidden):
            check_count("MLP", name, value)
        check_count("MLP", "layers", layers, least=0)
        check_choice("MLP", "activation", activation, ACTIVATIONS)
        self.layers = Sequential()
        for layer in range(layers):
            self.layers.add(Linear(hidden if layer else inputs, hidden), ACTIVATIONS[activation]())
        self.layers.add(Linear(hidden if layers else inputs, outputs))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Examples (..., inputs, N) to outputs by name, (..., outputs, N)."""
        return {"target": self.layers(x)}
