"""Checks of a plan, before `capture` returns it and now and then when it is replayed.

The step is run again on the tape, and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from bakeoff.autodiff.call import Call, Outputs, layout_of, memory_of, outputs_in, replace_arrays
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.recording import Recording, recording
from bakeoff.autodiff.snapshot import Snapshot, same_bits
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DTypeError, PlanError

if TYPE_CHECKING:
    from bakeoff.autodiff.plan import Plan


def record(
    step: Callable[..., Any], inputs: list[Array], seen: Iterable[tuple[Array, str]] = ()
) -> tuple[Recording, Outputs]:
    """Run the step on the tape and return the recording, with what the step returned.

    If anything fails, what the step had changed by then is put back.
    """
    made = Recording()
    made.start(step, inputs, seen)
    try:
        with recording(made):
            outputs = step(*(Tensor(x) for x in inputs))
        for _ in outputs_in(outputs):
            pass
        made.finish()
    except BaseException:
        made.undo()
        raise
    return made, outputs


# ---- two runs -------------------------------------------------------------------------------


def compare(first: Recording, outputs: Outputs, second: Recording, again: Outputs) -> None:
    """Refuse a step whose two runs from the same state differ in anything but values."""
    if len(first.calls) != len(second.calls):
        raise PlanError(
            f"capture: got {len(second.calls)} calls in a second run from the same state, expected"
            f" {len(first.calls)} as in the first; something outside the step changes"
        )
    same: dict[int, int] = {}
    for a, b in zip(first.calls, second.calls, strict=True):
        _compare_calls(a, b, same)
    _compare_outputs(outputs, again, same)
    _compare_gradients(first, second, same)


def _compare_outputs(outputs: Outputs, again: Outputs, same: dict[int, int]) -> None:
    results, others = list(outputs_in(outputs)), list(outputs_in(again))
    if len(results) != len(others) or type(outputs) is not type(again):
        raise PlanError(
            f"capture: got {len(others)} outputs in a second run, expected {len(results)} as in the"
            " first"
        )
    for i, (x, y) in enumerate(zip(results, others, strict=True)):
        _refuse_other_array(f"output {i}", x, y, same)


def _refuse_other_array(what: str, x: Array, y: Array, same: dict[int, int]) -> None:
    if same.get(memory_of(x), memory_of(x)) != memory_of(y) or layout_of(x) != layout_of(y):
        raise PlanError(
            f"capture: {what}, of shape {tuple(x.shape)}, was made by no kernel and differs from"
            " run to run, expected it to be made by operations"
        )


def _compare_gradients(first: Recording, second: Recording, same: dict[int, int]) -> None:
    """Compare the gradients that two runs leave on tensors from outside the step.

    What the first run noted of tensors that each run makes anew is left out.
    """
    known = {id(tensor) for tensor in second.without} | {id(tensor) for tensor, _ in second.left}
    first.without = [tensor for tensor in first.without if id(tensor) in known]
    first.left = [(tensor, g) for tensor, g in first.left if id(tensor) in known]
    again = {id(tensor): g for tensor, g in second.left}
    for i, (tensor, g) in enumerate(first.left):
        other = again.get(id(tensor))
        if g is not None and other is not None:
            _refuse_other_array(f"gradient {i}", g.data, other.data, same)
    left = {id(tensor) for tensor, g in first.left if g is not None}
    for tensor in first.without:
        if id(tensor) in left:
            raise PlanError(
                f"capture: the step leaves a gradient on a tensor of shape {tuple(tensor.shape)},"
                " to which its next call would add, expected none; call zero_grad() at the start of"
                " the step"
            )
    first.guards.take_without(first.without)
    first.guards.only_in(second.guards)


def _compare_calls(a: Call, b: Call, same: dict[int, int]) -> None:
    if a.fn is not b.fn or a.kind != b.kind:
        raise PlanError(f"capture: {a}: got {b.name} in a second run, expected the same call")
    # Every array is replaced by its layout: what is left must not change.
    expected, got = (replace_arrays((c.args, c.kwargs), layout_of) for c in (a, b))
    if repr(got) != repr(expected):  # as text: 1, 1.0 and True are told apart, NaN is itself
        raise PlanError(
            f"capture: {a}: got {_difference(expected, got)} in two runs, expected the same; a plan"
            " would freeze the first, so keep a number that changes in a tensor"
        )
    new = a.kind in ("run", "empty")
    for x, y in zip((*a.arrays, a.out), (*b.arrays, b.out), strict=True):
        if x is a.out and new:
            same[memory_of(x)] = memory_of(y)
        elif same.get(memory_of(x), memory_of(x)) != memory_of(y):
            raise PlanError(
                f"capture: {a}: got an array of shape {tuple(x.shape)} that no kernel made and that"
                " differs from run to run, expected an input, or one made by an operation"
            )


def _difference(a: Any, b: Any) -> str:
    """Return "x and y", the first two constants that differ."""
    if isinstance(a, tuple | list) and isinstance(b, tuple | list) and len(a) == len(b):
        for x, y in zip(a, b, strict=True):
            if repr(x) != repr(y):
                return _difference(x, y)
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return _difference(list(a.values()), list(b.values()))
    return f"{a!r} and {b!r}"


# ---- the plan itself ------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """What it takes to run a step beside its plan."""

    step: Callable[..., Any]
    seen: list[tuple[Array, str]]  # the arrays from outside that it used, and how they are called
    written: set[int]  # which memories of those it changed
    generators: list[torch.Generator]  # that it drew from
    memory: list[Array]  # the plan's own

    def replay(self, plan: Plan, inputs: list[Array], first: Recording | None = None) -> Recording:
        """Run the step on the tape and by the plan from one state; they must agree to the bit.

        The plan runs last, so that what is left is its work. If they disagree, or either fails, all
        is put back as it was before: parameters, gradients, random streams, the last outputs.

        `inputs` are arrays that nothing else uses, `first` the recording that tells what the step
        changes in Python, if not this one; what is returned can undo the replay.
        """
        recorded, outputs = record(self.step, inputs, self.seen)
        before = recorded.before
        try:
            for x in self.memory:
                before.keep_array(x, "the plan's memory")
            for generator in self.generators:
                before.keep_generator(generator)
            changed = before.changed(self.written)
            tensors = [tensor for tensor, _ in plan.gradients]
            expected = {k: x.clone() for k, x in _results(before, changed, outputs, tensors)}
            recorded.undo()
            for tensor, _ in plan.gradients:
                before.keep_gradient(tensor, tensor._grad)
            plan.run(inputs)
            got = dict(_results(before, changed, plan.outputs, tensors))
            for name in expected | got:
                if not _agree(got.get(name), expected.get(name)):
                    raise PlanError(
                        f"capture: {name}: got other bits from the plan than from the step,"
                        " expected the same; something that the step depends on is not as it was"
                        " when it was captured, such as a number, a setting, a branch on values, or"
                        " what an operation computes outside kernels"
                    )
            (first or recorded).refuse_changes()
        except BaseException:
            recorded.undo()
            raise
        return recorded

    def slices(self, given: list[Array], numbers: list[Array], outside: Array | None) -> int:
        """Return over how many slices of `given` a plan is to run; refuse what it cannot."""
        lengths = {len(x) for x in given}
        if len(lengths) != 1 or lengths == {0}:
            raise PlanError(
                f"plan: scan: got inputs of shapes {', '.join(str(tuple(x.shape)) for x in given)}"
                ", expected as many slices of each, and of each number, at least one"
            )
        if any(memory_of(x) in self.written for x in numbers):
            raise PlanError("plan: scan: got a number that the step changes, expected it to stay")
        if outside is not None:
            raise PlanError(
                f"plan: scan: got an output of shape {tuple(outside.shape)} that is not the step's"
                " own, expected only what differs from step to step; leave it out"
            )
        return lengths.pop()


def _agree(a: Array | None, b: Array | None) -> bool:
    if a is None or b is None or a.dtype != b.dtype or a.shape != b.shape:
        return False
    return same_bits(a, b)


def _results(
    before: Snapshot,
    changed: list[tuple[Array, str]],
    outputs: Outputs,
    tensors: list[Tensor],
) -> Iterator[tuple[str, Array]]:
    """Yield by name all that a run of the step leaves: outputs, what it changed, gradients."""
    for i, x in enumerate(outputs_in(outputs)):
        yield f"output {i}, of shape {tuple(x.shape)}", x
    for i, (x, name) in enumerate(changed):
        yield f"changed array {i}, {name}, of shape {tuple(x.shape)}", x
    for i, tensor in enumerate(tensors):
        if tensor._grad is not None:
            yield f"gradient {i}, of shape {tuple(tensor.shape)}", tensor._grad.data
    for i, generator in enumerate(before.generators()):
        yield f"random stream {i}", generator.get_state()


# ---- example inputs -----------------------------------------------------------------------------


def buffers_of(inputs: tuple[Any, ...]) -> list[Array]:
    """Return a buffer for each example input, row-major whatever the example's layout is."""
    memories: list[int] = []
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor | torch.Tensor):
            raise DTypeError(f"capture: input {i}: got {type(x).__name__}, expected a tensor")
        if isinstance(x, Tensor) and x.requires_grad:
            raise PlanError(
                f"capture: input {i}: got a Tensor that requires a gradient, expected one that does"
                " not; a replay would give it none, so make it a leaf inside the step"
            )
        memory = memory_of(x.data)
        if memory and memory in memories:
            raise PlanError(
                f"capture: inputs {memories.index(memory)} and {i} share memory, expected inputs of"
                " their own; pass a clone"
            )
        memories.append(memory)
    return [x.data.clone(memory_format=torch.contiguous_format) for x in inputs]


def refuse_other_ways(recorded: Recording, inputs: tuple[Any, ...], buffers: list[Array]) -> None:
    """Refuse an input that the step also sees through a closure, or that it changes.

    A replay gets new inputs in buffers of its own: a closure would still show it the old values,
    and a change would be made to the buffer alone.
    """
    given = {memory_of(x.data): i for i, x in enumerate(inputs)}
    given.pop(0, None)
    for call in recorded.calls:
        for array in (*call.arrays, call.out):
            i = given.get(memory_of(array))
            if i is not None:
                raise PlanError(
                    f"capture: input {i} is also used through a closure by {call}, expected it to"
                    " come in as an argument only"
                )
    for i, buffer in enumerate(buffers):
        if memory_of(buffer) in recorded.before.written:
            raise PlanError(
                f"capture: input {i} is changed in place by the step, expected it to stay; a replay"
                " would change a copy, so return the new value instead"
            )
