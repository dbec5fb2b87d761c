"""What an optimiser asks of its parameters, and of a saved state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError, nearest


def checked_parameters(name: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    """Return the parameters as a list.

    Raises:
        ArgumentError: for no parameters, or a repeated one.
        DTypeError: for anything but Tensors of one floating-point dtype.
    """
    if not isinstance(parameters, Iterable):
        raise DTypeError(
            f"{name}: got {type(parameters).__name__}, expected tensors; write network.parameters()"
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


def check_state(
    name: str, own: Mapping[str, Array], state: Mapping[str, Array], fixed: Iterable[str]
) -> None:
    """Raise a named error unless `state` fits an optimiser whose state is `own`.

    Args:
        name: of the method, for the message.
        own: the optimiser's own state.
        state: the one to be taken over.
        fixed: the names whose values must be equal.

    Raises:
        ArgumentError: for missing or unknown names, or another value of a fixed number.
        ShapeError: for an array of another shape.
        DTypeError: for a value that is not a torch tensor.
    """
    missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if missing or unknown:
        hint = nearest(unknown[0], missing) if unknown and missing else ""
        raise ArgumentError(
            f"{name}: missing {missing}, unknown {unknown}{hint}; the state must come from an"
            " optimiser of the same class and arguments"
        )
    for key, array in own.items():
        got = state[key]
        if not isinstance(got, torch.Tensor):
            raise DTypeError(f"{name}: {key}: got {type(got).__name__}, expected a torch tensor")
        if got.shape != array.shape:
            raise ShapeError(
                f"{name}: {key}: got shape {tuple(got.shape)}, expected {tuple(array.shape)}; the"
                " state must come from an optimiser of the same parameters"
            )
    for key in fixed:
        if not torch.equal(state[key].to(own[key].dtype), own[key]):
            raise ArgumentError(
                f"{name}: got {key}={float(state[key]):g}, expected {float(own[key]):g} as this"
                " optimiser was made; make it with the arguments of the saved one"
            )
