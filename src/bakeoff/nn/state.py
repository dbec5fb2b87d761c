"""Whether a saved state fits what it is to be loaded into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from bakeoff.errors import ArgumentError, DTypeError, ShapeError, nearest


def check_names(where: str, own: Mapping[str, Any], state: Mapping[str, Any], origin: str) -> None:
    """Raise an ArgumentError unless `state` has the names of `own`.

    Args:
        where: the method, for the message.
        own: the state as it is.
        state: the one to be taken over.
        origin: what a fitting state comes from, for the message.
    """
    missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if missing or unknown:
        hint = nearest(unknown[0], missing) if unknown and missing else ""
        raise ArgumentError(
            f"{where}: missing {missing}, unknown {unknown}{hint}; the state must come from"
            f" {origin}"
        )


def check_state(
    where: str, own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], origin: str
) -> None:
    """Raise a named error unless `state` has the names and shapes of `own`.

    Arguments as in `check_names`.

    Raises:
        ArgumentError: for missing or unknown names.
        ShapeError: for a tensor of another shape.
        DTypeError: for a value that is not a torch tensor, or complex.
    """
    check_names(where, own, state, origin)
    for name, tensor in own.items():
        got = state[name]
        if not isinstance(got, torch.Tensor) or got.is_complex():
            what = got.dtype if isinstance(got, torch.Tensor) else type(got).__name__
            raise DTypeError(
                f"{where}: {name}: got {what}, expected a torch tensor of real numbers"
            )
        if got.shape != tensor.shape:
            raise ShapeError(
                f"{where}: {name}: got shape {tuple(got.shape)}, expected {tuple(tensor.shape)};"
                f" the state must come from {origin}"
            )
