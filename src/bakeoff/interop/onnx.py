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
from bakeoff.interop.onnx_nodes import FUNCTIONS, LAYERS, METHODS, OPSET, Nodes
from bakeoff.interop.to_torch import ByMode, to_torch
from bakeoff.interop.torch_graph import is_torchs
from bakeoff.interop.torch_layers import OwnActivation
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
    file is checked by onnx's own checker before it is written.

    Args:
        network: ours, drawn, a single round; or any of PyTorch's whose forward torch.fx can read.
            It is left as it is.
        path: the file; its folder is made. It is replaced in one step.
        example: (N, ...), a batch that fits the network; N is at least 1, values do not matter.

    Raises:
        MissingExtraError: if onnx is not installed.
        InteropError: for a layer or operation without a counterpart, which is named.
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
    traced = _evaluating(network, example)
    written = Nodes(example.dtype)
    outputs = _write(written, traced)
    model = _assembled(onnx, written, example, outputs, type(network).__name__)
    onnx.checker.check_model(model, full_check=True)
    return model


def _evaluating(network: Module | torch.nn.Module, example: torch.Tensor) -> fx.GraphModule:
    """Return a network's graph in evaluation, with the shape of everything for one sample."""
    from torch.fx.passes.shape_prop import ShapeProp

    network = _written_anew(network, example)
    modes = {part: part.training for part in network.modules()}
    module = network.eval()
    if isinstance(module, ByMode):
        module = module.graphs[False].eval()
    if is_torchs(module):
        module = torch.nn.Sequential(module)
    try:
        traced = fx.GraphModule(module, _Tracer().trace(module))
        with torch.no_grad():
            ShapeProp(traced).propagate(example[:1])
    except Exception as error:  # whatever a user's forward may raise on a stand-in for a tensor
        reason = str(error).strip().partition("\n")[0]
        raise InteropError(
            f"export_onnx: the forward of {type(network).__name__} cannot be read without running"
            f" it ({reason})"
        ) from error
    finally:
        for part, mode in modes.items():
            part.training = mode
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
            return dict(out) if isinstance(out, Mapping) else {OUTPUT: out}
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
        (x,) = node.all_input_nodes
        return str(write(to, layer, name, to.values[x]))
    write = METHODS.get(name) if node.op == "call_method" else FUNCTIONS.get(node.target)
    if write is None:
        told = getattr(node.target, "__name__", name)
        raise InteropError(f"export_onnx: operation {told!r} has no counterpart in ONNX")
    return str(write(to, *node.args, **node.kwargs))


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
