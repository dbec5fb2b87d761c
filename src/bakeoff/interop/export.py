"""A network in a file that other tools run: ONNX (https://onnx.ai), or PyTorch's own."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from bakeoff.checks import check_installed
from bakeoff.errors import InteropError
from bakeoff.interop.safetensors import write_bytes
from bakeoff.interop.to_torch import TOLERANCE, to_torch
from bakeoff.interop.torch_layers import evaluating
from bakeoff.nn import Module

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18
INPUT, OUTPUT, SAMPLES = "input", "output", "N"
EXPORTED, CHECKED = 3, 2
"""Samples in the batch that is exported, and in the one that is checked."""


def export_onnx(
    network: Module | torch.nn.Module, path: str | os.PathLike[str], example: torch.Tensor
) -> None:
    """Write a network as an ONNX file that evaluates it, for batches of any size.

    PyTorch's own exporter writes what `to_torch` gives. The input is called "input", an output by
    its name in the network's mapping, or "output". The model is checked by onnx's own checker, and
    run by its reference implementation on random values, before it is written.

    Args:
        network: ours, drawn, a single round; or any of PyTorch's that torch.export can read. It is
            left as it is.
        path: the file; its folder is made. It is replaced in one step.
        example: (N, ...), a batch that fits the network; N is at least 1, values do not matter.

    Raises:
        MissingExtraError: if onnx or onnxscript is not installed.
        InteropError: for a network that cannot be exported, with the reason; or if the model would
            give something else than the network.
        ModelFileError: if the file cannot be written.
    """
    write_bytes(path, onnx_model(network, example).SerializeToString())


def onnx_model(network: Module | torch.nn.Module, example: torch.Tensor) -> ModelProto:
    """Return what `export_onnx` writes; arguments and errors as there."""
    check_installed("export_onnx", "writing the file", "onnx", "onnx", "onnxscript")
    name = type(network).__name__
    module = to_torch(network, example) if isinstance(network, Module) else network
    with evaluating(module), torch.no_grad():
        names = _outputs(module, _batch(example, EXPORTED))
        try:
            with _in_silence():
                program = torch.onnx.export(
                    module,
                    (_batch(example, EXPORTED),),
                    input_names=[INPUT],
                    output_names=names,
                    opset_version=OPSET,
                    dynamic_shapes=({0: SAMPLES},),
                    dynamo=True,
                    verbose=False,
                )
        except Exception as error:  # whatever a forward, torch or a converter may raise
            raise InteropError(
                f"export_onnx: {name} cannot be exported ({_reason(error)})"
            ) from error
        model: ModelProto = program.model_proto  # type: ignore[union-attr]
        _check(model, module, _batch(example, CHECKED), name)
    return model


def _batch(example: torch.Tensor, samples: int) -> torch.Tensor:
    """Return random values in the example's form; of whole numbers, its own over and over."""
    if not example.is_floating_point():
        return example[torch.arange(samples) % len(example)]
    generator = torch.Generator().manual_seed(samples)
    return torch.randn((samples, *example.shape[1:]), generator=generator).to(example.dtype)


def _outputs(module: torch.nn.Module, batch: torch.Tensor) -> list[str]:
    """Return the outputs' names."""
    given = module(batch)
    outputs = given if isinstance(given, Mapping) else {OUTPUT: given}
    if not all(isinstance(out, torch.Tensor) for out in outputs.values()):
        raise InteropError(
            f"export_onnx: {type(module).__name__} gives a {type(given).__name__}, expected a"
            " tensor or a mapping of tensors"
        )
    return [str(name) for name in outputs]


@contextmanager
def _in_silence() -> Iterator[None]:
    """Keep what the exporter says of its own parts, and of packages that it can do without."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """Return the first line of what went wrong in the beginning."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _check(model: ModelProto, module: torch.nn.Module, x: torch.Tensor, name: str) -> None:
    """Raise an InteropError unless a model is sound and gives what its network gives."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    try:
        onnx.checker.check_model(model, full_check=True)
        found = ReferenceEvaluator(model).run(None, {INPUT: x.numpy()})
    except Exception as error:  # of onnx's many kinds
        raise InteropError(
            f"export_onnx: {name} has no counterpart in ONNX that is sound ({_reason(error)})"
        ) from error
    expected = module(x)
    outputs = expected.values() if isinstance(expected, Mapping) else [expected]
    for output, values in zip(outputs, found, strict=True):
        other = torch.as_tensor(values)
        if output.shape != other.shape or not torch.allclose(
            output, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
        ):
            raise InteropError(
                f"export_onnx: {name} would give other outputs as ONNX, expected the same ones; its"
                " steps may depend on the values of a batch or on their number"
            )


# ---- PyTorch's own file -------------------------------------------------------------------------


def export_program(
    network: Module | torch.nn.Module, path: str | os.PathLike[str], example: torch.Tensor
) -> None:
    """Write what a network does in evaluation, with its weights, for batches of any size.

    `torch.export.load(path).module()` gives a module that runs it.

    Args:
        network: ours, drawn, a single round; or any of PyTorch's that torch.export can read. It is
            left as it is.
        path: the file; its folder is made. It is replaced in one step.
        example: (N, ...), a batch that fits the network, N at least 2; values do not matter.

    Raises:
        InteropError: if the network has no counterpart, or torch.export cannot read it.
        ModelFileError: if the file cannot be written.
    """
    module = to_torch(network, example) if isinstance(network, Module) else network
    sizes = ({0: torch.export.Dim(SAMPLES, min=1)},)
    try:
        with evaluating(module):
            program = torch.export.export(module, (example,), dynamic_shapes=sizes)
    except Exception as error:  # whatever a user's forward, or torch.export itself, may raise
        raise InteropError(
            f"export_program: torch.export cannot read {type(network).__name__} ({_reason(error)})"
        ) from error
    content = io.BytesIO()
    torch.export.save(program, content)
    write_bytes(path, content.getvalue())
