"""A network as a file of PyTorch's own, which needs no class and no bakeoff to be run again."""

from __future__ import annotations

import io
import os

import torch

from bakeoff.errors import InteropError
from bakeoff.interop.files import write_bytes
from bakeoff.interop.modes import evaluating
from bakeoff.interop.to_torch import to_torch
from bakeoff.nn import Module

SAMPLES = "N"


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
        reason = str(error).strip().partition("\n")[0]
        raise InteropError(
            f"export_program: torch.export cannot read {type(network).__name__} ({reason})"
        ) from error
    content = io.BytesIO()
    torch.export.save(program, content)
    write_bytes(path, content.getvalue())
