"""A plan as people read it: one call a line, with its shape, layer, bytes and FLOPs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bakeoff.autodiff.call import Call
from bakeoff.autodiff.kernels import Array
from bakeoff.tables import Table

if TYPE_CHECKING:
    from bakeoff.autodiff.plan import Plan

# Calls that only move elements: no floating-point operation.
_MOVES = frozenset(
    {"copy_", "zero_", "fill_", "cat", "stack", "index_select", "gather", "scatter_", "arange"}
)
# In-place methods that do not read what they change.
_WRITES = frozenset({"copy_", "zero_", "fill_", "uniform_", "normal_", "bernoulli_"})


def flops(call: Call) -> int:
    """Return the floating-point operations of a call, a multiplication and an addition being two.

    Products of two matrices count 2·m·n·k. All others, elementwise calls, reductions and the sums
    that are written as a product with ones, count one an element read or written, whichever is
    more; so exp counts as one.
    """
    if call.name in ("mm", "bmm", "addmm", "baddbmm"):
        left = call.arrays[-2]
        return 2 * call.out.numel() * left.shape[-1]
    if call.name in _MOVES:
        return 0
    return max([call.out.numel(), *(x.numel() for x in call.arrays)])


def moved_bytes(call: Call) -> int:
    """Return the bytes that a call reads, each array once, and those of the result."""
    read = {(x.data_ptr(), x.shape, x.stride()): x for x in call.arrays}
    arrays = [*read.values(), *([] if call.kind == "update" else [call.out])]
    return sum(x.numel() * x.element_size() for x in arrays)


def total_flops(plan: Plan) -> int:
    """Return the floating-point operations of one replay."""
    return sum(flops(call) for call in plan.calls)


def listing(plan: Plan) -> str:
    """Return the plan as text: a heading, one line a call, and the totals.

    The columns: the call's number, the kernel, the shapes that it reads and the one that it
    writes, floating-point operations, bytes read and written, and the layer whose forward or
    derivative rule it is, or the optimiser.
    """
    rows = [
        (
            str(i),
            call.name,
            _shapes(call),
            _shape(call.out),
            flops(call),
            moved_bytes(call),
            plan.names.get(id(call.scope), ""),
        )
        for i, call in enumerate(plan.calls)
    ]
    header = ("", "kernel", "reads", "writes", "FLOPs", "bytes", "layer")
    lines = [Table.of(header, rows, right=(0, 4, 5)).text()]
    moved = sum(moved_bytes(call) for call in plan.calls)
    lines.append(
        f"{len(plan.calls)} calls, {total_flops(plan):,} FLOPs, {moved:,} bytes moved,"
        f" {plan.buffer_bytes:,} bytes of buffers"
    )
    return "\n".join(lines)


def _shapes(call: Call) -> str:
    """Return the shapes of up to three arrays among the arguments, and how many more there are.

    The target of a change in place is not among them if the call only writes to it.
    """
    read = [x for x in call.arrays if call.name not in _WRITES or x is not call.out]
    more = f" and {len(read) - 3} more" if len(read) > 3 else ""
    return ", ".join(_shape(x) for x in read[:3]) + more


def _shape(array: Array) -> str:
    return "×".join(str(n) for n in array.shape) or "1"


def module_names(owners: Iterable[object]) -> dict[int, str]:
    """Return by its id what to call each module: its place in the network that ran, and its class.

    The owners come in the order in which they ran, so a network comes before its layers.
    """
    names: dict[int, str] = {}
    for owner in owners:
        names.setdefault(id(owner), type(owner).__name__)
        for name, inner in getattr(owner, "named_modules", lambda: [])():
            if name:
                names.setdefault(id(inner), f"{name} {type(inner).__name__}")
    return names
