"""What an optimiser asks of its parameters, and of a saved state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError


def checked_parameters(name: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    """Return the parameters as a list.

    Raises:
        ArgumentError: for no parameters, or a repeated one.
        DTypeError: for anything but Tensors of one floating-point dtype.
    """
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        raise DTypeError(
            f"{name}: got {type(parameters).__name__}, expected tensors; write"
            " network.parameters(), or a list of tensors"
        )
    found = list(parameters)
    if not found:
        raise ArgumentError(f"{name}: got no parameters, expected at least one")
    for parameter in found:
        if not isinstance(parameter, Tensor):
            raise DTypeError(
                f"{name}: got a {type(parameter).__name__} among the parameters, expected"
                " bakeoff.Tensor; write network.parameters()"
            )
    if len({id(p) for p in found}) < len(found):
        raise ArgumentError(f"{name}: got a parameter twice, expected each once")
    dtypes = sorted({str(p.dtype) for p in found})
    if len(dtypes) > 1 or not found[0].dtype.is_floating_point:
        raise DTypeError(
            f"{name}: got parameters of {', '.join(dtypes)}, expected one floating-point dtype"
        )
    return found


def check_fixed(where: str, own: Mapping[str, Array], state: Mapping[str, Array]) -> None:
    """Raise an ArgumentError unless the numbers of `own` have the same values in `state`."""
    for name, number in own.items():
        if not torch.equal(state[name].to(number.dtype), number):
            raise ArgumentError(
                f"{where}: got {name}={float(state[name]):g}, expected {float(number):g} as this"
                " optimiser was made; make it with the arguments of the saved one"
            )
