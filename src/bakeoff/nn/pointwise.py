"""Functions of each element alone, with curves of many kinds, under PyTorch's names.

Each is composed of operations, which give its derivatives; at a kink the slope is PyTorch's.
"""

from __future__ import annotations

import math
from functools import partial

import torch

from bakeoff.autodiff import clamp, erf, expm1, softplus, where
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_choice, check_count, check_number, keep_default
from bakeoff.errors import ArgumentError
from bakeoff.nn.checks import axis_of, batch_error, check_dtype, check_floating
from bakeoff.nn.init import constant_
from bakeoff.nn.module import Module
from bakeoff.nn.parameter import Parameter


class Pointwise(Module):
    """Base of the functions of one element.

    Args:
        inplace: False, of those that take it; nothing here writes over its input.

    Shape:
        Any shape of floating-point numbers to the same shape.

    Raises:
        ArgumentError: for an argument out of range, or inplace=True.
        DTypeError: when called with integers.
    """

    def __init__(self, inplace: bool = False) -> None:
        keep_default(self, inplace=(inplace, False))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        check_floating(self, x)
        return self._of(x)

    def _of(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class _WithoutArguments(Pointwise):
    def __init__(self) -> None:
        super().__init__()


# ---- rectifiers whose left side is curved -----------------------------------------------------


def _elu(x: Tensor, alpha: float, rate: float = 1.0) -> Tensor:
    # Moved to 0 and below first, where exp cannot overflow.
    return x.relu() + expm1(clamp(x, max=0.0) * rate) * alpha


class ELU(Pointwise):
    """x where positive, alpha (exp(x) - 1) elsewhere.

    Clevert, Unterthiner & Hochreiter 2016, "Fast and accurate deep network learning by exponential
    linear units", equation 1.
    """

    _shown = ("alpha=",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = float(alpha)

    def _of(self, x: Tensor) -> Tensor:
        return _elu(x, self.alpha)


class CELU(ELU):
    """x where positive, alpha (exp(x / alpha) - 1) elsewhere; alpha is above 0.

    Barron 2017, "Continuously differentiable exponential linear units".
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        check_number("CELU", "alpha", alpha, above=0)
        super().__init__(alpha, inplace)

    def _of(self, x: Tensor) -> Tensor:
        return _elu(x, self.alpha, 1.0 / self.alpha)


class SELU(Pointwise):
    """1.0507 x where positive, 1.0507 · 1.6733 (exp(x) - 1) elsewhere.

    Klambauer et al. 2017, "Self-normalizing neural networks", equation 2.
    """

    def _of(self, x: Tensor) -> Tensor:
        return _elu(x, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


class Softplus(Pointwise):
    """log(1 + exp(beta x)) / beta; x itself where beta x exceeds `threshold`; beta is above 0.

    Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing",
    equation 3.
    """

    _shown = ("beta=", "threshold=")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        check_number("Softplus", "beta", beta, above=0)
        self.beta, self.threshold = float(beta), float(threshold)

    def _of(self, x: Tensor) -> Tensor:
        steep = x * self.beta
        return where(steep > self.threshold, x, softplus(steep) * (1.0 / self.beta))


class LogSigmoid(_WithoutArguments):
    """log(1 / (1 + exp(-x))) (Bishop 2006, equation 4.59)."""

    def _of(self, x: Tensor) -> Tensor:
        return -softplus(-x)


# ---- x times a gate ----------------------------------------------------------------------------


class GELU(Pointwise):
    """x Φ(x), with the normal distribution function Φ(x) = (1 + erf(x / √2)) / 2.

    Hendrycks & Gimpel 2016, "Gaussian error linear units", section 2.

    Args:
        approximate: "none", or "tanh" for Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
    """

    _shown = ("approximate=",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        check_choice("GELU", "approximate", approximate, ("none", "tanh"))
        self.approximate = approximate

    def _of(self, x: Tensor) -> Tensor:
        half = x * 0.5
        if self.approximate == "none":
            return half + half * erf(x * math.sqrt(0.5))
        return half + half * ((x + x.square() * x * 0.044715) * math.sqrt(2.0 / math.pi)).tanh()


class SiLU(Pointwise):
    """x / (1 + exp(-x)), also called swish (Hendrycks & Gimpel 2016)."""

    def _of(self, x: Tensor) -> Tensor:
        return x * x.sigmoid()


class Mish(Pointwise):
    """x tanh(log(1 + exp(x))).

    Misra 2020, "Mish: a self regularized non-monotonic activation function".
    """

    def _of(self, x: Tensor) -> Tensor:
        return x * softplus(x).tanh()


class Hardswish(Pointwise):
    """x times what `Hardsigmoid` gives.

    Howard et al. 2019, "Searching for MobileNetV3", section 5.2.
    """

    def _of(self, x: Tensor) -> Tensor:
        return x * _between(x + 3.0, 0.0, 6.0) * (1.0 / 6.0)


class GLU(Pointwise):
    """a / (1 + exp(-b)), where a and b are the halves of x along one axis.

    Dauphin et al. 2017, "Language modeling with gated convolutional networks", equation 1.

    Args:
        dim: the axis, counted as in a batch (N, ...); it halves its length.

    Raises:
        ShapeError: when called with a batch that has no such axis, or one of odd length.
        DTypeError: when called with integers.
    """

    _shown = ("dim=",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def _of(self, x: Tensor) -> Tensor:
        dim = axis_of(self, x, self.dim)
        half, odd = divmod(x.shape[dim], 2)
        if odd:
            raise batch_error(self, x, f"an even length along axis {self.dim}")
        return x.narrow(dim, 0, half) * x.narrow(dim, half, half).sigmoid()


# ---- pieces of lines ---------------------------------------------------------------------------


def _between(x: Tensor, low: float, high: float) -> Tensor:
    """Return x moved into [low, high]; unlike clamp's, the slope at the ends is 0."""
    return where(x <= low, low, where(x >= high, high, x))


class Hardtanh(Pointwise):
    """x moved into [min_val, max_val]; the slope at both ends is 0.

    Collobert 2004, "Large scale machine learning". PyTorch's old names of both, min_value and
    max_value, take None alone.
    """

    _shown = ("min_val=", "max_val=")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: None = None,
        max_value: None = None,
    ) -> None:
        super().__init__(inplace)
        keep_default(self, min_value=(min_value, None), max_value=(max_value, None))
        self.min_val, self.max_val = float(min_val), float(max_val)
        if not self.min_val < self.max_val:
            raise ArgumentError(
                f"Hardtanh: got min_val={min_val!r} and max_val={max_val!r}, expected a max_val"
                " above min_val"
            )

    def _of(self, x: Tensor) -> Tensor:
        return _between(x, self.min_val, self.max_val)


class ReLU6(Pointwise):
    """min(max(x, 0), 6); the slope at 0 and 6 is 0.

    Howard et al. 2017, "MobileNets".
    """

    def _of(self, x: Tensor) -> Tensor:
        return _between(x, 0.0, 6.0)


class Hardsigmoid(Pointwise):
    """(x + 3) / 6, moved into [0, 1].

    Courbariaux, Bengio & David 2015, "BinaryConnect", equation 3.
    """

    def _of(self, x: Tensor) -> Tensor:
        return _between(x + 3.0, 0.0, 6.0) * (1.0 / 6.0)


class Threshold(Pointwise):
    """x where it exceeds `threshold`, `value` elsewhere, where the slope is 0.

    Nair & Hinton 2010 have both at 0.
    """

    _shown = ("threshold=", "value=")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = float(threshold), float(value)

    def _of(self, x: Tensor) -> Tensor:
        return where(x <= self.threshold, self.value, x)


class Hardshrink(Pointwise):
    """0 from -lambd to lambd, x elsewhere.

    Donoho & Johnstone 1994, "Ideal spatial adaptation by wavelet shrinkage", section 2.
    """

    _shown = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = float(lambd)

    def _of(self, x: Tensor) -> Tensor:
        return where(x.abs() <= self.lambd, 0.0, x)


class Softshrink(Hardshrink):
    """0 from -lambd to lambd, elsewhere x, nearer to 0 by lambd, which is at least 0.

    Donoho & Johnstone 1994, section 2.
    """

    def __init__(self, lambd: float = 0.5) -> None:
        check_number("Softshrink", "lambd", lambd, least=0)
        super().__init__(lambd)

    def _of(self, x: Tensor) -> Tensor:
        return x - clamp(x, min=-self.lambd, max=self.lambd)


class Softsign(_WithoutArguments):
    """x / (1 + |x|).

    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", section 2.
    """

    def _of(self, x: Tensor) -> Tensor:
        return x / (x.abs() + 1.0)


class Tanhshrink(_WithoutArguments):
    """x - tanh(x) (LeCun et al. 1998 on tanh)."""

    def _of(self, x: Tensor) -> Tensor:
        return x - x.tanh()


class PReLU(Module):
    """x where positive, elsewhere x times a learned slope, of each channel or of all.

    He et al. 2015, "Delving deep into rectifiers", equation 1.

    Args:
        num_parameters: 1, or the channels C of (N, C, ...).
        init: the slope at the start.

    Raises:
        ArgumentError: for no parameter.
        ShapeError: when called with other channels.
        DTypeError: when called with another dtype than the parameter's.
    """

    _shown = ("num_parameters=",)

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        check_count("PReLU", "num_parameters", num_parameters)
        self.num_parameters, self.init = num_parameters, float(init)
        start = partial(constant_, value=self.init)
        self.weight = Parameter((num_parameters,), start, torch.Generator())

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        check_dtype(self, x, self.weight)
        inner = x.ndim - self._lead
        if self.num_parameters > 1 and x.shape[self._lead : -1][:1] != (self.num_parameters,):
            raise batch_error(self, x, f"(N, {self.num_parameters}, ...)")
        shape = (*self.weight.shape[: self._lead], self.num_parameters, *[1] * (inner - 1))
        slope = self.weight.reshape(shape if inner else self.weight.shape[: self._lead])
        return where(x > 0.0, x, x * slope)
