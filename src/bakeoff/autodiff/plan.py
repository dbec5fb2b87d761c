"""A plan: a step captured once as a flat list of calls on fixed buffers, and replayed.

A replay runs the kernels that the tape ran, in the same order, on memory laid out beforehand: it
makes no array, builds no graph and computes no shape. What it cannot replay is refused, when the
plan is made or when it is called; see `capture`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import length_hint
from typing import Any

import torch

from bakeoff.autodiff import kernels, verify
from bakeoff.autodiff.call import memory_of
from bakeoff.autodiff.inputs import buffers_of, refuse_other_ways
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.listing import listing, module_names
from bakeoff.autodiff.outputs import Outputs, outputs_in, replace_outputs
from bakeoff.autodiff.program import Program, bound
from bakeoff.autodiff.recording import Recording
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import BakeoffError, PlanError


def capture(step: Callable[..., Any], *example_inputs: Tensor | torch.Tensor) -> Plan:
    """Run `step` through the tape, record its calls and return them as a plan.

    The step is run twice from the same state and the two recordings are compared, so that a
    number or an array that differs from run to run is found; then the plan itself is run and must
    give the same bits. Everything that the step changes through kernels (parameters, optimiser
    state, running statistics, random generators, gradients) is put back afterwards, also when the
    step fails: capturing trains nothing.

    Args:
        step: takes Tensors, returns a Tensor, a tuple or a mapping of them, or None. Whatever
            differs from call to call must be an input, or live in an array that the step reads.
        *example_inputs: of the shapes and dtypes that the plan will be called with.

    Returns:
        The plan; call it with new inputs.

    Raises:
        DTypeError: for an input that is not a tensor.
        PlanError: if the step cannot be replayed: it reads a value as a Python number, uses a
            number or an array that differs from run to run, changes something other than by
            kernels, sees an input through a closure too or writes to it, uses a gradient from
            before it, or is captured inside another capture.
    """
    buffers = buffers_of(example_inputs)
    first, outputs = verify.record(step, buffers)
    first.undo()
    second, again = verify.record(step, buffers)
    second.undo()
    verify.compare(first, outputs, second, again)
    refuse_other_ways(first, example_inputs, buffers)
    first.before.forget()
    second.before.forget()
    plan = Plan(first, buffers, outputs)
    verify.replay_agrees(plan, step, buffers)
    return plan


class Plan:
    """A captured step; made by `capture`, called with arrays of the captured shapes and dtypes.

    Attributes:
        calls: what a replay runs, in order, for people to read; `print(plan)` shows them.
        names: what to call the modules and optimisers that the calls belong to, by their id.
        buffer_bytes: memory of the plan's own buffers, inputs included, in bytes.
        outputs: what `capture`'s step returned; the next replay overwrites the values.
        gradients: the tensors whose gradient a replay sets, as the step does, and to what.
    """

    def __init__(self, recorded: Recording, inputs: list[Array], outputs: Outputs) -> None:
        results = [*outputs_in(outputs), *(g.data for _, g in recorded.left if g is not None)]
        program = Program(recorded.calls, results)
        self.calls = program.calls
        self.names = module_names(recorded.owners.values())
        self.buffer_bytes = program.nbytes + sum(x.numel() * x.element_size() for x in inputs)
        self.outputs: Any = replace_outputs(outputs, program.new)
        self._inputs = inputs
        self._expected = [(x.shape, x.dtype) for x in inputs]
        self._premises = recorded.premises
        self._premises.seal()
        self.gradients = [
            (tensor, None if g is None else Tensor(program.new(g.data)))
            for tensor, g in recorded.left
        ]
        self._replay = [bound(call) for call in program.calls]
        # An output that is a view of an input's buffer may be given back as another input.
        own = {memory_of(x) for x in inputs}
        self._echoes = any(memory_of(x) in own for x in outputs_in(outputs))

    def __call__(self, *inputs: Tensor | torch.Tensor) -> Any:
        """Replay the step on new inputs and return its outputs.

        The outputs are the same Tensors at every call, with new values: copy what must outlive
        the next call. The same holds for the gradients that the step leaves.

        Raises:
            PlanError: for inputs of another number, type, shape or dtype; if what the step looked
                at has changed since the capture, such as a module's mode, a number, or the array
                of a parameter; or if a call fails.
        """
        arrays = self._arrays(inputs)
        self._check()
        if self._echoes:
            arrays = [x.clone() for x in arrays]
        for buffer, x in zip(self._inputs, arrays, strict=True):
            buffer.copy_(x)
        waiting = iter(self._replay)
        try:
            for call in waiting:
                call()
        except BakeoffError:
            raise
        except (RuntimeError, IndexError, TypeError) as error:
            number = len(self._replay) - length_hint(waiting) - 1
            raise self._failed(number, error) from error
        for tensor, g in self.gradients:
            tensor.grad = g
        return self.outputs

    def _arrays(self, inputs: tuple[Any, ...]) -> list[Array]:
        """Return the inputs as arrays, or raise the error that says what is wrong with one."""
        if len(inputs) != len(self._inputs):
            raise PlanError(f"plan: got {len(inputs)} inputs, expected {len(self._inputs)}")
        arrays = []
        for i, (x, (shape, dtype)) in enumerate(zip(inputs, self._expected, strict=True)):
            if isinstance(x, Tensor):
                if x.requires_grad:
                    raise PlanError(
                        f"plan: input {i}: got a Tensor that requires a gradient, expected one that"
                        " does not; a replay would give it none, so pass x.detach()"
                    )
                x = x.data  # noqa: PLW2901 - from here on it is a torch tensor in either case
            elif not isinstance(x, torch.Tensor):
                raise PlanError(f"plan: input {i}: got {type(x).__name__}, expected a tensor")
            if x.shape != shape or x.dtype != dtype:
                raise PlanError(
                    f"plan: input {i}: got shape {tuple(x.shape)} of {x.dtype}, expected"
                    f" {tuple(shape)} of {dtype}; capture a plan for this shape too"
                )
            arrays.append(x.detach() if x.requires_grad else x)
        return arrays

    def _check(self) -> None:
        if kernels.state.recorder is not None:
            raise PlanError(
                "plan: called inside a capture, expected a step that runs on the tape; call there"
                " the function that this plan was captured from"
            )
        if not self._premises.hold():
            found = self._premises.broken()
            if found is not None:
                raise PlanError(f"plan: {found} as when it was captured; capture it again")
            self._premises.seal(whole=False)

    def _failed(self, number: int, error: Exception) -> PlanError:
        call = self.calls[number]
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        arrays = ", ".join(f"{tuple(x.shape)} {x.dtype}" for x in call.arrays())
        return PlanError(f"plan: call {number}, {call}: got {arrays}: {reason}")

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        return listing(self)
