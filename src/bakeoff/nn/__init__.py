"""Layers, losses and containers under PyTorch's names.

N-first at the door, batch-last inside: see `layout`.
"""

from bakeoff.nn import init
from bakeoff.nn.activation import Identity, ReLU, Sigmoid, Tanh
from bakeoff.nn.container import Sequential
from bakeoff.nn.convolution import Conv2d, MaxPool2d
from bakeoff.nn.layout import batch_last
from bakeoff.nn.linear import Flatten, Linear
from bakeoff.nn.lockstep import lockstep
from bakeoff.nn.loss import CrossEntropyLoss, Loss, MSELoss
from bakeoff.nn.module import Buffer, Module, Parameter, count_parameters

__all__ = [
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Flatten",
    "Identity",
    "Linear",
    "Loss",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "batch_last",
    "count_parameters",
    "init",
    "lockstep",
]
