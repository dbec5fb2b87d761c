"""A plan: a step captured once as a flat list of calls on fixed buffers, and replayed.

A replay runs the kernels that the tape ran, in the same order, on memory laid out beforehand: it
makes no array, builds no graph and computes no shape. What it cannot replay is refused, when the
plan is made or when it is called; see `capture`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch

from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.listing import listing
from bakeoff.autodiff.memory import Lifetime, place
from bakeoff.autodiff.recording import (
    Call,
    Recording,
    memory_of,
    recording,
    replace_arrays,
)
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DTypeError, PlanError

Outputs = Tensor | tuple[Tensor, ...] | Mapping[str, Tensor] | None


def capture(step: Callable[..., Any], *example_inputs: Tensor | torch.Tensor) -> Plan:
    """Run `step` through the tape, record its calls and return them as a plan.

    The step is run twice from the same state and the two recordings are compared, so that a
    number or an array that differs from run to run is found; then the plan itself is run and must
    give the same bits. Everything that the step changes through kernels (parameters, optimiser
    state, running statistics, random generators) is put back afterwards: capturing trains nothing.

    Args:
        step: takes Tensors, returns a Tensor, a tuple or a mapping of them, or None. Whatever
            differs from call to call must be an input, or live in an array that the step reads.
        *example_inputs: of the shapes and dtypes that the plan will be called with.

    Returns:
        The plan; call it with new inputs.

    Raises:
        PlanError: if the step reads a value as a Python number, uses an array that no kernel made,
            uses a number that changes, or also sees an input through a closure.
    """
    buffers = [_input(i, x).clone() for i, x in enumerate(example_inputs)]
    _refuse_aliases(example_inputs)
    first, outputs = _record(step, buffers)
    first.undo()
    second, _ = _record(step, buffers)
    second.undo()
    _compare(first, second)
    _refuse_closures(first, example_inputs)
    plan = Plan(first, buffers, outputs)
    _verify(plan, step, buffers)
    return plan


class Plan:
    """A captured step; made by `capture`, called with arrays of the captured shapes and dtypes.

    Attributes:
        calls: what a replay runs, in order, for people to read; `print(plan)` shows them.
        buffer_bytes: memory of the plan's own buffers, inputs included, in bytes.
        outputs: what `capture`'s step returned; the next replay overwrites the values.
    """

    def __init__(self, recorded: Recording, inputs: list[Array], outputs: Outputs) -> None:
        self._inputs = inputs
        self._leaves = [(leaf, leaf.data) for leaf in recorded.leaves.values()]
        self._modes = list(recorded.modes.values())
        program = _Program(recorded.calls, list(_outputs_in(outputs)))
        self.calls = program.calls
        self.buffer_bytes = program.arena_bytes + sum(x.numel() * x.element_size() for x in inputs)
        self.outputs: Any = _replace_outputs(outputs, program.new)
        self._replay = [_bind(call) for call in program.calls]

    def __call__(self, *inputs: Tensor | torch.Tensor) -> Any:
        """Replay the step on new inputs and return its outputs.

        The outputs are the same Tensors at every call, with new values: copy what must outlive
        the next call.

        Raises:
            PlanError: for inputs of another number, shape or dtype; if a parameter's array was
                replaced since the capture; or if a module changed between train and eval.
        """
        self._check(inputs)
        for buffer, x in zip(self._inputs, inputs, strict=True):
            buffer.copy_(x.data if isinstance(x, Tensor) else x)
        for call in self._replay:
            call()
        return self.outputs

    def _check(self, inputs: tuple[Any, ...]) -> None:
        if len(inputs) != len(self._inputs):
            raise PlanError(f"plan: got {len(inputs)} inputs, expected {len(self._inputs)}")
        for i, (buffer, x) in enumerate(zip(self._inputs, inputs, strict=True)):
            if x.shape != buffer.shape or x.dtype != buffer.dtype:
                raise PlanError(
                    f"plan: input {i}: got shape {tuple(x.shape)} of {x.dtype}, expected"
                    f" {tuple(buffer.shape)} of {buffer.dtype}; capture a plan for this shape too"
                )
        for leaf, data in self._leaves:
            if leaf.data is not data:
                raise PlanError(
                    f"plan: a parameter of shape {tuple(leaf.shape)} now lies in other memory than"
                    " when the plan was captured (was a new optimiser made?); capture it again"
                )
        for module, training in self._modes:
            if module.training != training:
                modes = ("training", "evaluation") if training else ("evaluation", "training")
                raise PlanError(
                    f"plan: {type(module).__name__} is in {modes[1]} mode, expected {modes[0]} mode"
                    " as captured; capture a plan for each mode"
                )

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        return listing(self)


def _bind(call: Call) -> Callable[[], Any]:
    """Return the call with its arguments bound, as cheap to run as Python allows."""
    if call.kind in ("run", "fill"):
        return partial(call.fn, *call.args, **call.kwargs, out=call.out)
    return partial(call.fn, *call.args, **call.kwargs)


class _Program:
    """The recorded calls moved to buffers that share memory where their lifetimes allow."""

    def __init__(self, calls: list[Call], outputs: list[Array]) -> None:
        calls = _needed(calls, outputs)
        # What depends on no array at all is computed once, now, and lies outside the arena.
        fixed = {memory_of(c.out) for c in calls if c.kind == "run" and not list(c.arrays())}
        lifetimes = _lifetimes(calls, outputs, fixed)
        self.arena_bytes = place(list(lifetimes.values()))
        self._arena = torch.empty(self.arena_bytes, dtype=torch.uint8)
        self._lifetimes = lifetimes
        self._moved: dict[int, Array] = {}
        self.calls = [
            moved
            for call in calls
            if (moved := self._move(call)).kind not in ("view", "empty")
            and memory_of(call.out) not in fixed
        ]

    def new(self, array: Array) -> Array:
        """Return where a recorded array lies now; one from outside the step stays."""
        return self._moved.get(id(array), array)

    def _move(self, call: Call) -> Call:
        args, kwargs = replace_arrays((call.args, call.kwargs), self.new)
        if call.kind == "view":
            out = call.fn(*args, **kwargs)
        elif call.kind in ("run", "empty"):
            out = self._buffer(call.out)
        else:
            out = self.new(call.out)
        self._moved[id(call.out)] = out
        return Call(call.kind, call.fn, args, kwargs, out, call.scope)

    def _buffer(self, array: Array) -> Array:
        """Return the array's place in the arena, with its shape and strides."""
        lifetime = self._lifetimes.get(memory_of(array))
        if lifetime is None:
            return array
        room = self._arena[lifetime.offset : lifetime.offset + lifetime.size].view(array.dtype)
        return room.as_strided(array.shape, array.stride())


def _needed(calls: list[Call], outputs: list[Array]) -> list[Call]:
    """Leave out calls whose results nothing uses: from the end, keep what is read or outlives."""
    made = {memory_of(c.out) for c in calls if c.kind in ("run", "empty")}
    wanted = {memory_of(x) for x in outputs}
    kept = []
    for call in reversed(calls):
        memory = memory_of(call.out)
        if memory in made and memory not in wanted and call.kwargs.get("generator") is None:
            continue
        wanted.update(memory_of(x) for x in call.arrays())
        wanted.add(memory)
        kept.append(call)
    return kept[::-1]


def _lifetimes(calls: list[Call], outputs: list[Array], fixed: set[int]) -> dict[int, Lifetime]:
    """Return, by its recorded memory, how long each buffer of the plan is needed."""
    lifetimes: dict[int, Lifetime] = {}
    for number, call in enumerate(calls):
        if call.kind in ("run", "empty") and call.out.numel() and memory_of(call.out) not in fixed:
            size = call.out.untyped_storage().nbytes()
            lifetimes.setdefault(memory_of(call.out), Lifetime(size, number, number))
        for array in (*call.arrays(), call.out):
            if memory_of(array) in lifetimes:
                lifetimes[memory_of(array)].last = number
    for array in outputs:
        if memory_of(array) in lifetimes:
            lifetimes[memory_of(array)].last = len(calls)
    return lifetimes


# ---- capturing ------------------------------------------------------------------------------


def _input(i: int, x: Any) -> Array:
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, torch.Tensor):
        return x.detach()
    raise DTypeError(f"capture: input {i}: got {type(x).__name__}, expected a tensor")


def _record(step: Callable[..., Any], buffers: list[Array]) -> tuple[Recording, Outputs]:
    with recording() as recorded:
        outputs = step(*(Tensor(b) for b in buffers))
    for _ in _outputs_in(outputs):
        pass
    return recorded, outputs


def _outputs_in(outputs: Any) -> Iterator[Array]:
    """Yield the arrays of a step's outputs.

    Raises:
        PlanError: for anything but Tensors, tuples and mappings of them, and None.
    """
    if isinstance(outputs, Tensor):
        yield outputs.data
    elif isinstance(outputs, tuple | list):
        for item in outputs:
            yield from _outputs_in(item)
    elif isinstance(outputs, Mapping):
        yield from _outputs_in(list(outputs.values()))
    elif outputs is not None:
        raise PlanError(
            f"capture: the step returned {type(outputs).__name__}, expected a Tensor, a tuple or"
            " mapping of Tensors, or None; numbers are frozen, so return them as Tensors"
        )


def _replace_outputs(outputs: Any, new: Callable[[Array], Array]) -> Any:
    if isinstance(outputs, Tensor):
        return Tensor(new(outputs.data))
    if isinstance(outputs, tuple | list):
        return tuple(_replace_outputs(item, new) for item in outputs)
    if isinstance(outputs, Mapping):
        return {name: _replace_outputs(item, new) for name, item in outputs.items()}
    return outputs


def _refuse_aliases(inputs: tuple[Any, ...]) -> None:
    memories = [memory_of(_input(i, x)) for i, x in enumerate(inputs)]
    for i, memory in enumerate(memories):
        if memory and memory in memories[:i]:
            raise PlanError(
                f"capture: inputs {memories.index(memory)} and {i} share memory, expected inputs of"
                " their own; pass a clone"
            )


def _refuse_closures(recorded: Recording, inputs: tuple[Any, ...]) -> None:
    """Refuse an input that the step also sees by another way: a replay would not renew it."""
    memories = {memory_of(_input(i, x)): i for i, x in enumerate(inputs)}
    memories.pop(0, None)
    for call in recorded.calls:
        for array in call.arrays():
            i = memories.get(memory_of(array))
            if i is not None:
                raise PlanError(
                    f"capture: input {i} is also used through a closure by {call.name}, expected it"
                    " to come in as an argument only"
                )


def _compare(first: Recording, second: Recording) -> None:
    """Refuse a step whose two runs from the same state differ in anything but values."""
    if len(first.calls) != len(second.calls):
        raise PlanError(
            f"capture: the step made {len(first.calls)} calls, then {len(second.calls)} from the"
            " same state, expected the same calls; something outside the step changes"
        )
    same: dict[int, int] = {}
    for number, (a, b) in enumerate(zip(first.calls, second.calls, strict=True)):
        where = f"capture: call {number}, {a.name}{_in_scope(a)}"
        if a.fn is not b.fn or a.kind != b.kind:
            raise PlanError(f"{where}: was {b.name} in a second run, expected the same call")
        got, expected = _constants((b.args, b.kwargs)), _constants((a.args, a.kwargs))
        if got != expected:
            raise PlanError(
                f"{where}: got {_difference(expected, got)} in two runs, expected the same; a plan"
                " would freeze the first: keep a number that changes in a tensor"
            )
        for x, y in zip(a.arrays(), b.arrays(), strict=True):
            if same.get(memory_of(x), memory_of(x)) != memory_of(y):
                raise PlanError(
                    f"{where}: uses an array of shape {tuple(x.shape)} that no kernel made and that"
                    " differs from run to run; make it an input, or by an operation"
                )
        if a.kind in ("run", "empty"):
            same[memory_of(a.out)] = memory_of(b.out)


def _in_scope(call: Call) -> str:
    return f" in {type(call.scope).__name__}" if call.scope is not None else ""


def _constants(value: Any) -> Any:
    """Return the arguments with every array replaced by its layout: what must not change."""
    return replace_arrays(value, lambda x: ("array", tuple(x.shape), x.stride(), x.dtype))


def _difference(a: Any, b: Any) -> str:
    """Return "x and y", the first two constants that differ."""
    if isinstance(a, tuple | list) and isinstance(b, tuple | list) and len(a) == len(b):
        for x, y in zip(a, b, strict=True):
            if x != y:
                return _difference(x, y)
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return _difference(list(a.values()), list(b.values()))
    return f"{a!r} and {b!r}"


def _verify(plan: Plan, step: Callable[..., Any], buffers: list[Array]) -> None:
    """Run the step on the tape and by the plan from one state; they must agree to the bit."""
    recorded, outputs = _record(step, buffers)
    expected = [x.clone() for x in (*_outputs_in(outputs), *recorded.changed)]
    recorded.undo()
    plan(*(b.clone() for b in buffers))
    got = [*_outputs_in(plan.outputs), *recorded.changed]
    agree = [_same_bits(x, y) for x, y in zip(got, expected, strict=True)]
    recorded.undo()
    if not all(agree):
        raise PlanError(
            f"capture: the plan's result {agree.index(False)} differs from the step's; an operation"
            " in it computes outside kernels (see bakeoff.autodiff.kernels)"
        )


def _same_bits(a: Array, b: Array) -> bool:
    return bool(((a == b) | (a.isnan() & b.isnan())).all())
