"""From a recording to what a replay runs: only the calls that matter, on buffers that share memory.

Views are not replayed. Each array that a call reads or writes is cut out of the arena once, when
the program is made: it lies at the same place in its buffer as it did in the recorded memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch

from bakeoff.autodiff.call import Call, layout_of, memory_of, replace_arrays, replace_outputs
from bakeoff.autodiff.kernels import Array, Kind

if TYPE_CHECKING:
    from bakeoff.autodiff.plan import Plan

# Whose result at one place depends on its arguments at that place alone.
ELEMENTWISE = frozenset(
    {
        torch.abs,
        torch.add,
        torch.addcmul,
        torch.clamp,
        torch.cos,
        torch.div,
        torch.erf,
        torch.exp,
        torch.expm1,
        torch.log,
        torch.log1p,
        torch.mul,
        torch.nan_to_num,
        torch.neg,
        torch.reciprocal,
        torch.sigmoid,
        torch.sign,
        torch.sin,
        torch.sqrt,
        torch.sub,
        torch.tanh,
    }
)


class Program:
    """Recorded calls on buffers of their own; outputs and gradients hold their values at the end.

    `calls` are those that a replay runs, in order; `arena` is the memory that their buffers share,
    `nbytes` its size with what was computed once.
    """

    def __init__(self, calls: list[Call], outputs: list[Array], gradients: list[Array]) -> None:
        results = [*outputs, *gradients]
        calls = needed(calls, results)
        fixed = _fixed(calls, results)
        self._joins = Joins(calls, fixed | {memory_of(x) for x in outputs})
        calls, results = self._joins.calls, [self._joins.moved(x) for x in results]
        self._lifetimes = _inherited(calls, _lifetimes(calls, results, fixed))
        different = {id(lifetime): lifetime for lifetime in self._lifetimes.values()}
        self.arena = torch.empty(place(list(different.values())), dtype=torch.uint8)
        once = {memory_of(c.out): c.out.untyped_storage() for c in calls}
        self.nbytes = self.arena.nbytes + sum(once[memory].nbytes() for memory in fixed)
        self._cut: dict[tuple[Any, ...], Array] = {}
        self.calls = [
            self._moved(call)
            for call in calls
            if call.kind not in ("view", "empty") and memory_of(call.out) not in fixed
        ]

    def new(self, array: Array) -> Array:
        """Return where a recorded array lies now; one from outside the step stays where it is."""
        array = self._joins.moved(array)
        lifetime = self._lifetimes.get(memory_of(array))
        if lifetime is None:
            return array
        key = (memory_of(array), layout_of(array))
        if key not in self._cut:
            room = self.arena[lifetime.offset : lifetime.offset + lifetime.size].view(array.dtype)
            start = room.storage_offset() + array.storage_offset()
            self._cut[key] = room.as_strided(array.shape, array.stride(), start)
        return self._cut[key]

    def looks(self, arrays: list[Array]) -> dict[int, Array]:
        """Return by its id each array that was cut for the memory of recorded ones, with that one.

        What lies at the same place before or after, for another memory, is not among them.
        """
        by_memory = {memory_of(x): x for x in arrays}
        return {
            id(cut): by_memory[memory].as_strided(*layout[1:])
            for (memory, layout), cut in self._cut.items()
            if memory in by_memory
        }

    def _moved(self, call: Call) -> Call:
        args, kwargs = replace_arrays((call.args, call.kwargs), self.new)
        return Call(call.kind, call.fn, args, kwargs, self.new(call.out), call.scope, call.line)


def bound(call: Call) -> Callable[[], Any]:
    """Return the call with its arguments bound, as cheap to run as Python allows."""
    if call.kind in ("run", "fill"):
        return partial(call.fn, *call.args, **call.kwargs, out=call.out)
    return partial(call.fn, *call.args, **call.kwargs)


def needed(calls: list[Call], results: list[Array]) -> list[Call]:
    """Leave out calls whose results nothing uses: from the end, keep what is read or outlives."""
    made = {memory_of(c.out) for c in calls if c.kind in ("run", "empty")}
    wanted = {memory_of(x) for x in results}
    kept = []
    for call in reversed(calls):
        memory = memory_of(call.out)
        if memory in made and memory not in wanted and not call.draws:
            continue
        wanted.update(memory_of(x) for x in call.arrays)
        wanted.add(memory)
        kept.append(call)
    return kept[::-1]


def _fixed(calls: list[Call], results: list[Array]) -> set[int]:
    """Return the memory of what is the same at every replay: written once, from what is fixed.

    Such as the numbers 0, 1, 2 of `arange`, or the 1 that a backward pass starts from and the 1/n
    that a mean makes of it: they are computed once and lie outside the arena. What the step hands
    out is none of them: whoever gets it may change it.
    """
    writers: dict[int, list[Call]] = {}
    for call in calls:
        if call.kind not in ("view", "empty"):
            writers.setdefault(memory_of(call.out), []).append(call)
    made = {memory_of(c.out) for c in calls if c.kind in ("run", "empty")}
    once = {m: w[0] for m, w in writers.items() if m in made and len(w) == 1}
    handed_out = {memory_of(x) for x in results}
    fixed = {m for m, writer in once.items() if not writer.draws and m not in handed_out}
    while True:
        loose = {
            memory
            for memory in fixed
            if any(memory_of(x) not in fixed for x in once[memory].arrays)
        }
        if not loose:
            return fixed
        fixed -= loose


def _lifetimes(calls: list[Call], results: list[Array], fixed: set[int]) -> dict[int, Lifetime]:
    """Return, by its recorded memory, how long each buffer of the program is needed."""
    lifetimes: dict[int, Lifetime] = {}
    for number, call in enumerate(calls):
        memory = memory_of(call.out)
        if call.kind in ("run", "empty") and call.out.numel() and memory not in fixed:
            size = call.out.untyped_storage().nbytes()
            lifetimes.setdefault(memory, Lifetime(size, number, number))
        for array in (*call.arrays, call.out):
            if memory_of(array) in lifetimes:
                lifetimes[memory_of(array)].last = number
    for array in results:
        if memory_of(array) in lifetimes:
            lifetimes[memory_of(array)].last = len(calls)
    return lifetimes


def _inherited(calls: list[Call], lifetimes: dict[int, Lifetime]) -> dict[int, Lifetime]:
    """Let an elementwise call write over an argument that is not needed afterwards.

    Caches then hold one buffer in place of two; the two are one lifetime from here on.
    """
    for number, call in enumerate(calls):
        new = memory_of(call.out)
        if call.kind != "run" or call.fn not in ELEMENTWISE or new not in lifetimes:
            continue
        for array in call.arrays:
            old = lifetimes.get(memory_of(array))
            if old is not None and old.last == number and _may_inherit(call, array):
                old.last = lifetimes[new].last
                lifetimes[new] = old
                break
    return lifetimes


def _may_inherit(call: Call, array: Array) -> bool:
    """Return whether each element of the result could lie where one of `array` lies.

    All that the call reads of that memory must lie as `array` does: in x · xᵀ, an element would be
    written before it was read for the last time.
    """
    same = [x for x in call.arrays if memory_of(x) == memory_of(array)]
    return all(layout_of(x) == layout_of(call.out) for x in same) and (
        array.untyped_storage().nbytes() == call.out.untyped_storage().nbytes()
    )


# ---- arrays that are joined ----------------------------------------------------------------------


class Joins:
    """Arrays that `cat` or `stack` would copy side by side are computed where they would lie.

    So a step writes most gradients where its optimiser reads them, all in one block.

    Attributes:
        calls: the program's, without such joins.
    """

    def __init__(self, calls: list[Call], kept: set[int]) -> None:
        self._into: dict[int, tuple[Array, int]] = {}  # a piece's memory: the join's result, where
        self._calls, self._kept = calls, kept
        self._made = {memory_of(c.out) for c in calls if c.kind in ("run", "empty")}
        self._written = {memory_of(c.out): i for i, c in enumerate(calls) if c.kind != "view"}
        self._types: dict[int, set[torch.dtype]] = {}
        for call in calls:
            for x in (*call.arrays, call.out):
                self._types.setdefault(memory_of(x), set()).add(x.dtype)
        gone = {number for number, call in enumerate(calls) if self._enter(number, call)}
        self.calls: list[Call] = []
        begun: set[int] = set()
        for number, call in enumerate(calls):
            join, _ = self._into.get(memory_of(call.out), (None, 0))
            if join is not None and memory_of(join) not in begun:
                begun.add(memory_of(join))
                self.calls.append(Call("empty", torch.empty, (), {}, join, call.scope))
            if number in gone:
                self.calls += self._copies(call)
            elif join is None or call.kind != "empty":
                self.calls.append(self._moved(call, "fill" if call.kind == "run" else call.kind))

    def moved(self, x: Array) -> Array:
        """Return where a recorded array lies if it is a piece of a join, else itself."""
        join, start = self._into.get(memory_of(x), (None, 0))
        if join is None:
            return x
        return join.as_strided(x.shape, x.stride(), start + x.storage_offset())

    def _moved(self, call: Call, kind: Kind) -> Call:
        if not any(memory_of(x) in self._into for x in (*call.arrays, call.out)):
            return call
        args, kwargs = replace_arrays((call.args, call.kwargs), self.moved)
        kind = kind if memory_of(call.out) in self._into else call.kind
        return Call(kind, call.fn, args, kwargs, self.moved(call.out), call.scope, call.line)

    def _enter(self, number: int, call: Call) -> bool:
        """Note where the pieces of a join will lie, if most of it can be computed there."""
        memory, out = memory_of(call.out), call.out
        if call.fn not in (torch.cat, torch.stack) or memory in self._kept or not out.numel():
            return False
        axis = call.args[1] if len(call.args) > 1 else 0
        if self._written[memory] != number or math.prod(out.shape[: axis % out.ndim]) != 1:
            return False
        found = {
            memory_of(x): (out, start)
            for x, start in _starts(call)
            if self._can_move(x, number) and start * x.element_size() % ALIGNMENT == 0
        }
        alone = [x for x in call.arrays if memory_of(x) in found]
        if len(alone) > len(found) or 4 * sum(x.numel() for x in alone) < 3 * out.numel():
            return False
        self._into |= found
        return True

    def _can_move(self, x: Array, number: int) -> bool:
        """Return whether x is all of its memory, made here and not written after the join."""
        memory = memory_of(x)
        return (
            memory in self._made - self._kept - self._into.keys()
            and x.is_contiguous()
            and x.untyped_storage().nbytes() == x.numel() * x.element_size()
            and self._written[memory] < number
            and self._types[memory] == {x.dtype}
        )

    def _copies(self, call: Call) -> Iterator[Call]:
        """Yield the calls that copy those pieces of a join which are computed elsewhere."""
        for x, start in _starts(call):
            if x.numel() and memory_of(x) not in self._into:
                place = call.out.as_strided(x.shape, x.stride(), start)
                args = (place, x)
                yield Call("update", torch.Tensor.copy_, args, {}, place, call.scope, call.line)


def _starts(call: Call) -> list[tuple[Array, int]]:
    """Return what a call joins, each with its place in the result, in elements."""
    sizes = [x.numel() for x in call.arrays]
    return list(zip(call.arrays, accumulate(sizes, initial=0), strict=False))


# ---- many replays in a row ----------------------------------------------------------------------


class Scan:
    """A plan's calls for k replays, one after the other, and where these find what differs.

    Attributes:
        given: of each input and each number, (k, ...), from where the replays read it.
        replay: all calls.
        outputs: the step's, each (k, ...).
    """

    def __init__(
        self, plan: Plan, k: int, numbers: list[Array], usual: list[Callable[[], Any]]
    ) -> None:
        given = [*plan.inputs, *numbers]
        own = {memory_of(x): x for x in (*given, *plan.looks.values())}
        self._plan = plan
        # Each as the plan's own, from a multiple of 64 bytes on: products take other ways where
        # rows begin elsewhere.
        self._apart = {m: aligned(x.untyped_storage().nbytes()) for m, x in own.items()}
        self._rooms = {m: torch.zeros(k * n, dtype=torch.uint8) for m, n in self._apart.items()}
        self.given = [self._stacked(x, k) for x in given]
        moved = [[self._moved(call, i) for call in plan.calls] for i in range(k)]
        self.replay = [
            once if new is call else bound(new)
            for calls in moved
            for new, call, once in zip(calls, plan.calls, usual, strict=True)
        ]
        self.outputs = replace_outputs(plan.outputs, lambda x: self._stacked(x, k))

    def _moved(self, call: Call, i: int) -> Call:
        """Return the call with its arrays where they lie at replay i; itself where all stay."""
        new = partial(self._at, i)
        if all(new(x) is x for x in (*call.arrays, call.out)):
            return call
        args, kwargs = replace_arrays((call.args, call.kwargs), new)
        return Call(call.kind, call.fn, args, kwargs, new(call.out), call.scope)

    def _at(self, i: int, array: Array) -> Array:
        """Return where an array lies at replay i."""
        look = self._plan.looks.get(id(array), array)
        room = self._rooms.get(memory_of(look))
        if room is None:
            return array
        apart = self._apart[memory_of(look)] // array.element_size()
        start = i * apart + look.storage_offset()
        return room.view(array.dtype).as_strided(array.shape, array.stride(), start)

    def _stacked(self, array: Array, k: int) -> Array:
        first, second = self._at(0, array), self._at(min(1, k - 1), array)
        apart = second.storage_offset() - first.storage_offset()
        return first.as_strided((k, *array.shape), (apart, *array.stride()))


# ---- where buffers lie --------------------------------------------------------------------------


ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


@dataclass
class Lifetime:
    """From the call that makes a buffer to the last one that uses it, and where it will lie."""

    size: int  # in bytes, as the offset
    first: int  # the calls by their numbers
    last: int
    offset: int = 0  # in the arena, once `place` has run

    def meets(self, other: Lifetime) -> bool:
        """Return whether both are needed at some call."""
        return self.first <= other.last and other.first <= self.last


def place(lifetimes: list[Lifetime]) -> int:
    """Choose an offset for each buffer and return the arena's size in bytes.

    The largest buffer first, each at the lowest place where it meets no other ("greedy by size",
    Pisarchyk & Lee 2020, "Efficient memory management for deep neural net inference", section 4).
    """
    placed: list[Lifetime] = []
    for buffer in sorted(lifetimes, key=lambda b: (-b.size, b.first)):
        offset = 0
        for other in sorted((b for b in placed if b.meets(buffer)), key=lambda b: b.offset):
            if offset + buffer.size <= other.offset:
                break
            offset = max(offset, aligned(other.offset + other.size))
        buffer.offset = offset
        placed.append(buffer)
    return max((aligned(b.offset + b.size) for b in lifetimes), default=0)


def aligned(offset: int) -> int:
    """Return the next multiple of `ALIGNMENT`, both in bytes."""
    return -(-offset // ALIGNMENT) * ALIGNMENT
