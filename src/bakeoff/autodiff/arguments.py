"""Axes, lengths and indices: what a method of a Tensor may be given for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch

from bakeoff.errors import DTypeError, ShapeError


def is_array(x: Any) -> bool:
    """Return whether an argument is a torch tensor or a Tensor."""
    return isinstance(getattr(x, "data", None), torch.Tensor)


def axis_of(name: str, dim: Any, ndim: int) -> int:
    """Return the axis `dim` counted from the front; a tensor without axes counts as with one."""
    try:
        axis = operator.index(dim)
    except TypeError as error:
        raise DTypeError(f"{name}: got axis {dim!r}, expected a whole number") from error
    if not -(ndim or 1) <= axis < (ndim or 1):
        raise ShapeError(f"{name}: got axis {dim}, expected one of {ndim} axes")
    return axis % (ndim or 1)


def axes_of(name: str, dims: Any, ndim: int) -> list[int]:
    """Return one axis or several, counted from the front, each of them once."""
    found = [axis_of(name, dim, ndim) for dim in (dims if isinstance(dims, Sequence) else [dims])]
    if len(set(found)) < len(found):
        raise ShapeError(f"{name}: got axes {tuple(dims)}, expected each of them once")
    return found


def lengths_of(name: str, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the lengths of both `reshape(2, 3)` and `reshape((2, 3))`."""
    lengths = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    try:
        return tuple(map(operator.index, lengths))
    except TypeError as error:
        raise DTypeError(f"{name}: got {lengths!r}, expected whole numbers") from error


def index_part(index: Any) -> Any:
    """Return an index of one axis as an int, a slice, None, ... or an integer array.

    Torch takes more, but copies for it, and no gradient would find its way back from a copy.
    """
    if index is None or index is ... or isinstance(index, slice):
        return index
    if isinstance(index, list):
        try:
            index = torch.tensor(index)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DTypeError(f"index: got {index!r}, expected integers ({error})") from error
    if is_array(index):
        if index.dtype == torch.bool:
            raise DTypeError(
                f"index: got a mask of shape {tuple(index.shape)}, expected integers; write"
                " where(mask, x, 0.0), whose shape does not depend on values"
            )
        return index
    try:
        if not isinstance(index, bool):
            return operator.index(index)
    except TypeError:
        pass
    raise DTypeError(
        f"index: got {type(index).__name__}, expected integers, slices, None, ..., or one integer"
        " tensor or list"
    )


def refused(sign: str, instead: str) -> Callable[..., NoReturn]:
    """Return an operator that a Tensor does not offer."""

    def method(self: Any, *others: Any) -> NoReturn:
        raise DTypeError(f"Tensor: got {sign}, which a Tensor does not offer; {instead}")

    return method
