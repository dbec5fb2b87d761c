"""Functions between layers, elementwise but for the softmax: PyTorch's, and a user's own."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch

from bakeoff.autodiff import leaky_relu
from bakeoff.autodiff.kernels import Array, run
from bakeoff.autodiff.operation import Operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.errors import ArgumentError, DTypeError, GraphError, ShapeError
from bakeoff.nn.checks import axis_of, check_images
from bakeoff.nn.module import Module


class ReLU(Module):
    """max(x, 0); the derivative at 0 is 0.

    Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".

    Args:
        inplace: False; nothing here writes over its input.

    Raises:
        ArgumentError: for inplace=True.
    """

    def __init__(self, inplace: bool = False) -> None:
        keep_default(self, inplace=(inplace, False))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.relu()


class LeakyReLU(Module):
    """x where positive, negative_slope · x elsewhere; the derivative at 0 is negative_slope.

    Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    Args:
        negative_slope: the slope below 0.
        inplace: False.

    Raises:
        ArgumentError: for inplace=True.
    """

    _shown = ("negative_slope=",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        keep_default(self, inplace=(inplace, False))
        self.negative_slope = float(negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return leaky_relu(x, negative_slope=self.negative_slope)


class Tanh(Module):
    """The hyperbolic tangent, from -1 to 1.

    LeCun et al. 1998, "Efficient backprop", section 4.4.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.tanh()


class Sigmoid(Module):
    """1 / (1 + exp(-x)), from 0 to 1 (Bishop 2006, equation 4.59)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.sigmoid()


class Identity(Module):
    """The input itself: the paper's noActivation."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x


class Softmax(Module):
    """exp(x) / Σ exp(x) along one axis: positive numbers whose sum is 1.

    Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".

    Args:
        dim: the axis, counted as in a batch (N, ...): 1 or -1 are the classes of (N, C).

    Raises:
        ArgumentError: without a dim.
        ShapeError: when called with a batch that has no such axis.
    """

    _shown = ("dim=",)

    def __init__(self, dim: int | None = None) -> None:
        if dim is None:
            raise ArgumentError(
                f"{type(self).__name__}: got no dim, expected one, such as dim=1 for the classes of"
                " (N, C); PyTorch's own guess is deprecated"
            )
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.softmax(axis_of(self, x, self.dim))


class LogSoftmax(Softmax):
    """x - log Σ exp(x) along one axis: what `NLLLoss` takes. Arguments and errors as `Softmax`."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.log_softmax(axis_of(self, x, self.dim))


class Softmin(Softmax):
    """The softmax of -x. Arguments, source and errors as `Softmax`."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return (-x).softmax(axis_of(self, x, self.dim))


class Softmax2d(Module):
    """The softmax over the channels of images (N, C, H, W), as `Softmax` with dim=1 (Bridle 1990).

    Raises:
        ShapeError: when called with something else.
    """

    _sample_axes = 3

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to the same shape."""
        check_images(self, x)
        return x.softmax(-4)


# ---- a user's own -------------------------------------------------------------------------------


@runtime_checkable
class Differentiable(Protocol):
    """Any object with these two methods on torch arrays, elementwise, can stand in a network."""

    def evaluation(self, x: Array) -> Array:
        """Return f(x), of x's shape."""

    def derivative(self, x: Array) -> Array:
        """Return f'(x), of x's shape."""


class Activation(Module):
    """An elementwise function given by its value and its derivative, on torch arrays.

    Derive from it and write the two methods, or put any object that has them in a Sequential:

        class Square:
            def evaluation(self, x):
                return x * x

            def derivative(self, x):
                return 2 * x

        Sequential(Linear(2, 25), Square(), Linear(25, 1))

    Both methods get a copy of the input, so one that works in place does no harm. What is made
    of torch operations this way is one call to a plan. The derivative is not itself
    differentiable: for second-order gradients write an operation (see `bakeoff.operation`).

    Args:
        function: the object with the two methods; left out by classes derived from this one.

    Raises:
        DTypeError: for an object without the two methods; when called, for one that returns
            anything but an array or a number.
        ShapeError: when called, if a method returns an array of another shape.
        GraphError: for a second-order gradient.
    """

    function: Differentiable | None = None

    def __init__(self, function: Differentiable | None = None) -> None:
        own = type(self)
        derived = (
            own.evaluation is not Activation.evaluation
            and own.derivative is not Activation.derivative
        )
        if not (derived if function is None else isinstance(function, Differentiable)):
            raise DTypeError(
                f"{type(self).__name__}: got {function!r}, expected an object with the methods"
                " evaluation(x) and derivative(x)"
            )
        self.function = function

    def evaluation(self, x: Array) -> Array:
        """Return f(x) of a torch array, of the same shape."""
        return self._given("evaluation").evaluation(x)

    def derivative(self, x: Array) -> Array:
        """Return f'(x) of a torch array, of the same shape."""
        return self._given("derivative").derivative(x)

    def _given(self, method: str) -> Differentiable:
        if self.function is None:
            raise DTypeError(
                f"{type(self).__name__}: got no method {method}(x), expected evaluation(x) and"
                " derivative(x)"
            )
        return self.function

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return _value(x, activation=self)

    def describe(self) -> str:
        """The function's class, if it is not this one."""
        return "" if self.function is None else type(self.function).__name__


# ---- the operation: entered in no table, for its rule is the user's -------------------------


def evaluation(x: Array, activation: Activation, *, out: Array | None = None) -> Array:
    """Compute f(x) into `out`: one kernel to a plan, whatever the user's method does."""
    return _checked(activation, "evaluation", x, out)


def derivative(x: Array, activation: Activation, *, out: Array | None = None) -> Array:
    """Compute f'(x) into `out`."""
    return _checked(activation, "derivative", x, out)


def _checked(activation: Activation, method: str, x: Array, out: Array | None) -> Array:
    result: Any = getattr(activation, method)(x.clone())
    name = f"{type(activation.function or activation).__name__}.{method}"
    if not isinstance(result, Array | int | float):
        raise DTypeError(f"{name}: got {type(result).__name__}, expected a torch tensor")
    if isinstance(result, Array) and result.shape != x.shape:
        raise ShapeError(
            f"{name}: got shape {tuple(result.shape)} for an input of {tuple(x.shape)} (batch"
            " last), expected the same shape"
        )
    out = torch.empty(x.shape, dtype=x.dtype) if out is None else out
    return out.copy_(result) if isinstance(result, Array) else out.fill_(result)


def _no_rule(g: Tensor, out: Tensor, x: Tensor, activation: Activation) -> Tensor:
    raise GraphError(
        f"{activation!r}: got a second-order gradient, expected a first-order one, as its"
        " derivative's own derivative is not known; write it as an operation"
    )


_value = Operation(lambda x, *, activation: run(evaluation, x, activation))
_value.name = "evaluation"
_slope = Operation(lambda x, *, activation: run(derivative, x, activation))
_slope.name = "derivative"
_value.rules(x=lambda g, out, x, activation: g * _slope(x, activation=activation))
_slope.rules(x=_no_rule)
