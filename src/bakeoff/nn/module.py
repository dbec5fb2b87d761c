"""Module: a layer or network with named parameters, as in PyTorch.

A module is a plain Python object. Nothing is registered: its parameters, buffers and child modules
are the attributes that have those types, or stand in lists, tuples, dicts and deques, nested as
they may be, and they are looked for whenever they are asked for. A subclass writes `forward`,
batch-last.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import Any, ClassVar, Self, TypeVar

import torch

from bakeoff import rng
from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import NamedArguments, check_count
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.layout import batch_last, inside, turn_in, turn_out
from bakeoff.nn.parameter import Buffer, Parameter, check_state


class Module(NamedArguments):
    """Base of all layers and networks.

    Attributes:
        training: whether the module is in training mode; see `train` and `eval`.
        rounds: how many independent rounds train in lockstep, each with its own parameters along
            a leading axis; None for a single one.
        streams: the random streams of a layer that draws in training, one a round.
    """

    training: bool = True
    rounds: int | None = None
    streams: Sequence[torch.Generator] = ()
    _sample_axes: int | None = None  # of one sample, where a single one may come without a batch
    _shown: ClassVar[tuple[str, ...]] = ()  # the arguments that repr shows, "name=" with its name

    def forward(self, *inputs: Any) -> Any:
        """Compute the output; inputs and output have the batch along their last axis."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    @property
    def _lead(self) -> int:
        """How many axes stand before a sample's: in lockstep one, the rounds."""
        return 0 if self.rounds is None else 1

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Compute the output.

        From outside, inputs and outputs are N-first, as in PyTorch: torch tensors or Tensors of
        shape (N, ...), or (R, N, ...) in lockstep. Inside another module's forward, or within
        `batch_last()`, they are batch-last and nothing is turned. Where PyTorch's layer takes one
        sample without a batch, so does the same layer of ours, from outside.

        Raises:
            ArgumentError: if a parameter was never drawn, or for an input by name.
            ShapeError: if the input does not fit a layer; the message names the layer.
            DTypeError: if an input is no tensor, or `forward` returns neither a Tensor nor a
                mapping from names to Tensors.
        """
        if named:
            raise ArgumentError(
                f"{type(self).__name__}: got {', '.join(named)} by name, expected inputs by their"
                " places alone"
            )
        if inside():
            return self._run(inputs)
        self._check_ready()
        tensors = [x if isinstance(x, Tensor) else Tensor(x) for x in inputs]
        for x in tensors:
            if self.rounds is not None and x.shape[:1] != (self.rounds,):
                raise ShapeError(
                    f"{type(self).__name__}: got a batch of shape {tuple(x.shape)}, expected"
                    f" ({self.rounds}, N, ...), a batch for each round in lockstep"
                )
        lead = self._lead
        alone = bool(tensors) and tensors[0].ndim - lead == self._sample_axes
        if alone:
            tensors = [x.unsqueeze(lead) for x in tensors]
        turned = [turn_in(x, self.rounds) for x in tensors]
        with batch_last():
            out = turn_out(self._run(tuple(turned)), self.rounds)
        return out.squeeze(lead) if alone else out

    def _run(self, inputs: tuple[Any, ...]) -> Any:
        recorder = kernels.state.recorder
        try:
            if recorder is None:
                return self.forward(*inputs)
            before, recorder.scope = recorder.scope, self
            try:
                return self.forward(*inputs)
            finally:
                recorder.scope = before
        except ShapeError as error:
            # A layer of ours has named itself; of a user's, only the operation is known.
            if not error.layer and not type(self).__module__.startswith("bakeoff."):
                where = "the batch is the last axis of a forward's input"
                error.args = (f"{type(self).__name__}: {error} ({where})",)
            error.layer = error.layer or type(self).__name__
            raise

    def _check_ready(self) -> None:
        for name, parameter in self.named_parameters():
            if not parameter.ready:
                raise ArgumentError(
                    f"{type(self).__name__}: parameter {name!r} was never drawn; call"
                    " .initialise(seed=0) on the network, or give the layer generator="
                )

    # ---- what it is made of -------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) of each module held directly, in the order of the attributes."""
        for name, value in _leaves(vars(self)):
            if isinstance(value, Module):
                yield name, value

    def named_modules(
        self, prefix: str = "", seen: set[int] | None = None
    ) -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, module) of this module and all below it, each once."""
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name, seen)

    def _named(self, kind: type[Tensor]) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in _leaves(vars(module)):
                if isinstance(value, kind) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted name, parameter), each once, in the order of the attributes."""
        return self._named(Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """Yield the parameters, as `named_parameters`."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Yield (dotted name, buffer), each once."""
        return self._named(Buffer)

    def describe(self) -> str:
        """Return the arguments that `repr` shows between the brackets, as PyTorch shows them."""
        values = [(name, getattr(self, name.removesuffix("="))) for name in self._shown]
        # Of a parameter, whether it is there.
        told = [(n, v is not None if isinstance(v, Parameter | None) else v) for n, v in values]
        return ", ".join(f"{name if name[-1] == '=' else ''}{value!r}" for name, value in told)

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}" for name, child in self.named_children()]
        if not children:
            return f"{type(self).__name__}({self.describe()})"
        body = re.sub(r"^", "  ", "\n".join(children), flags=re.MULTILINE)
        return f"{type(self).__name__}({self.describe()}\n{body}\n)"

    # ---- modes and gradients ----------------------------------------------------------------

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it in training mode, or out of it."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all below it in evaluation mode."""
        return self.train(False)

    # ---- starts and random streams ----------------------------------------------------------

    def initialise(self, seed: int = 0, round_: int = 0) -> Self:
        """Draw every parameter, reset every buffer, and give every layer that draws its stream.

        Each draw has a stream of its own, by the parameter's or layer's name.

        In lockstep, the parameters of the R rounds come from the streams of rounds `round_` to
        `round_` + R - 1: each round starts exactly as it would alone.

        Args:
            seed: the study's seed.
            round_: the round's number, at least 0.
        """
        numbers = range(round_, round_ + (self.rounds or 1))
        for name, parameter in self.named_parameters():
            streams = [rng.generator(seed, r, "init", name) for r in numbers]
            parameter.draw(streams, lockstep=self.rounds is not None)
        for _, buffer in self.named_buffers():
            buffer.reset()
        for name, module in self.named_modules():
            module.set_streams([rng.generator(seed, r, "dropout", name) for r in numbers])
        return self

    def set_streams(self, generators: list[torch.Generator]) -> None:
        """Take the random streams of training, one a round; layers that draw override this."""

    def each_round(self, array: kernels.Array) -> Iterator[tuple[kernels.Array, torch.Generator]]:
        """Yield each round's part of an array of any shape, with the random stream that fills it.

        Raises:
            ArgumentError: for a layer without a stream for each round.
        """
        if len(self.streams) != (self.rounds or 1):
            raise ArgumentError(
                f"{self!r}: got {len(self.streams)} random streams in training, expected"
                f" {self.rounds or 1}; call .initialise(seed=0) on the network, give generator=, or"
                " call .eval() to predict"
            )
        for r, generator in enumerate(self.streams):
            part = array if self.rounds is None else kernels.view(torch.select, array, 0, r)
            yield part, generator

    def named_streams(self) -> Iterator[tuple[str, torch.Generator]]:
        """Yield (dotted name, generator) of every random stream that training draws from.

        They are no part of `state_dict`; a run that is to be resumed with the same bits keeps
        `generator.get_state()` of each.
        """
        for name, module in self.named_modules():
            for r, generator in enumerate(module.streams):
                yield f"{name}.{r}" if name else str(r), generator

    # ---- dtype ------------------------------------------------------------------------------

    def to(self, dtype: torch.dtype) -> Self:
        """Convert every floating-point parameter and buffer, and forget their gradients.

        Make the optimiser afterwards: it keeps the memory of the parameters that it was given.

        Args:
            dtype: a floating-point dtype, such as torch.float64.

        Raises:
            DTypeError: for anything else.
        """
        if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
            raise DTypeError(
                f"{type(self).__name__}.to: got {dtype!r}, expected a floating-point dtype such as"
                " torch.float64"
            )
        for tensor in self._state().values():
            if tensor.dtype.is_floating_point and tensor.dtype != dtype:
                tensor.data, tensor.grad = tensor.data.to(dtype), None
        return self

    def double(self) -> Self:
        """Convert to torch.float64; see `to`."""
        return self.to(torch.float64)

    def float(self) -> Self:
        """Convert to torch.float32; see `to`."""
        return self.to(torch.float32)

    # ---- state ------------------------------------------------------------------------------

    def _state(self) -> dict[str, Tensor]:
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return a copy of every parameter and buffer, same shape and dtype, by dotted name."""
        return {name: tensor.data.clone() for name, tensor in self._state().items()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take over every parameter and buffer; nothing is changed unless all of them fit.

        Args:
            state: torch tensors by dotted name, as `state_dict` gives them, or that of a torch
                module with the same layers under the same names. Values are converted to the
                dtype of this network, and copied.

        Raises:
            ArgumentError: for missing or unknown names, which are listed.
            ShapeError: for a tensor of another shape.
            DTypeError: for a value that is not a torch tensor, or complex.
        """
        own = self._state()
        check_state(
            f"{type(self).__name__}.load_state_dict",
            {name: tensor.data for name, tensor in own.items()},
            state,
            origin="a network of the same architecture",
        )
        for name, tensor in own.items():
            kernels.update(torch.Tensor.copy_, tensor.data, state[name].detach())
            if isinstance(tensor, Parameter):
                tensor.ready = True


def _leaves(
    container: Mapping[Any, Any] | Iterable[Any], within: tuple[int, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of what stands in nested containers.

    `within` are the containers around it: one that holds itself is not entered again. A set of
    modules is refused: without an order they have no names.
    """
    items = container.items() if isinstance(container, Mapping) else enumerate(container)
    for name, value in items:
        if isinstance(value, (list, tuple, dict, deque)):
            if id(value) not in within:
                for inner, leaf in _leaves(value, (*within, id(value))):
                    yield f"{name}.{inner}", leaf
        elif isinstance(value, (set, frozenset, ValuesView)):
            if any(isinstance(one, Module | Parameter | Buffer) for one in value):
                raise ArgumentError(
                    f"{name}: got modules or parameters in a {type(value).__name__}, expected a"
                    " list or a dict, which gives each of them a name"
                )
        else:
            yield str(name), value


def count_parameters(module: Module) -> int:
    """Return how many numbers training changes, of one round."""
    return sum(p.numel() for p in module.parameters()) // (module.rounds or 1)


def all_ours(*modules: Module) -> bool:
    """Tell whether the code of modules, and of all below them, is bakeoff's own.

    Trainers replay captured steps of such networks alone without being asked: what a user's code
    decides in Python a plan would freeze.
    """
    return all(
        type(part).__module__.startswith("bakeoff.") and "forward" not in vars(module)
        for root in modules
        for _, module in root.named_modules()
        for part in (module, getattr(module, "function", None) or module)  # of an Activation
    )


# ---- many rounds at once ------------------------------------------------------------------------


AnyModule = TypeVar("AnyModule", bound=Module)


def lockstep(module: AnyModule, rounds: int) -> AnyModule:
    """Give every parameter and buffer of `module` a leading axis of `rounds` copies, in place.

    From then on the module takes and gives (rounds, N, ...) at its door: round r of the input
    meets round r of the parameters, and no round sees another. One long call does the work of
    `rounds` short ones, so that small networks train for little more than the price of one. Losses
    are modules too: `lockstep(CrossEntropyLoss(), rounds)` gives one value a round.

    Args:
        module: a network or loss, not yet in lockstep. Its parameters are forgotten, to be drawn
            by `initialise`, which gives each round the start that it would have alone.
        rounds: at least 1.

    Returns:
        The module itself.

    Raises:
        ArgumentError: for rounds below 1, or a module that is in lockstep already.
    """
    check_count("lockstep", "rounds", rounds)
    modules = [inner for _, inner in module.named_modules()]
    for inner in modules:
        if inner.rounds is not None:
            raise ArgumentError(
                f"lockstep: got a {type(inner).__name__} in lockstep already, expected a fresh one"
            )
    for inner in modules:
        inner.rounds = rounds
    for _, parameter in module.named_parameters():
        parameter.data = torch.full((rounds, *parameter.shape), float("nan"), dtype=parameter.dtype)
        parameter.grad, parameter.ready = None, False
    for _, buffer in module.named_buffers():
        buffer.data = buffer.data.expand(rounds, *buffer.shape).clone()
    return module
