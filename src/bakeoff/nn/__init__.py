"""Layers, losses and containers under PyTorch's names.

N-first at the door, batch-last inside: see `layout`.
"""

from bakeoff.nn import init
from bakeoff.nn.activation import (
    Activation,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from bakeoff.nn.container import Parallel, Sequential
from bakeoff.nn.layers import AvgPool2d, Conv2d, Flatten, Linear, MaxPool2d
from bakeoff.nn.layout import batch_last
from bakeoff.nn.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    L1Loss,
    Loss,
    MSELoss,
    NLLLoss,
)
from bakeoff.nn.module import Module, count_parameters, lockstep
from bakeoff.nn.parameter import Buffer, Parameter
from bakeoff.nn.regularisation import BatchNorm1d, BatchNorm2d, Dropout

__all__ = [
    "Activation",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "L1Loss",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "NLLLoss",
    "Parallel",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "batch_last",
    "count_parameters",
    "init",
    "lockstep",
]
