"""Layers, losses and containers under PyTorch's names.

N-first at the door, batch-last inside: see `layout`.
"""

from bakeoff.nn import init
from bakeoff.nn.activation import (
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from bakeoff.nn.batchnorm import BatchNorm1d, BatchNorm2d
from bakeoff.nn.container import Parallel, Sequential
from bakeoff.nn.convolution import Conv2d
from bakeoff.nn.cross_entropy import CrossEntropyLoss, NLLLoss
from bakeoff.nn.custom import Activation
from bakeoff.nn.dropout import Dropout
from bakeoff.nn.layout import batch_last
from bakeoff.nn.linear import Flatten, Linear
from bakeoff.nn.lockstep import lockstep
from bakeoff.nn.loss import BCELoss, BCEWithLogitsLoss, L1Loss, Loss, MSELoss
from bakeoff.nn.module import Module, count_parameters
from bakeoff.nn.parameter import Buffer, Parameter
from bakeoff.nn.pooling import AvgPool2d, MaxPool2d

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
