"""Initialisations by name, each from an explicit generator.

An initialiser fills a weight of shape (out, in, ...) in place. The fans are PyTorch's: fan_in is
the number of inputs that one output sees, fan_out the number of outputs that one input reaches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch

from bakeoff.autodiff import kernels
from bakeoff.checks import check_choice
from bakeoff.errors import ShapeError

Initialiser = Callable[[torch.Tensor, torch.Generator], None]


def fans(shape: torch.Size) -> tuple[int, int]:
    """Return (fan_in, fan_out) of a weight of shape (out, in, ...).

    Raises:
        ShapeError: if the weight has fewer than two axes.
    """
    if len(shape) < 2:
        raise ShapeError(f"init: got a weight of shape {tuple(shape)}, expected (out, in, ...)")
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def uniform_(tensor: torch.Tensor, generator: torch.Generator, *, bound: float) -> None:
    """Fill any shape with numbers uniform in [-bound, bound)."""
    kernels.update(torch.Tensor.uniform_, tensor, -bound, bound, generator=generator)


def normal_(tensor: torch.Tensor, generator: torch.Generator, *, std: float) -> None:
    """Fill any shape with normal numbers of mean 0 and standard deviation `std`."""
    kernels.update(torch.Tensor.normal_, tensor, 0.0, std, generator=generator)


def constant_(tensor: torch.Tensor, generator: torch.Generator, *, value: float) -> None:
    """Fill any shape with one value; the generator is not moved."""
    kernels.update(torch.Tensor.fill_, tensor, value)


def rows_(tensor: torch.Tensor, generator: torch.Generator, *, zero: int | None) -> None:
    """Fill (rows, columns) with normal numbers of mean 0 and deviation 1; row `zero` with 0.

    PyTorch's default of an embedding (Bengio et al. 2003).
    """
    normal_(tensor, generator, std=1.0)
    if zero is not None:
        kernels.update(torch.Tensor.fill_, kernels.view(torch.select, tensor, 0, zero), 0.0)


def default_(tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Fill (out, in, ...) uniformly in ±1/sqrt(fan_in), PyTorch's default.

    LeCun et al. 1998, "Efficient backprop", section 4.6.
    """
    uniform_(tensor, generator, bound=1.0 / math.sqrt(max(fans(tensor.shape)[0], 1)))


def xavier_uniform_(tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Fill (out, in, ...) uniformly in ±sqrt(6 / (fan_in + fan_out)).

    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16.
    """
    uniform_(tensor, generator, bound=math.sqrt(6.0 / sum(fans(tensor.shape))))


def xavier_normal_(tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Fill (out, in, ...) with normal numbers of variance 2 / (fan_in + fan_out).

    Glorot & Bengio 2010, equation 12.
    """
    normal_(tensor, generator, std=math.sqrt(2.0 / sum(fans(tensor.shape))))


def kaiming_uniform_(tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Fill (out, in, ...) uniformly with variance 2 / fan_in, for ReLU.

    He et al. 2015, "Delving deep into rectifiers", equation 10.
    """
    uniform_(tensor, generator, bound=math.sqrt(6.0 / fans(tensor.shape)[0]))


def kaiming_normal_(tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Fill (out, in, ...) with normal numbers of variance 2 / fan_in, for ReLU.

    He et al. 2015, "Delving deep into rectifiers", equation 10.
    """
    normal_(tensor, generator, std=math.sqrt(2.0 / fans(tensor.shape)[0]))


INITIALISERS: dict[str, Initialiser] = {
    "default": default_,
    "xavier_uniform": xavier_uniform_,
    "xavier_normal": xavier_normal_,
    "kaiming_uniform": kaiming_uniform_,
    "kaiming_normal": kaiming_normal_,
    # By their author's family name, as the literature calls them.
    "he_uniform": kaiming_uniform_,
    "he_normal": kaiming_normal_,
}


def by_name(name: str | Initialiser) -> Initialiser:
    """Return the initialiser called `name`; a function is returned as it is.

    Raises:
        ArgumentError: for an unknown name.
    """
    if not isinstance(name, str):
        return name
    check_choice("initialiser", "init", name, INITIALISERS)
    return INITIALISERS[name]


def bias_of(fan_in: int) -> Initialiser:
    """Return PyTorch's initialiser of a bias: uniform in ±1/sqrt(fan_in)."""
    return partial(uniform_, bound=1.0 / math.sqrt(max(fan_in, 1)))


zeros: Initialiser = partial(constant_, value=0.0)
ones: Initialiser = partial(constant_, value=1.0)
