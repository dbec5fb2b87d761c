"""A network of ours as a torch.nn.Module: the same layers, weights, outputs and gradients."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import fx
from torch.nn import functional

from bakeoff.autodiff import no_grad
from bakeoff.errors import ArgumentError, InteropError
from bakeoff.interop.layers import check_network
from bakeoff.interop.torch_layers import evaluating, modes_kept, torch_layer
from bakeoff.interop.trace import Batch, Constant, Step, Trace, Value, alike, leaves, trace
from bakeoff.nn import Activation, Module, Sequential

TOLERANCE = 1e-4  # for outputs of about 1, where the two add up in another order


def to_torch(network: Module, example: torch.Tensor | None = None) -> torch.nn.Module:
    """Return the network as PyTorch would hold it, with weights of its own, equal to ours.

    A `Sequential` becomes a `torch.nn.Sequential`. Any other network is run on the example, and
    what it does becomes the `forward` of a `torch.fx.GraphModule`, whose source can be read.
    Parameters keep their names, so that either's `state_dict` loads into the other.

    Args:
        network: drawn, a single round. It is left as it is.
        example: (N, ...) float32, a batch that fits the network, N at least 1; needed unless the
            network is a layer or a Sequential of layers.

    Returns:
        A module that takes (N, ...) and gives what the network gives, in the network's mode.

    Raises:
        InteropError: for a layer or operation without a counterpart, which is named.
        ArgumentError: for rounds in lockstep, weights never drawn, or no example where it is
            needed.
    """
    check_network(network, "to_torch")
    if _is_in_a_row(network):
        return _in_a_row(network, "")
    if example is None:
        raise ArgumentError(
            f"to_torch: {type(network).__name__} has a forward of its own, expected example=, a"
            " batch that fits it"
        )
    return _traced(network, example)


# ---- layers in a row --------------------------------------------------------------------------


def _is_in_a_row(network: Module) -> bool:
    """Tell whether a network is layers and Sequentials alone."""
    inner = [module for _, module in network.named_modules() if type(module) is not Sequential]
    return all(not list(module.named_children()) and _is_ours(module) for module in inner)


def _is_ours(module: Module) -> bool:
    return type(module).__module__.startswith("bakeoff.nn.") or isinstance(module, Activation)


def _in_a_row(
    network: Module, where: str, made: dict[int, torch.nn.Module] | None = None
) -> torch.nn.Module:
    made = {} if made is None else made
    if id(network) not in made:
        if isinstance(network, Sequential):
            children = network.named_children()
            row = [_in_a_row(child, f"{where}{name}.", made) for name, child in children]
            made[id(network)] = torch.nn.Sequential(*row).train(network.training)
        else:
            made[id(network)] = torch_layer(network, where.removesuffix("."))
    return made[id(network)]


# ---- a forward of its own ---------------------------------------------------------------------


def _traced(network: Module, example: torch.Tensor) -> torch.nn.Module:
    traces = traces_of(network, example)
    layers = {name: torch_layer(layer, name) for name, layer in leaves(network).items()}
    state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    kept = {
        name: torch.nn.Parameter(tensor.data.clone()) if tensor.requires_grad else tensor.data
        for name, tensor in state.items()
        if not any(name.startswith(f"{layer}.") for layer in layers)
    }
    training, evaluation = (_graph_module(t, layers, kept) for t in traces)
    made = training if alike(*traces) else ByMode(training, evaluation)
    made.train(network.training)
    _check(network, made, example)
    return made


def traces_of(network: Module, example: torch.Tensor) -> tuple[Trace, Trace]:
    """Return the steps of a network in training and in evaluation; it is left in its mode."""
    with modes_kept(network):
        return trace(network.train(), example), trace(network.eval(), example)


def _graph_module(
    steps: Trace, layers: Mapping[str, torch.nn.Module], kept: Mapping[str, torch.Tensor]
) -> fx.GraphModule:
    """Return the steps as a module that has every layer, those too that no step calls."""
    written = Writer(steps)
    made = fx.GraphModule({}, fx.Graph())
    parts: dict[str, torch.nn.Module | torch.Tensor] = {**layers, **kept}
    for name, part in parts.items():
        _put(made, name, part)
    for name, values in written.constants.items():
        _put(made, name, values, persistent=False)  # no part of the state, as with ours
    made.graph = written.graph
    return made


def _put(
    root: torch.nn.Module,
    name: str,
    part: torch.nn.Module | torch.Tensor,
    *,
    persistent: bool = True,
) -> None:
    """Put a layer, parameter or buffer at its dotted name below a module."""
    *path, last = name.split(".")
    for step in path:
        if not hasattr(root, step):
            root.add_module(step, torch.nn.Module())
        root = getattr(root, step)
    if isinstance(part, torch.nn.Module):
        root.add_module(last, part)
    elif isinstance(part, torch.nn.Parameter):
        root.register_parameter(last, part)
    else:
        root.register_buffer(last, part, persistent=persistent)


class ByMode(torch.nn.Module):
    """Two graphs on the same layers: one for training, one for evaluation."""

    def __init__(self, training: fx.GraphModule, evaluation: fx.GraphModule) -> None:
        super().__init__()
        for name, child in training.named_children():
            self.add_module(name, child)
        self.graphs = (evaluation, training)  # in a tuple, so that no layer has two names

    def forward(self, x: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        """(N, ...) to what the network gives in this mode."""
        out: torch.Tensor | dict[str, torch.Tensor] = self.graphs[self.training](x)
        return out


def _check(network: Module, made: torch.nn.Module, example: torch.Tensor) -> None:
    """Raise unless both give the same on batches that the steps were not written from.

    Large and small numbers, positive and negative ones, and zeros: what a forward may decide by.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((4, *example.shape[1:]), generator=generator).to(example.dtype)
    for batch in (x, -3.0 * x, x.abs() / 16.0, -x.abs(), 1e3 * x[:1], 0.0 * x):
        with evaluating(network), evaluating(made), no_grad(), torch.no_grad():
            ours, theirs = network(batch), made(batch)
        _compare(network, ours, theirs)


def _compare(network: Module, ours: Any, theirs: Any) -> None:
    for name, out in (ours if isinstance(ours, Mapping) else {"": ours}).items():
        other = theirs[name] if isinstance(ours, Mapping) else theirs
        if not torch.allclose(out.data, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            raise InteropError(
                f"to_torch: {type(network).__name__}: its output {name!r} depends on the batch in a"
                " way that the tape does not remember, such as a comparison or a Python number"
            )


# ---- steps as a graph ---------------------------------------------------------------------------


Form = Literal["plain", "turned"]
Written = tuple[Form, fx.Node]
CONSTANTS = "constants"

UNARY: dict[str, Callable[..., Any]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "erf": torch.erf,
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
    """Writes the steps of a trace into a graph; `constants` are unnamed arrays that it reads."""

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
        inputs = list(step.inputs)
        if function in {torch.maximum, torch.minimum}:  # which take no numbers
            inputs = [
                v if isinstance(v, Value | Constant) else Constant("", torch.tensor(float(v)))
                for v in inputs
            ]
        arrays = [v for v in step.inputs if isinstance(v, Value | Constant) and self.shape(v)]
        alike = len({len(self.shape(v)) for v in arrays}) == 1
        if alike and all(isinstance(v, Value) for v in arrays) and any(map(self.is_turned, arrays)):
            turned = [self.turned(v) if v in arrays else self.plain(v) for v in inputs]
            return "turned", self.call(function, *turned)
        return "plain", self.call(function, *map(self.plain, inputs))

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
