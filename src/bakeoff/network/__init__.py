"""The report's own interface, a friendly front to `bakeoff.nn` and `bakeoff.optim`."""

from bakeoff.network.dead import DeadReLUWarning
from bakeoff.network.neural_network import NeuralNetwork

__all__ = ["DeadReLUWarning", "NeuralNetwork"]
