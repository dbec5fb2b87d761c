"""A plan: a step captured once as a flat list of calls on fixed buffers, and replayed.

A replay runs the kernels that the tape ran, in the same order, on memory laid out beforehand: it
makes no array, builds no graph and computes no shape. What it cannot replay is refused, when the
plan is made or when it is called; see `capture`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import length_hint
from typing import Any

import torch

from bakeoff.autodiff import kernels, verify
from bakeoff.autodiff.call import Outputs, memory_of, outputs_in, replace_outputs
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.listing import listing, module_names
from bakeoff.autodiff.program import Program, Scan, bound
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

    That replay is the plan's first. Its 2nd, 4th, 8th ... replays run the step on the tape as
    well, from the same state, and must again agree to the bit; so the step is kept with the plan.

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
    buffers = verify.buffers_of(example_inputs)
    first, outputs = verify.record(step, buffers)
    first.undo()
    seen = first.before.seen()
    second, again = verify.record(step, buffers, seen)
    second.undo()
    verify.compare(first, outputs, second, again)
    verify.refuse_other_ways(first, example_inputs, buffers)
    first.before.forget()
    second.before.forget()
    plan = Plan(step, first, seen, buffers, outputs)
    plan.check.replay(plan, [x.clone() for x in buffers], first).undo()
    return plan


class Plan:
    """A captured step; made by `capture`, called with arrays of the captured shapes and dtypes.

    Attributes:
        calls: what a replay runs, in order, for people to read; `print(plan)` shows them.
        names: what to call the modules and optimisers that the calls belong to, by their id.
        buffer_bytes: memory of the plan's own buffers, inputs included, in bytes.
        outputs: what `capture`'s step returned; the next replay overwrites the values.
        inputs: from where a replay reads what it is called with.
        gradients: the tensors whose gradient a replay sets, as the step does, and to what.
        check: what runs the step beside the plan.
    """

    def __init__(
        self,
        step: Callable[..., Any],
        recorded: Recording,
        seen: list[tuple[Array, str]],
        inputs: list[Array],
        outputs: Outputs,
    ) -> None:
        out = list(outputs_in(outputs))
        gradients = [g.data for _, g in recorded.left if g is not None]
        program = Program(recorded.calls, out, gradients)
        self.calls = program.calls
        self.names = module_names(recorded.owners.values())
        self.buffer_bytes = program.nbytes + sum(x.numel() * x.element_size() for x in inputs)
        self.outputs: Any = replace_outputs(outputs, program.new)
        self.inputs = inputs
        self._expected = [(x.shape, x.dtype) for x in inputs]
        self._guards = recorded.guards
        self._guards.seal()
        self.gradients = [
            (tensor, None if g is None else Tensor(program.new(g.data)))
            for tensor, g in recorded.left
        ]
        self._replay = [bound(call) for call in program.calls]
        # An output that is a view of an input's buffer may be given back as another input.
        own = {memory_of(x) for x in inputs}
        self._echoes = any(memory_of(x) in own for x in out)
        # By its id each array that looks at an output, and how it looked at the recorded one.
        self.looks = program.looks(out)
        outside = (x for x in out if memory_of(x) not in own and program.new(x) is x)
        self._outside = next(outside, None)
        self._scans: dict[tuple[int, ...], Scan] = {}
        before = recorded.before
        memory = [program.arena, *inputs]
        self.check = verify.Check(step, seen, before.written, before.generators(), memory)
        self._replays = 1  # the capture's own
        self._busy = threading.Lock()
        self._inference = torch.is_inference_mode_enabled()

    def __call__(self, *inputs: Tensor | torch.Tensor) -> Any:
        """Replay the step on new inputs and return its outputs.

        The outputs are the same Tensors at every call, with new values: copy what must outlive
        the next call. The same holds for the gradients that the step leaves.

        Raises:
            PlanError: for inputs of another number, type, shape or dtype; if a module's mode, the
                array of a tensor, its requires_grad or a choice is no longer that of the capture;
                if the step, run on the tape as well, gives other bits: then all is as before the
                call; if another thread is in a call of this plan; or if a call fails.
        """
        with self._alone():
            arrays = self._arrays(inputs)
            self._look()
            number = self._replays + 1
            if number & (number - 1):
                self.run([x.clone() for x in arrays] if self._echoes else arrays)
            else:
                self._run_checked(number, arrays)
            self._replays = number
        return self.outputs

    def scan(
        self, *inputs: torch.Tensor, numbers: Sequence[tuple[torch.Tensor, torch.Tensor]] = ()
    ) -> Any:
        """Replay the step on one slice of the inputs after another, as JAX's `lax.scan` does.

        The results are those of as many calls, to the bit. As no Python runs between two replays,
        what a call looks at before each is looked at once. Where one of them would run on the tape
        as well, the calls are made one by one.

        Args:
            *inputs: of each, (k, ...), what k calls would be given; k is at least 1.
            numbers: arrays that the step reads and does not change, such as a step size, each with
                (k, ...), what it holds at each replay. It holds the last of them afterwards.

        Returns:
            The step's outputs, each (k, ...); the next scan of as many overwrites them.

        Raises:
            PlanError: as a call does; for an output that the step did not compute, and a number
                that it changes.
        """
        given = [*inputs, *(x for _, x in numbers)]
        k = self.check.slices(given, [array for array, _ in numbers], self._outside)
        if self._replays.bit_length() < (self._replays + k).bit_length():
            return self._one_by_one(k, inputs, numbers)
        with self._alone():
            self._arrays(tuple(x[0] for x in inputs))
            self._look()
            key = (k, *(memory_of(array) for array, _ in numbers))
            if key not in self._scans:
                self._scans[key] = Scan(self, k, [array for array, _ in numbers], self._replay)
            scan = self._scans[key]
            for room, x in zip(scan.given, given, strict=True):
                room.copy_(x)
            self._call(scan.replay)
            self._replays += k
        for array, x in numbers:
            array.copy_(x[-1])
        return scan.outputs

    def _one_by_one(self, k: int, inputs: Sequence[Array], numbers: Any) -> Any:
        made = []
        for i in range(k):
            for array, x in numbers:
                array.copy_(x[i])
            made.append([x.clone() for x in outputs_in(self(*(x[i] for x in inputs)))])
        stacked = map(torch.stack, zip(*made, strict=True))
        return replace_outputs(self.outputs, lambda _: next(stacked))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads out, and be in the mode of the capture.

        Arrays that were made in one mode of torch cannot be written to in the other.
        """
        if not self._busy.acquire(blocking=False):
            raise PlanError(
                "plan: called while a replay of it is running, expected one call at a time, as all"
                " of them use the same memory; capture a plan for each thread"
            )
        try:
            if torch.is_inference_mode_enabled() == self._inference:
                yield
            else:
                with torch.inference_mode(self._inference):
                    yield
        finally:
            self._busy.release()

    def _run_checked(self, number: int, arrays: list[Array]) -> None:
        """Replay, and run the step on the tape as well: the 2nd, 4th, 8th ... time."""
        try:
            self.check.replay(
                self, [x.clone(memory_format=torch.contiguous_format) for x in arrays]
            )
        except PlanError as error:
            raise PlanError(
                f"plan: replay {number}, which was also run on the tape:"
                f" {str(error).removeprefix('capture: ')}; keep a number that changes in a tensor,"
                " capture it again, or run the step on the tape (all is as before this call)"
            ) from error

    def run(self, arrays: list[Array]) -> None:
        """Run all calls on arrays of the captured shapes, and set the gradients.

        Raises:
            PlanError: if a call fails.
        """
        for buffer, x in zip(self.inputs, arrays, strict=True):
            buffer.copy_(x)
        self._call(self._replay)

    def _call(self, replay: list[Callable[[], Any]]) -> None:
        waiting = iter(replay)
        try:
            for call in waiting:
                call()
        except BakeoffError:
            raise
        except (RuntimeError, IndexError, TypeError) as error:
            number = len(replay) - length_hint(waiting) - 1
            raise self._failed(number % len(self.calls), error) from error
        for tensor, g in self.gradients:
            tensor.grad = g

    def __deepcopy__(self, memo: dict[int, Any]) -> Plan:
        raise PlanError(
            "plan: got a copy, expected one plan for the arrays that it was captured with; capture"
            " the step of the copy"
        )

    def _arrays(self, inputs: tuple[Any, ...]) -> list[Array]:
        """Return the inputs as arrays, or raise the error that says what is wrong with one."""
        if len(inputs) != len(self.inputs):
            raise PlanError(f"plan: got {len(inputs)} inputs, expected {len(self.inputs)}")
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

    def _look(self) -> None:
        if kernels.state.recorder is not None:
            raise PlanError(
                "plan: called inside a capture, expected a step that runs on the tape; call there"
                " the function that this plan was captured from"
            )
        if not self._guards.hold():
            found = self._guards.broken()
            if found is not None:
                raise PlanError(f"plan: {found} as when it was captured; capture it again")

    def _failed(self, number: int, error: Exception) -> PlanError:
        call = self.calls[number]
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        arrays = ", ".join(f"{tuple(x.shape)} {x.dtype}" for x in call.arrays)
        return PlanError(f"plan: call {number}, {call}: got {arrays}: {reason}")

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        return listing(self)
