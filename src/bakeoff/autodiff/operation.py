"""What an operation is: a forward, one derivative rule an argument, and example inputs.

An operation is defined in one place:

    @example((3, 4), (4,))                   # shapes that the tests try
    @operation
    def mul(a, b):
        "a · b"
        return run(torch.mul, a, b)          # on torch arrays, through kernels

    mul.rules(
        a=lambda g, out, a, b: g * b,        # on Tensors, through operations
        b=lambda g, out, a, b: g * a,
    )

The forward sees torch arrays and Python numbers and lowers to kernels. A rule answers: given the
gradient `g` of the loss with respect to `out`, what is the gradient with respect to this argument?
(Baydin et al. 2018, "Automatic differentiation in machine learning: a survey", section 3.2: the
vector-Jacobian product of reverse mode.) Rules are written in terms of operations, so they can be
differentiated again. An argument without a rule has no derivative. A rule need not undo
broadcasting: the backward pass does that in one place.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Literal, NamedTuple, ParamSpec, TypeVar, cast

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.tape import Node, grad_enabled
from bakeoff.autodiff.tensor import Tensor
from bakeoff.autodiff.tensor_math import OPERATIONS
from bakeoff.checks import named
from bakeoff.errors import ArgumentError, BakeoffError, DTypeError, GraphError, ShapeError

P = ParamSpec("P")
T = TypeVar("T")
Arrays = Tensor | torch.Tensor
Rule = Callable[..., Tensor]

# How torch says that it dislikes a dtype, where it does not raise a TypeError.
_OF_TYPES = re.compile("dtype|scalar type|not implemented for|bool tensor")


@dataclass(frozen=True)
class Draw:
    """An example array to be drawn: uniform numbers from `low` to `high`, in float64.

    Of kind "index", whole numbers from `low` to `high` - 1 instead; of kind "bool", their truth.
    """

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    kind: Literal["real", "index", "bool"] = "real"

    def __call__(self, generator: torch.Generator, *, ties: bool = False) -> torch.Tensor:
        """Return the array; with `ties`, rounded to whole numbers so that many are equal."""
        uniform = torch.rand(self.shape, dtype=torch.float64, generator=generator)
        values = uniform * (self.high - self.low) + self.low
        if self.kind == "real":
            return values.ceil() if ties else values
        whole = values.floor().long()
        return whole if self.kind == "index" else whole != 0


class Example(NamedTuple):
    """Inputs that exercise an operation: what to draw or pass on, and fixed parameters."""

    args: tuple[Any, ...]
    params: dict[str, Any]

    def draw(self, generator: torch.Generator, *, ties: bool = False) -> list[Any]:
        """Return the arguments with every `Draw` drawn."""
        return [a(generator, ties=ties) if isinstance(a, Draw) else a for a in self.args]


class Operation:
    """A differentiable function of Tensors; see the module's text for how to make one.

    Args:
        forward: takes torch arrays or numbers (positional) and fixed parameters (keyword-only or
            defaulted), returns a torch array made by kernels. With a `*tensors` argument, the
            operation takes any number of them.
    """

    def __init__(self, forward: Callable[..., torch.Tensor]) -> None:
        self.name = forward.__name__.rstrip("_")
        self.forward = forward
        self.__doc__ = forward.__doc__
        parameters = inspect.signature(forward).parameters.values()
        self.arguments = [
            p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.default is p.empty
        ]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.options = [
            p.name for p in parameters if p.kind is p.KEYWORD_ONLY or p.default is not p.empty
        ]
        self.rule_of: dict[str, Rule] = {}
        self.examples: list[Example] = []

    def rules(self, **rule_of: Rule) -> None:
        """State the derivative rule of each argument that has one, by the argument's name.

        A rule is called as `rule(g, out, *args, **params)` and returns the gradient with respect
        to its argument. For `*tensors` it is called with the tensor's position before `g`.

        Raises:
            ArgumentError: for a name that the forward does not have.
        """
        for name in rule_of:
            if name not in self.arguments:
                raise ArgumentError(
                    f"operation {self.name}: rule for {name!r}, expected one of {self.arguments}"
                )
        self.rule_of |= rule_of

    def rule(self, argument: str) -> Callable[[Rule], Rule]:
        """State the rule of one argument as a decorated function, for rules of several lines."""

        def take(rule: Rule) -> Rule:
            self.rules(**{argument: rule})
            return rule

        return take

    def __call__(self, *args: Any, **params: Any) -> Tensor:
        """Compute the forward and, if an argument asks for it, remember it on the tape.

        Fixed parameters may be given by place too, after the arguments, as in `sum(x, 1, True)`.
        """
        if len(args) > len(self.arguments) and not self.variadic:
            args, params = self._by_name(args, params)
        inputs = tuple([Tensor(a) if isinstance(a, torch.Tensor) else a for a in args])
        arrays = [a.data if isinstance(a, Tensor) else a for a in inputs]
        try:
            data = self.forward(*arrays, **params)
        except BakeoffError:
            raise
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise self._explain(error, arrays, params) from error
        out = Tensor(data)
        if self.rule_of and grad_enabled():
            for a in inputs:
                if isinstance(a, Tensor) and a.requires_grad:
                    out.requires_grad = True
                    out.node = Node(self, inputs, params, (*arrays, data))
                    break
        if kernels.state.recorder is not None:
            kernels.state.recorder.on_operation(out.node, inputs)
        return out

    def _by_name(
        self, args: tuple[Any, ...], params: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        count = len(self.arguments)
        given = self.options[: len(args) - count]
        if len(given) < len(args) - count or not params.keys().isdisjoint(given):
            return args, params  # the forward refuses them
        return args[:count], {**dict(zip(given, args[count:], strict=True)), **params}

    def gradient(
        self, position: int, g: Tensor, out: Tensor, node: Node, changed: Sequence[int] = ()
    ) -> Tensor | None:
        """Return the gradient with respect to the argument at `position`, or None without a rule.

        `g` has the output's shape and dtype; `changed` are the positions of inputs that hold
        something else now, the output's being last.

        Raises:
            DTypeError: if the rule returns something else than a Tensor.
            GraphError: if it reads values that were changed in place.
        """
        argument = self.arguments[0 if self.variadic else position]
        rule = self.rule_of.get(argument)
        if rule is None:
            return None
        where = (position,) if self.variadic else ()
        inputs = node.inputs
        if changed:
            seen = [*inputs, out]
            for i in changed:
                seen[i] = _as_it_was(self.name, i, node, seen[i])
            inputs, out = tuple(seen[:-1]), seen[-1]
        part = rule(*where, g, out, *inputs, **node.params)
        if not isinstance(part, Tensor):
            raise DTypeError(
                f"backward: {self.name}: the rule of {argument!r} returned {type(part)},"
                " expected a bakeoff.Tensor"
            )
        return part

    def _explain(
        self, error: Exception, arrays: Sequence[Any], params: dict[str, Any]
    ) -> BakeoffError:
        """Turn torch's complaint into one that names this operation and what it was given."""
        got = ", ".join(
            f"{tuple(a.shape)} {str(a.dtype).removeprefix('torch.')}"
            if isinstance(a, torch.Tensor)
            else repr(a)
            for a in arrays
        )
        extra = "".join(f", {k}={v!r}" for k, v in params.items())
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        text = f"{self.name}: got {got}{extra}: {reason}"
        of_types = isinstance(error, AttributeError | TypeError) or _OF_TYPES.search(reason)
        return DTypeError(text) if of_types else ShapeError(text)

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self.arguments)})>"


class Changed(Tensor):
    """Stands for a tensor whose values are lost: its shape and dtype are there, nothing else.

    Many rules read no values, such as that of a sum, and then it does no harm.
    """

    __slots__ = ("_lost", "_words")

    def __init__(self, lost: torch.Tensor, words: str) -> None:
        self.requires_grad, self._grad, self.node = False, None, None
        self._lost, self._words = lost, words

    @property
    def data(self) -> torch.Tensor:  # type: ignore[override]
        """Not to be had."""
        raise GraphError(self._words)

    @property
    def shape(self) -> torch.Size:
        """The lengths of the axes."""
        return self._lost.shape

    @property
    def dtype(self) -> torch.dtype:
        """The type of the elements."""
        return self._lost.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._lost.ndim


def _as_it_was(name: str, position: int, node: Node, now: Tensor) -> Tensor:
    """Return what stands in a rule for a tensor that holds something else than in the forward."""
    array, version = node.arrays[position], node.versions[position]
    if array._version == version and not (grad_enabled() and now.requires_grad):
        return Tensor(array)  # the tensor was given another array, and the old one is as it was
    what = f"input {position}" if position < len(node.inputs) else "the result"
    how = f"in place (got version {array._version}, expected {version})"
    if array._version == version:
        how = "for another array, which a derivative of the gradient cannot follow,"
    return Changed(
        array,
        f"backward: {name}: {what}, of shape {tuple(array.shape)}, was changed {how} after the"
        " forward, and the gradient needs its old values; call backward before optimizer.step() or"
        " load_state_dict(), or run the forward again",
    )


def operation(forward: Callable[..., torch.Tensor]) -> Operation:
    """Make an `Operation` of a forward function and enter it in `OPERATIONS` under its name.

    Raises:
        ArgumentError: if another operation has that name.
    """
    made = Operation(forward)
    if made.name in OPERATIONS:
        raise ArgumentError(
            f"operation {made.name}: got a name taken by {OPERATIONS[made.name]!r}; choose another"
        )
    OPERATIONS[made.name] = made
    return made


def example(*args: Any, **params: Any) -> Callable[[Operation], Operation]:
    """State inputs that exercise an operation; the tests check every operation on its own.

    A tuple of lengths stands for an array of that shape, a `Draw` for one of a given range;
    anything else is passed on as it is.
    """

    def enter(made: Operation) -> Operation:
        drawn = tuple(Draw(a) if isinstance(a, tuple) else a for a in args)
        made.examples.insert(0, Example(drawn, params))
        return made

    return enter


def function(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Arrays, P], T]:
    """Return a method of a Tensor as a function, of a torch tensor too."""

    @functools.wraps(method)
    def made(input: Arrays, *args: P.args, **kwargs: P.kwargs) -> T:
        if not isinstance(input, Tensor | torch.Tensor):
            raise DTypeError(f"{method.__name__}: got {input!r:.80}, expected a tensor")
        return method(input if isinstance(input, Tensor) else Tensor(input), *args, **kwargs)

    return cast(Callable[Concatenate[Arrays, P], T], named(made))
