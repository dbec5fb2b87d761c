"""What optimisers share: parameters in one flat block of memory, updated a block at a time.

An optimiser moves its parameters into one contiguous array and keeps its state beside it in arrays
of the same length, so that a step is a handful of long elementwise calls, however many layers
there are. A subclass writes only its formula, in `update`, on flat arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from typing import Any, ClassVar, NamedTuple, overload

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, fill, run, update, view
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import NamedArguments, check_number
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.parameter import check_state

# ---- numbers ------------------------------------------------------------------------------------

# What may change between steps lives in memory, not in the code, so that a plan reads it anew at
# every replay. A number that a plan would freeze can be set only once.


class Bounded:
    """Base of `Number` and `Fixed`: at least 0 and less than `below`."""

    def __init__(self, below: float = float("inf")) -> None:
        self.below = below

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def check(self, optimizer: Optimizer, value: float) -> None:
        """Raise an ArgumentError unless 0 <= value < below."""
        check_number(type(optimizer).__name__, self.name, value, least=0, below=self.below)


class Number(Bounded):
    """An attribute of an optimiser that may change between steps, such as the step size."""

    @overload
    def __get__(self, optimizer: None, owner: type) -> Number: ...
    @overload
    def __get__(self, optimizer: Optimizer, owner: type) -> float: ...
    def __get__(self, optimizer: Optimizer | None, owner: type) -> Number | float:
        if optimizer is None:
            return self
        kernels.reading(f"{type(optimizer).__name__}.{self.name}")
        return float(optimizer.numbers[self.name])

    def __set__(self, optimizer: Optimizer, value: float) -> None:
        self.check(optimizer, value)
        optimizer.set_number(self.name, float(value))


class Fixed(Bounded):
    """An attribute of an optimiser that is set once, when it is made."""

    def __get__(self, optimizer: Optimizer | None, owner: type) -> Any:
        return self if optimizer is None else vars(optimizer)[self.name]

    def __set__(self, optimizer: Optimizer, value: float) -> None:
        name = type(optimizer).__name__
        if self.name in vars(optimizer):
            raise ArgumentError(
                f"{name}: got a new {self.name}, expected it to stay as it was made; make a new"
                f" {name}, as a captured step would keep the old one"
            )
        self.check(optimizer, value)
        vars(optimizer)[self.name] = value


# ---- parameters in one flat block ---------------------------------------------------------------


class Block(NamedTuple):
    """Neighbouring parameters, `first` to `last` - 1, which lie at `start` to `stop` - 1."""

    first: int
    last: int
    start: int
    stop: int

    def of(self, flat: Array) -> Array:
        """Return this block of an array that lies beside the parameters, as a view."""
        return view(torch.Tensor.__getitem__, flat, slice(self.start, self.stop))


class Optimizer(NamedArguments):
    """Base of the optimisers.

    Gradients accumulate until `zero_grad`: a step after several backward passes uses their sum,
    so that k small batches do the work of a large one if each batch's mean loss is first
    multiplied by its share of the samples.

    Args:
        params: the tensors to train, of any shapes, all of one floating-point dtype; each once.
        lr: the step size, at least 0.
        weight_decay: see `decayed`, at least 0.

    Attributes:
        lr: the step size; set it between steps to change it.
        flat: all parameters, one after the other; each parameter's data is a view of its part.
        numbers: what may change between steps, by name, each a float64 array of one element.
        arrays: the state of the optimiser by name; most are as long as `flat`.

    Raises:
        ArgumentError: for no parameters, a repeated one, or a number out of range.
        DTypeError: for anything but Tensors of one floating-point dtype.
    """

    lr = Number()
    weight_decay = Fixed()
    cycled: ClassVar[str | None] = None  # the number that OneCycleLR moves against the step size

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        self.parameters = _checked_parameters(type(self).__name__, params)
        self._ends = list(accumulate(p.numel() for p in self.parameters))
        self.flat = torch.cat([p.data.reshape(-1) for p in self.parameters])
        for parameter, end in zip(self.parameters, self._ends, strict=True):
            part = self.flat[end - parameter.numel() : end]
            parameter.data = part.view(parameter.shape)
        self._places = [p.data for p in self.parameters]
        self.numbers: dict[str, Array] = {}
        self._working: dict[str, Array] = {}
        self.arrays: dict[str, Array] = {}
        self.lr = lr
        self.weight_decay = weight_decay

    # ---- numbers and state that subclasses use ----------------------------------------------

    def set_number(self, name: str, value: float) -> None:
        """Write a number where steps, replayed ones too, will read it."""
        if name not in self.numbers:
            self.numbers[name] = torch.zeros((), dtype=torch.float64)
            self._working[name] = self.numbers[name].to(self.flat.dtype)
        kernels.update(torch.Tensor.fill_, self.numbers[name], value)
        kernels.update(torch.Tensor.fill_, self._working[name], value)

    def working(self, name: str) -> Array:
        """Return a number as an array of one element in the dtype of the parameters."""
        return self._working[name]

    def add_array(self, name: str) -> None:
        """Make a state of zeros, one for each number that is trained."""
        self.arrays[name] = torch.zeros_like(self.flat)

    def decayed(self, g: Array, p: Array) -> Array:
        """Return g + weight_decay · p for the gradient g of a block p, both (n,)."""
        return run(torch.add, g, p, alpha=self.weight_decay) if self.weight_decay else g

    # ---- a step -----------------------------------------------------------------------------

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Update every parameter that has a gradient; the others stay, with their state.

        Raises:
            ShapeError: for a gradient of another shape than its parameter.
            DTypeError: for a gradient of another dtype.
            ArgumentError: if a parameter no longer lies where this optimiser put it. In each case
                no parameter is changed.
        """
        self._check()
        with kernels.scope(self):
            for block in self._blocks():
                together = self.parameters[block.first : block.last]
                gradients = [_row(p.grad) for p in together if p.grad is not None]
                g = run(torch.cat, gradients) if len(gradients) > 1 else gradients[0]
                self.update(g, block)

    def update(self, g: Array, block: Block) -> None:
        """Change a block of `flat`, and the state beside it, by its gradient `g`, (n,)."""
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def _check(self) -> None:
        name = type(self).__name__
        for i, (parameter, place) in enumerate(zip(self.parameters, self._places, strict=True)):
            where = f"{name}.step: parameter {i} of shape {tuple(place.shape)}"
            if parameter.data is not place:
                raise ArgumentError(
                    f"{where}: got other memory than when the optimiser was made (by a newer"
                    " optimiser, a change of dtype or a copy), expected the same; make the"
                    " optimiser after that"
                )
            if parameter.grad is None:
                continue
            if parameter.grad.shape != place.shape:
                raise ShapeError(
                    f"{where}: got a gradient of shape {tuple(parameter.grad.shape)}, expected the"
                    " parameter's"
                )
            if parameter.grad.dtype != place.dtype:
                raise DTypeError(
                    f"{where}: got a gradient of {parameter.grad.dtype}, expected {place.dtype}"
                )

    def _blocks(self) -> list[Block]:
        """Return the runs of neighbours that have a gradient and may be updated together."""
        blocks: list[Block] = []
        neighbours = [
            i
            for i, (p, after) in enumerate(pairwise(self.parameters))
            if p.grad is not None and after.grad is not None
        ]
        joined = dict(zip(neighbours, self.joined(neighbours), strict=True))
        for i, (parameter, end) in enumerate(zip(self.parameters, self._ends, strict=True)):
            if parameter.grad is None:
                continue
            if joined.get(i - 1, False):
                blocks[-1] = blocks[-1]._replace(last=i + 1, stop=end)
            else:
                blocks.append(Block(i, i + 1, end - parameter.numel(), end))
        return blocks

    def joined(self, places: list[int]) -> list[bool]:
        """Return for each place i whether parameters i and i + 1 may share a block."""
        return [True] * len(places)

    # ---- saved and restored -----------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of all that a resumed run needs for the same bits, scalars and flat arrays.

        The parameters themselves are not in it: they are in the network's state.
        """
        return {name: array.clone() for name, array in (self._fixed() | self._state()).items()}

    def _fixed(self) -> dict[str, Array]:
        names = [
            name
            for kind in type(self).__mro__
            for name, value in vars(kind).items()
            if isinstance(value, Fixed)
        ]
        return {n: torch.tensor(float(getattr(self, n)), dtype=torch.float64) for n in names}

    def _state(self) -> dict[str, Array]:
        return {**self.numbers, **self.arrays}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over a state; nothing is changed unless all of it fits.

        Raises:
            ArgumentError: for missing or unknown names, or an optimiser made otherwise.
            ShapeError: for an array of another shape.
        """
        fixed = self._fixed()
        where = f"{type(self).__name__}.load_state_dict"
        origin = "an optimiser of the same class, arguments and parameters"
        check_state(where, fixed | self._state(), state, origin=origin)
        for name, number in fixed.items():
            if not torch.equal(state[name].to(number.dtype), number):
                raise ArgumentError(
                    f"{where}: got {name}={float(state[name]):g}, expected {float(number):g} as"
                    " this optimiser was made; make it with the arguments of the saved one"
                )
        for name, array in self._state().items():
            update(torch.Tensor.copy_, array, state[name])
        for name, number in self.numbers.items():
            update(torch.Tensor.copy_, self._working[name], number)


class Counting(Optimizer):
    """Base of the optimisers that count each parameter's updates, in the array `step`.

    Each parameter has its own count, as one that was frozen at first starts later. So only
    neighbours that were updated equally often share a block.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr, weight_decay)
        self.arrays["step"] = torch.zeros(len(self.parameters), dtype=torch.float64)

    def joined(self, places: list[int]) -> list[bool]:
        """Return for each place i whether parameters i and i + 1 were updated equally often."""
        what = f"{type(self).__name__}: which neighbours were updated equally often"
        return kernels.decide(what, lambda: self._equally_often(places))

    def _equally_often(self, places: list[int]) -> list[bool]:
        counts = self.arrays["step"].tolist()
        return [counts[i] == counts[i + 1] for i in places]

    def count(self, block: Block) -> Array:
        """Count an update of a block; return how many there were, a float64 array of one."""
        steps = self.arrays["step"]
        counts = view(torch.Tensor.__getitem__, steps, slice(block.first, block.last))
        update(torch.Tensor.add_, counts, 1.0)
        return view(torch.select, steps, 0, block.first)


def _checked_parameters(name: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    """Return the parameters as a list, or refuse them."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        raise DTypeError(
            f"{name}: got {type(parameters).__name__}, expected tensors; write"
            " network.parameters(), or a list of tensors"
        )
    found = list(parameters)
    if not found:
        raise ArgumentError(f"{name}: got no parameters, expected at least one")
    for parameter in found:
        if not isinstance(parameter, Tensor):
            raise DTypeError(
                f"{name}: got a {type(parameter).__name__} among the parameters, expected"
                " bakeoff.Tensor; write network.parameters()"
            )
    if len({id(p) for p in found}) < len(found):
        raise ArgumentError(f"{name}: got a parameter twice, expected each once")
    dtypes = sorted({str(p.dtype) for p in found})
    if len(dtypes) > 1 or not found[0].dtype.is_floating_point:
        raise DTypeError(
            f"{name}: got parameters of {', '.join(dtypes)}, expected one floating-point dtype"
        )
    return found


def _row(gradient: Tensor) -> Array:
    """Return the gradient as one row of numbers."""
    data = gradient.data if gradient.data.is_contiguous() else kernels.copy(gradient.data)
    return view(torch.Tensor.view, data, -1)


# ---- clipping -----------------------------------------------------------------------------------


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, *, rounds: int | None = None
) -> Tensor:
    """Scale the gradients down so that their norm, all of them as one vector, is at most max_norm.

    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks",
    algorithm 1. As in PyTorch, the factor is max_norm / (norm + 1e-6), or 1 if that is less. It
    is applied without looking at it, so a plan can replay it.

    Args:
        parameters: one or more, whose gradients are replaced by the scaled ones; those without a
            gradient are passed over.
        max_norm: above 0.
        rounds: in lockstep, `network.rounds`: each round is then scaled by its own norm.

    Returns:
        The norm before scaling, of one element, or (rounds,).

    Raises:
        ArgumentError: for max_norm that is not above 0.
    """
    check_number("clip_grad_norm_", "max_norm", max_norm, above=0)
    several = [parameters] if isinstance(parameters, Tensor) else parameters
    held = [p for p in several if p.grad is not None]
    if not held:
        return Tensor(torch.zeros(() if rounds is None else (rounds,)))
    gradients = [p.grad.data for p in held if p.grad is not None]
    norm = _norm(gradients, rounds)
    scale = run(torch.add, norm, 1e-6)
    fill(torch.reciprocal, scale, scale)
    update(torch.Tensor.mul_, scale, max_norm)
    fill(torch.clamp, scale, scale, max=1.0)
    for parameter, g in zip(held, gradients, strict=True):
        # Not in place: two parameters may hold one and the same array as their gradient.
        factor = scale
        if rounds is not None:
            factor = view(torch.Tensor.view, scale, (rounds, *[1] * (g.ndim - 1)))
        parameter.grad = Tensor(run(torch.mul, g, factor))
    return Tensor(norm)


def _norm(gradients: list[Array], rounds: int | None) -> Array:
    """Return the norm over all gradients, or over each round's."""
    lead = 0 if rounds is None else 1
    squares = [run(torch.sum, run(torch.mul, g, g), tuple(range(lead, g.ndim))) for g in gradients]
    return run(torch.sqrt, run(torch.sum, run(torch.stack, squares), 0))
