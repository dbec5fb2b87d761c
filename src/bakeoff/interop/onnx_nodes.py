"""PyTorch's layers and functions as nodes of ONNX, for evaluation.

https://onnx.ai/onnx/operators/ defines them; opset 18. What is called here is what `to_torch`
writes, and what `torch.fx` reads of a user's module.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from bakeoff.errors import InteropError

OPSET = 18


class Nodes:
    """The nodes of a graph in ONNX, written one after the other.

    Attributes:
        nodes: (operator, inputs, output, attributes).
        arrays: constants by name.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.nodes: list[tuple[str, list[str], str, dict[str, Any]]] = []
        self.arrays: dict[str, torch.Tensor] = {}
        self.values: dict[fx.Node, str] = {}
        self._taken: dict[str, int] = {}

    def new(self, hint: str) -> str:
        """Return a name that no value has, like the hint."""
        number = self._taken[hint] = self._taken.get(hint, 0) + 1
        return f"{hint}:{number}"

    def put(self, kind: str, inputs: Sequence[str], hint: str = "", **attributes: Any) -> str:
        """Write a node and return the name of its output."""
        out = self.new(hint or kind.lower())
        self.nodes.append((kind, list(inputs), out, attributes))
        return out

    def array(self, values: torch.Tensor, name: str = "") -> str:
        """Return the name of a constant."""
        name = name or self.new("constant")
        self.arrays[name] = values
        return name

    def whole(self, numbers: Any) -> str:
        """Return the name of a constant of whole numbers."""
        return self.array(torch.tensor(numbers, dtype=torch.int64))

    def of(self, value: Any) -> str:
        """Return the name of a tensor, or of a number as a constant."""
        if isinstance(value, fx.Node):
            return self.values[value]
        if isinstance(value, torch.Tensor):
            return self.array(value)
        return self.array(torch.tensor(value, dtype=self.dtype))

    def length(self, value: Any) -> str:
        """Return the name of one whole number with one axis: a constant, or what computes it."""
        if isinstance(value, fx.Node):
            return self.put("Reshape", [self.values[value], self.whole([1])])
        return self.whole([value])

    def transposed(self, value: Any, order: Sequence[int]) -> str:
        """Return the name of a tensor with its axes in another order."""
        if list(order) == list(range(len(order))):
            return self.of(value)
        return self.put("Transpose", [self.of(value)], perm=list(order))


def axes_of(value: Any) -> int:
    """Return how many axes a node's result has."""
    return len(shape_of(value))


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of a node's result, for the batch that it was tried with."""
    return tuple(value.meta["tensor_meta"].shape)


# ---- layers -----------------------------------------------------------------------------------


def _linear(to: Nodes, layer: nn.Linear, name: str, x: str) -> str:
    inputs = [x, to.array(layer.weight, f"{name}.weight")]
    if layer.bias is not None:
        inputs.append(to.array(layer.bias, f"{name}.bias"))
    return to.put("Gemm", inputs, name, transB=1)


def _conv2d(to: Nodes, layer: nn.Conv2d, name: str, x: str) -> str:
    inputs = [x, to.array(layer.weight, f"{name}.weight")]
    if layer.bias is not None:
        inputs.append(to.array(layer.bias, f"{name}.bias"))
    attributes = _window(layer.kernel_size, layer.stride, layer.padding)
    return to.put("Conv", inputs, name, **attributes)


def _window(kernel: Any, stride: Any, padding: Any) -> dict[str, Any]:
    (kh, kw), (sh, sw), (ph, pw) = (
        (n, n) if isinstance(n, int) else tuple(n) for n in (kernel, stride, padding)
    )
    return {"kernel_shape": [kh, kw], "strides": [sh, sw], "pads": [ph, pw, ph, pw]}


def _max_pool2d(to: Nodes, layer: nn.MaxPool2d, name: str, x: str) -> str:
    return to.put("MaxPool", [x], name, **_window(layer.kernel_size, layer.stride, layer.padding))


def _avg_pool2d(to: Nodes, layer: nn.AvgPool2d, name: str, x: str) -> str:
    window = _window(layer.kernel_size, layer.stride, layer.padding)
    return to.put("AveragePool", [x], name, count_include_pad=1, **window)


def _batch_norm(to: Nodes, layer: nn.BatchNorm2d, name: str, x: str) -> str:
    mean, var = layer.running_mean, layer.running_var
    if mean is None or var is None:
        raise InteropError(f"export_onnx: layer {name!r}: keeps no running statistics")
    weight = torch.ones_like(mean) if layer.weight is None else layer.weight
    bias = torch.zeros_like(mean) if layer.bias is None else layer.bias
    parts = {"weight": weight, "bias": bias, "running_mean": mean, "running_var": var}
    inputs = [to.array(tensor, f"{name}.{part}") for part, tensor in parts.items()]
    return to.put("BatchNormalization", [x, *inputs], name, epsilon=layer.eps)


def _simple(kind: str, **attributes: str) -> Callable[..., str]:
    """Return what writes a node of one input; attributes are read from the layer's."""

    def write(to: Nodes, layer: nn.Module, name: str, x: str) -> str:
        return to.put(kind, [x], name, **{k: getattr(layer, v) for k, v in attributes.items()})

    return write


LAYERS: dict[type[nn.Module], Callable[..., str]] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv2d,
    nn.MaxPool2d: _max_pool2d,
    nn.AvgPool2d: _avg_pool2d,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Dropout: lambda to, layer, name, x: x,
    nn.Identity: lambda to, layer, name, x: x,
    nn.Flatten: _simple("Flatten", axis="start_dim"),
    nn.ReLU: _simple("Relu"),
    nn.LeakyReLU: _simple("LeakyRelu", alpha="negative_slope"),
    nn.Tanh: _simple("Tanh"),
    nn.Sigmoid: _simple("Sigmoid"),
    nn.Softmax: _simple("Softmax", axis="dim"),
    nn.LogSoftmax: _simple("LogSoftmax", axis="dim"),
}


# ---- functions --------------------------------------------------------------------------------


def _one(kind: str) -> Callable[..., str]:
    return lambda to, x, inplace=False: to.put(kind, [to.of(x)])


def _two(kind: str) -> Callable[..., str]:
    def write(to: Nodes, a: Any, b: Any) -> str:
        if all(isinstance(v, fx.Node) and "tensor_meta" not in v.meta for v in (a, b)):
            raise InteropError("export_onnx: arithmetic of lengths has no counterpart")
        if isinstance(a, fx.Node) and "tensor_meta" not in a.meta:
            return to.put(kind, [to.of(a), to.whole(b)])  # a multiple of the number of samples
        return to.put(kind, [to.of(a), to.of(b)])

    return write


def _along(kind: str) -> Callable[..., str]:
    def write(to: Nodes, x: Any, dim: Any = None, keepdim: bool = False) -> str:
        axes = list(range(axes_of(x))) if dim is None else [dim] if isinstance(dim, int) else dim
        return to.put(kind, [to.of(x), to.whole(list(axes))], keepdims=int(keepdim))

    return write


def _softened(kind: str) -> Callable[..., str]:
    return lambda to, x, dim: to.put(kind, [to.of(x)], axis=dim)


def _reshape(to: Nodes, x: Any, *shape: Any) -> str:
    lengths = list(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)
    if lengths == [-1] or all(isinstance(n, int) for n in lengths):
        return to.put("Reshape", [to.of(x), to.whole(lengths)])
    whole = to.put("Concat", [to.length(n) for n in lengths], axis=0)
    return to.put("Reshape", [to.of(x), whole])


def _flatten(to: Nodes, x: Any, start_dim: int = 0, end_dim: int = -1) -> str:
    if (start_dim, end_dim) not in {(1, -1), (1, axes_of(x) - 1)}:
        raise InteropError(f"export_onnx: flatten from axis {start_dim}, expected from axis 1")
    return to.put("Flatten", [to.of(x)], axis=1)


def _permute(to: Nodes, x: Any, *dims: Any) -> str:
    order = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return to.transposed(x, [d % axes_of(x) for d in order])


def _movedim(to: Nodes, x: Any, source: int, destination: int) -> str:
    order = list(range(axes_of(x)))
    order.insert(destination % len(order), order.pop(source))
    return to.transposed(x, order)


def _transpose(to: Nodes, x: Any, a: int, b: int) -> str:
    order = list(range(axes_of(x)))
    order[a], order[b] = order[b], order[a]
    return to.transposed(x, order)


def _size(to: Nodes, x: Any, dim: int) -> str:
    lengths = to.put("Shape", [to.of(x)])
    return to.put("Gather", [lengths, to.whole(dim)], axis=0)


def _unsqueeze(to: Nodes, x: Any, dim: int) -> str:
    return to.put("Unsqueeze", [to.of(x), to.whole([dim])])


def _squeeze(to: Nodes, x: Any, dim: int) -> str:
    return to.put("Squeeze", [to.of(x), to.whole([dim])])


def _cat(to: Nodes, tensors: Sequence[Any], dim: int = 0) -> str:
    return to.put("Concat", [to.of(x) for x in tensors], axis=dim)


def _stack(to: Nodes, tensors: Sequence[Any], dim: int = 0) -> str:
    return to.put("Concat", [_unsqueeze(to, x, dim) for x in tensors], axis=dim)


def _index_select(to: Nodes, x: Any, dim: int, index: Any) -> str:
    return to.put("Gather", [to.of(x), to.of(index)], axis=dim)


def _clamp(to: Nodes, x: Any, min: Any = None, max: Any = None) -> str:
    ends = ["" if end is None else to.of(end) for end in (min, max)]
    return to.put("Clip", [to.of(x), *ends])


def _pad(to: Nodes, x: Any, pad: Sequence[int], value: Any = 0.0) -> str:
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    pairs = [(0, 0)] * (axes_of(x) - len(pairs)) + pairs
    ends = [before for before, _ in pairs] + [after for _, after in pairs]
    return to.put("Pad", [to.of(x), to.whole(ends), to.of(float(value or 0.0))])


def _pooled(kind: str, **attributes: Any) -> Callable[..., str]:
    def write(to: Nodes, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> str:
        window = attributes | _window(kernel_size, stride or kernel_size, padding)
        return to.put(kind, [to.of(x)], **window)

    return write


def _getitem(to: Nodes, x: Any, index: Any) -> str:
    """Slices, then integers, which take their axes away."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if ... in parts:
        at = parts.index(...)
        parts[at : at + 1] = [slice(None)] * (axes_of(x) - len(parts) + 1)
    out = to.of(x)
    for axis, part in enumerate(parts):
        if isinstance(part, slice) and part != slice(None):
            start, stop = part.start or 0, torch.iinfo(torch.int64).max
            ends = [to.length(start), to.length(stop if part.stop is None else part.stop)]
            steps = to.whole([part.step or 1])
            out = to.put("Slice", [out, *ends, to.whole([axis]), steps])
    for axis in reversed(range(len(parts))):
        if isinstance(parts[axis], int):
            out = to.put("Gather", [out, to.whole(parts[axis])], axis=axis)
        elif not isinstance(parts[axis], slice):
            raise InteropError(f"export_onnx: an index {parts[axis]!r}, expected slices")
    return out


FUNCTIONS: dict[Any, Callable[..., str]] = {
    **{
        getattr(torch, name): _one(kind)
        for name, kind in {
            "relu": "Relu",
            "tanh": "Tanh",
            "sigmoid": "Sigmoid",
            "exp": "Exp",
            "log": "Log",
            "sqrt": "Sqrt",
            "abs": "Abs",
            "neg": "Neg",
        }.items()
    },
    functional.relu: _one("Relu"),
    functional.softplus: lambda to, x: to.put("Softplus", [to.of(x)]),
    functional.leaky_relu: lambda to, x, negative_slope=0.01, inplace=False: to.put(
        "LeakyRelu", [to.of(x)], alpha=negative_slope
    ),
    torch.square: lambda to, x: to.put("Mul", [to.of(x), to.of(x)]),
    torch.pow: _two("Pow"),
    torch.clamp: _clamp,
    torch.add: _two("Add"),
    torch.sub: _two("Sub"),
    torch.mul: _two("Mul"),
    torch.div: _two("Div"),
    operator.add: _two("Add"),
    operator.iadd: _two("Add"),
    operator.sub: _two("Sub"),
    operator.mul: _two("Mul"),
    operator.truediv: _two("Div"),
    operator.pow: _two("Pow"),
    operator.neg: _one("Neg"),
    torch.maximum: _two("Max"),
    torch.minimum: _two("Min"),
    torch.matmul: _two("MatMul"),
    torch.sum: _along("ReduceSum"),
    torch.mean: _along("ReduceMean"),
    torch.logsumexp: _along("ReduceLogSumExp"),
    torch.softmax: _softened("Softmax"),
    torch.log_softmax: _softened("LogSoftmax"),
    functional.softmax: _softened("Softmax"),
    functional.log_softmax: _softened("LogSoftmax"),
    torch.flatten: _flatten,
    torch.reshape: _reshape,
    torch.permute: _permute,
    torch.transpose: _transpose,
    torch.movedim: _movedim,
    torch.unsqueeze: _unsqueeze,
    torch.squeeze: _squeeze,
    torch.cat: _cat,
    torch.stack: _stack,
    torch.index_select: _index_select,
    functional.pad: _pad,
    functional.max_pool2d: _pooled("MaxPool"),
    functional.avg_pool2d: _pooled("AveragePool", count_include_pad=1),
    operator.getitem: _getitem,
}
OWN: dict[str, Callable[..., str]] = {
    "reshape": _reshape,
    "view": _reshape,
    "size": _size,
    "contiguous": lambda to, x: to.of(x),
}
METHODS: dict[str, Callable[..., str]] = OWN | {
    str(function.__name__): write
    for function, write in FUNCTIONS.items()
    if getattr(torch.Tensor, getattr(function, "__name__", ""), None) is not None
}
