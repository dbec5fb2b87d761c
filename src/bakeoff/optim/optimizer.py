"""What optimisers share: parameters in one flat block of memory, updated a block at a time.

An optimiser moves its parameters into one contiguous array and keeps its state beside it in arrays
of the same length, so that a step is a handful of long elementwise calls, however many layers
there are. A subclass writes only its formula, in `update`, on flat arrays.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, run, view
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError


class Optimizer:
    """Base of the optimisers.

    Args:
        parameters: the tensors to train, all of one floating-point dtype; each once.
        lr: the step size, at least 0.

    Attributes:
        lr: the step size; set it between steps to change it.

    Raises:
        ArgumentError: for no parameters, a repeated one, or a negative step size.
        DTypeError: for parameters of different dtypes.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters = list(parameters)
        name = type(self).__name__
        if not self.parameters:
            raise ArgumentError(f"{name}: got no parameters, expected at least one")
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise ArgumentError(f"{name}: got a parameter twice, expected each once")
        dtypes = sorted({str(p.dtype) for p in self.parameters})
        if len(dtypes) > 1:
            raise DTypeError(f"{name}: got parameters of {', '.join(dtypes)}, expected one dtype")
        self.flat = _flatten(self.parameters)
        # The step size lives in memory, not in the code: a plan reads it at every replay.
        self._lr = torch.zeros((), dtype=self.flat.dtype)
        self.lr = lr

    @property
    def lr(self) -> float:
        """The step size."""
        return self._lr_value

    @lr.setter
    def lr(self, value: float) -> None:
        check_range(type(self).__name__, "lr", value)
        self._lr_value = float(value)
        self._lr.fill_(self._lr_value)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Update every parameter that has a gradient; the others stay, with their state."""
        for first, last in self._blocks():
            run_of = self.parameters[first:last]
            start = sum(p.numel() for p in self.parameters[:first])
            length = sum(p.numel() for p in run_of)
            gradients = [_row(p.grad) for p in run_of if p.grad is not None]
            g = run(torch.cat, gradients) if len(gradients) > 1 else gradients[0]
            self.update(g, slice(start, start + length))

    def _blocks(self) -> list[tuple[int, int]]:
        """Return the runs (first, last + 1) of neighbouring parameters that have a gradient."""
        blocks: list[tuple[int, int]] = []
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is None:
                continue
            if blocks and blocks[-1][1] == i:
                blocks[-1] = (blocks[-1][0], i + 1)
            else:
                blocks.append((i, i + 1))
        return blocks

    def update(self, g: Array, block: slice) -> None:
        """Change `flat[block]`, and the state beside it, by the gradient `g` of that block."""
        raise NotImplementedError


def _row(gradient: Tensor) -> Array:
    """Return the gradient as one row of numbers."""
    data = gradient.data if gradient.data.is_contiguous() else kernels.copy(gradient.data)
    return view(torch.Tensor.view, data, -1)


def _flatten(parameters: list[Tensor]) -> Array:
    """Move the parameters into one array: each becomes a view of its part."""
    flat = torch.cat([p.data.reshape(-1) for p in parameters])
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = flat[start:end].view(parameter.shape)
        start = end
    return flat


def part(x: Array, block: slice) -> Array:
    """Return the block of a flat array, as a view."""
    return view(torch.Tensor.__getitem__, x, block)


def check_range(owner: str, name: str, value: float, below: float = float("inf")) -> None:
    """Raise an ArgumentError unless 0 <= value < below."""
    if not 0.0 <= value < below:
        limit = "" if below == float("inf") else f" and less than {below}"
        raise ArgumentError(f"{owner}: got {name}={value}, expected at least 0{limit}")
