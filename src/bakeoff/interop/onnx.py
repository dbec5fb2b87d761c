"""A network as an ONNX file, which other tools run: https://onnx.ai."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from bakeoff.errors import BakeoffError, InteropError, MissingExtraError
from bakeoff.interop.files import write_bytes
from bakeoff.interop.from_torch import from_torch
from bakeoff.interop.modes import evaluating
from bakeoff.interop.onnx_nodes import FUNCTIONS, LAYERS, METHODS, OPSET, Nodes
from bakeoff.interop.to_torch import TOLERANCE, ByMode, to_torch
from bakeoff.interop.torch_calls import bound
from bakeoff.interop.torch_graph import is_torchs
from bakeoff.interop.torch_layers import OwnActivation, check_settings
from bakeoff.nn import Module

if TYPE_CHECKING:
    from onnx import ModelProto

IR_VERSION = 10  # of the file's format: what runtimes of the last years read
INPUT, OUTPUT, SAMPLES = "input", "output", "N"


def export_onnx(
    network: Module | torch.nn.Module, path: str | os.PathLike[str], example: torch.Tensor
) -> None:
    """Write a network as an ONNX file that evaluates it, for batches of any size.

    The input is called "input", an output by its name in the network's mapping, or "output". The
    model is checked by onnx's own checker, and run by its reference implementation on a random
    batch, before it is written.

    Args:
        network: ours, drawn, a single round; or any of PyTorch's whose forward torch.fx can read.
            It is left as it is.
        path: the file; its folder is made. It is replaced in one step.
        example: (N, ...), a batch that fits the network; N is at least 1, values do not matter.

    Raises:
        MissingExtraError: if onnx is not installed.
        InteropError: for a layer, operation or setting without a counterpart, which is named; or if
            the model would give something else than the network.
        ModelFileError: if the file cannot be written.
    """
    write_bytes(path, onnx_model(network, example).SerializeToString())


def onnx_model(network: Module | torch.nn.Module, example: torch.Tensor) -> ModelProto:
    """Return what `export_onnx` writes; arguments and errors as there."""
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError(
            "export_onnx: found no onnx, expected it for writing the file; install it with"
            " pip install 'bakeoff[onnx]'"
        ) from error
    name = type(network).__name__
    module = _written_anew(network, example)
    with evaluating(module):
        traced = _traced(module, example)
        written = Nodes(example.dtype)
        outputs = _write(written, traced)
        model = _assembled(onnx, written, example, outputs, name)
        _check(model, traced, example, name)
    return model


def _traced(module: torch.nn.Module, example: torch.Tensor) -> fx.GraphModule:
    """Return a network's graph in evaluation, with the shape of everything for one sample."""
    from torch.fx.passes.shape_prop import ShapeProp

    name = type(module).__name__
    if isinstance(module, ByMode):
        module = module.graphs[False]
    if is_torchs(module):
        module = torch.nn.Sequential(module).eval()
    try:
        traced = fx.GraphModule(module, _Tracer().trace(module))
        with torch.no_grad():
            ShapeProp(traced).propagate(example[:1])
    except Exception as error:  # whatever a user's forward may raise on a stand-in for a tensor
        reason = str(error).strip().partition("\n")[0]
        raise InteropError(
            f"export_onnx: the forward of {name} cannot be read without running it ({reason})"
        ) from error
    return traced


def _written_anew(network: Module | torch.nn.Module, example: torch.Tensor) -> torch.nn.Module:
    """Return the network in the few functions that `to_torch` writes, where that is possible."""
    if isinstance(network, Module):
        return to_torch(network, example)
    try:
        return to_torch(from_torch(network), example)
    except BakeoffError:
        return network


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Stop at layers, ours among them."""
        return is_torchs(m) or isinstance(m, OwnActivation)


def _write(to: Nodes, module: fx.GraphModule) -> dict[str, fx.Node]:
    """Write all nodes of a graph and return its outputs by name."""
    for node in module.graph.nodes:
        if node.op == "placeholder":
            to.values[node] = INPUT
        elif node.op == "get_attr":
            to.values[node] = to.array(_attribute(module, str(node.target)), str(node.target))
        elif node.op == "output":
            (out,) = node.args
            outputs = dict(out) if isinstance(out, Mapping) else {OUTPUT: out}
            if not all(isinstance(value, fx.Node) for value in outputs.values()):
                raise InteropError(
                    f"export_onnx: the network gives {out}, expected a tensor or a mapping of"
                    " tensors"
                )
            return outputs
        else:
            to.values[node] = _written(to, module, node)
    raise InteropError("export_onnx: the network gives nothing")


def _attribute(module: fx.GraphModule, name: str) -> torch.Tensor:
    *path, last = name.split(".")
    found: torch.Tensor = getattr(module.get_submodule(".".join(path)), last)
    return found


def _written(to: Nodes, module: fx.GraphModule, node: fx.Node) -> str:
    name = str(node.target)
    write: Any
    if node.op == "call_module":
        layer = module.get_submodule(name)
        write = LAYERS.get(type(layer))
        if write is None:
            raise InteropError(
                f"export_onnx: layer {name!r}: {type(layer).__name__} has no counterpart in ONNX"
            )
        check_settings(layer, f"export_onnx: layer {name!r}")
        (x,) = node.all_input_nodes
        return str(write(to, layer, name, to.values[x]))
    write = METHODS.get(name) if node.op == "call_method" else FUNCTIONS.get(node.target)
    told = getattr(node.target, "__name__", name)
    if write is None:
        raise InteropError(f"export_onnx: operation {told!r} has no counterpart in ONNX")
    return str(write(*bound(write, (to, *node.args), node.kwargs, f"export_onnx: {told}").args))


def _check(model: ModelProto, traced: fx.GraphModule, example: torch.Tensor, name: str) -> None:
    """Raise an InteropError unless a model is sound and gives what its network gives."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    generator = torch.Generator().manual_seed(0)
    x = torch.randn((2, *example.shape[1:]), generator=generator).to(example.dtype)
    try:
        onnx.checker.check_model(model, full_check=True)
        found = ReferenceEvaluator(model).run(None, {INPUT: x.numpy()})
    except Exception as error:  # of onnx's many kinds
        reason = str(error).strip().partition("\n")[0]
        raise InteropError(
            f"export_onnx: {name} has no counterpart in ONNX that is sound ({reason})"
        ) from error
    with torch.no_grad():
        expected = traced(x)
    outputs = expected.values() if isinstance(expected, Mapping) else [expected]
    for output, values in zip(outputs, found, strict=True):
        other = torch.as_tensor(values)
        if not torch.allclose(output, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            raise InteropError(
                f"export_onnx: {name} would give other outputs as ONNX, expected the same ones;"
                " functions that change a tensor in place may be the cause"
            )


def _assembled(
    onnx: Any, written: Nodes, example: torch.Tensor, outputs: Mapping[str, fx.Node], name: str
) -> ModelProto:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    if example.dtype == torch.float64:
        kind = onnx.TensorProto.DOUBLE
    nodes = [
        helper.make_node(operation, inputs, [out], **attributes)
        for operation, inputs, out, attributes in written.nodes
    ]
    shapes = {}
    for output, node in outputs.items():
        nodes.append(helper.make_node("Identity", [written.values[node]], [output]))
        shapes[output] = tuple(node.meta["tensor_meta"].shape)[1:]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(INPUT, kind, [SAMPLES, *example.shape[1:]])],
        [helper.make_tensor_value_info(o, kind, [SAMPLES, *shape]) for o, shape in shapes.items()],
        [
            onnx.numpy_helper.from_array(array.detach().contiguous().numpy(), array_name)
            for array_name, array in written.arrays.items()
        ],
    )
    model: ModelProto = helper.make_model(
        graph,
        producer_name="bakeoff",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    return model
