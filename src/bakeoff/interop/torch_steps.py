"""The steps of one of our networks, written as a graph of PyTorch's operations.

Ours run batch-last, PyTorch's layers N-first. So a value may be needed in two forms: *plain*, with
its axes as ours has them, and *turned*, the last axis moved to the front. A step that leaves the
batch's axis alone is written on turned values; any other one on plain values. A value is turned
only where the form at hand is not the one that is needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import fx
from torch.nn import functional

from bakeoff.errors import InteropError
from bakeoff.interop.trace import Batch, Constant, Step, Trace, Value

Form = Literal["plain", "turned"]
Written = tuple[Form, fx.Node]
CONSTANTS = "constants"

UNARY: dict[str, Callable[..., Any]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "abs": torch.abs,
    "neg": torch.neg,
    "softplus": functional.softplus,
    "leaky_relu": functional.leaky_relu,
    "clamp": torch.clamp,
    "pow": torch.pow,
}
BINARY: dict[str, Callable[..., Any]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}
ALONG: dict[str, Callable[..., Any]] = {
    "sum": torch.sum,
    "mean": torch.mean,
    "var": torch.var,
    "logsumexp": torch.logsumexp,
    "softmax": torch.softmax,
    "log_softmax": torch.log_softmax,
}


class Writer:
    """Writes the steps of a trace into a graph.

    Args:
        trace: the steps.

    Attributes:
        graph: what is written.
        constants: arrays that the graph reads and that have no name of their own.

    Raises:
        InteropError: for an operation without a counterpart, which is named.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.graph = fx.Graph()
        self.constants: dict[str, torch.Tensor] = {}
        self.forms: dict[int, dict[Form, fx.Node]] = {-1: {"turned": self.graph.placeholder("x")}}
        for number, step in enumerate(trace.steps):
            form, node = self._written(step)
            self.forms[number] = {form: node}
        outputs = trace.outputs
        if isinstance(outputs, Mapping):
            self.graph.output({name: self.turned(value) for name, value in outputs.items()})
        else:
            self.graph.output(self.turned(outputs))

    # ---- values ---------------------------------------------------------------------------------

    def shape(self, value: Any) -> tuple[int | Batch, ...]:
        """Return the batch-last shape of a value or constant."""
        if isinstance(value, Value):
            at = value.step
            return self.trace.input_shape if at < 0 else self.trace.steps[at].shape
        return tuple(value.values.shape)

    def is_turned(self, value: Any) -> bool:
        """Tell whether a value stands N-first already."""
        return isinstance(value, Value) and "turned" in self.forms[value.step]

    def plain(self, value: Any) -> Any:
        """Return the node of a value batch-last, of a constant or of a number."""
        return self._formed(value, "plain", (0, -1))

    def turned(self, value: Any) -> Any:
        """Return the node of a value N-first, or of a number."""
        return self._formed(value, "turned", (-1, 0))

    def _formed(self, value: Any, form: Form, move: tuple[int, int]) -> Any:
        if isinstance(value, Constant):
            if form == "turned":
                raise InteropError("to_torch: a layer reads an array that is no part of the batch")
            return self._constant(value)
        if not isinstance(value, Value):
            return self.length(value)
        forms = self.forms[value.step]
        if form not in forms:
            (other,) = forms.values()
            few = len(self.shape(value)) < 2
            forms[form] = other if few else self.call_method("movedim", other, *move)
        return forms[form]

    def _constant(self, constant: Constant) -> fx.Node:
        name = constant.name
        if not name:
            name = f"{CONSTANTS}.c{len(self.constants)}"
            self.constants[name] = constant.values
        return self.graph.get_attr(name)

    def length(self, number: Any) -> Any:
        """Return a number, or what computes a multiple of the number of samples."""
        if not isinstance(number, Batch):
            return number
        samples = self.call_method("size", self.turned(Value(-1)), 0)
        return samples if number.times == 1 else self.call(operator.mul, samples, number.times)

    # ---- writing --------------------------------------------------------------------------------

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> fx.Node:
        """Write the call of a function."""
        return self.graph.call_function(function, args, kwargs)

    def call_method(self, name: str, *args: Any) -> fx.Node:
        """Write the call of a tensor's method."""
        return self.graph.call_method(name, args)

    def _written(self, step: Step) -> Written:
        first = step.inputs[0]
        name = step.operation
        if name == "layer":
            return "turned", self.graph.call_module(step.params["layer"], (self.turned(first),))
        if name in UNARY:
            form: Form = "turned" if self.is_turned(first) else "plain"
            args = (self._formed(first, form, (0, 0)), *step.inputs[1:])
            return form, self.call(UNARY[name], *args, **step.params)
        if name in BINARY:
            return self._binary(BINARY[name], step)
        if name in ALONG:
            return self._along(ALONG[name], step)
        if name in OTHERS:
            return OTHERS[name](self, step)
        raise InteropError(f"to_torch: operation {name!r} has no counterpart in PyTorch's graph")

    def _binary(self, function: Callable[..., Any], step: Step) -> Written:
        arrays = [v for v in step.inputs if isinstance(v, Value | Constant) and self.shape(v)]
        if function in {torch.maximum, torch.minimum}:
            step_inputs = [
                v if isinstance(v, Value | Constant) else Constant("", torch.tensor(float(v)))
                for v in step.inputs
            ]
        else:
            step_inputs = list(step.inputs)
        alike = len({len(self.shape(v)) for v in arrays}) == 1
        turned = alike and all(isinstance(v, Value) for v in arrays)
        turned = turned and any(map(self.is_turned, arrays))
        nodes = [
            self.turned(v) if turned and any(v is a for a in arrays) else self.plain(v)
            for v in step_inputs
        ]
        return "turned" if turned else "plain", self.call(function, *nodes)

    def _along(self, function: Callable[..., Any], step: Step) -> Written:
        (x,) = step.inputs
        params = dict(step.params)
        axes, dim = len(self.shape(x)), params.pop("dim", None)
        dims = range(axes) if dim is None else (dim,) if isinstance(dim, int) else dim
        wanted = [d % axes for d in dims]
        turned = self.batched(x) and axes - 1 not in wanted
        if turned:
            wanted = [d + 1 for d in wanted]
        one = function in {torch.softmax, torch.log_softmax}
        node = self.turned(x) if turned else self.plain(x)
        written = self.call(function, node, dim=wanted[0] if one else wanted, **params)
        return "turned" if turned else "plain", written

    def batched(self, value: Any) -> bool:
        """Tell whether a value's last axis is a multiple of the batch."""
        shape = self.shape(value)
        return isinstance(value, Value) and bool(shape) and isinstance(shape[-1], Batch)


# ---- operations that move elements ------------------------------------------------------------


def _reshape(to: Writer, step: Step) -> Written:
    (x,) = step.inputs
    shape, before = step.shape, to.shape(x)
    if to.batched(x) and shape and shape[-1] == before[-1]:
        node = to.turned(x)
        if len(shape) == 2 and len(before) > 2:
            return "turned", to.call(torch.flatten, node, 1)
        return "turned", to.call_method("reshape", node, -1, *shape[:-1])
    lengths = [-1 if isinstance(n, Batch) else n for n in shape]
    return "plain", to.call_method("reshape", to.plain(x), *lengths)


def _permute(to: Writer, step: Step) -> Written:
    (x,) = step.inputs
    axes = len(to.shape(x))
    dims = [d % axes for d in step.params["dims"]]
    if dims and dims[-1] == axes - 1 and to.is_turned(x):
        return "turned", to.call_method("permute", to.turned(x), 0, *(d + 1 for d in dims[:-1]))
    return "plain", to.call_method("permute", to.plain(x), *dims)


def _expand(to: Writer, step: Step) -> Written:
    (x,) = step.inputs
    return "plain", to.call_method("expand", to.plain(x), *(to.length(n) for n in step.shape))


def _slice(to: Writer, step: Step) -> Written:
    (x,) = step.inputs
    index, axes = list(step.params["index"]), len(to.shape(x))
    if ... in index:
        at, taken = index.index(...), sum(i is not None and i is not ... for i in index)
        index[at : at + 1] = [slice(None)] * (axes - taken)
    chosen = sum(i is not None for i in index)
    index += [slice(None)] * (axes - chosen)
    lengths = [
        slice(to.length(i.start), to.length(i.stop), to.length(i.step))
        if isinstance(i, slice)
        else i
        for i in index
    ]
    if lengths[-1] == slice(None) and to.is_turned(x):
        turned = (slice(None), *lengths[:-1])
        return "turned", to.call(operator.getitem, to.turned(x), turned)
    return "plain", to.call(operator.getitem, to.plain(x), tuple(lengths))


def _joined(function: Callable[..., Any]) -> Callable[[Writer, Step], Written]:
    def write(to: Writer, step: Step) -> Written:
        axes = len(step.shape)
        dim = step.params.get("dim", 0) % axes
        if dim != axes - 1 and all(map(to.batched, step.inputs)):
            return "turned", to.call(function, [to.turned(v) for v in step.inputs], dim + 1)
        return "plain", to.call(function, [to.plain(v) for v in step.inputs], dim)

    return write


def _index_select(to: Writer, step: Step) -> Written:
    x, index = step.inputs
    axes = len(to.shape(x))
    dim = step.params["dim"] % axes
    if dim != axes - 1 and to.batched(x):
        return "turned", to.call(torch.index_select, to.turned(x), dim + 1, to.plain(index))
    return "plain", to.call(torch.index_select, to.plain(x), dim, to.plain(index))


def _affine(to: Writer, step: Step) -> Written:
    weight, x, bias = map(to.plain, step.inputs)
    product = to.call(torch.matmul, weight, x)
    return "plain", to.call(torch.add, product, to.call_method("unsqueeze", bias, -1))


def _pad(to: Writer, step: Step) -> Written:
    (x,) = step.inputs
    value = step.params.get("value") or 0.0
    return "plain", to.call(functional.pad, to.plain(x), list(step.params["pad"]), value=value)


def _max_pool2d(to: Writer, step: Step) -> Written:
    node, params = to.turned(step.inputs[0]), step.params
    return "turned", to.call(functional.max_pool2d, node, params["size"], params["stride"])


def _same(to: Writer, step: Step) -> Written:
    (x,) = step.inputs
    return ("turned", to.turned(x)) if to.is_turned(x) else ("plain", to.plain(x))


OTHERS: dict[str, Callable[[Writer, Step], Written]] = {
    "reshape": _reshape,
    "permute": _permute,
    "expand": _expand,
    "slice": _slice,
    "concat": _joined(torch.cat),
    "stack": _joined(torch.stack),
    "index_select": _index_select,
    "matmul": lambda to, step: ("plain", to.call(torch.matmul, *map(to.plain, step.inputs))),
    "affine": _affine,
    "pad": _pad,
    "max_pool": _max_pool2d,
    "alias": _same,
    "contiguous": _same,
}
