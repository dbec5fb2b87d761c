"""Axes, lengths, indices, gradients: what a method of a Tensor may be given for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch

from bakeoff.errors import DTypeError, GraphError, ShapeError


def is_array(x: Any) -> bool:
    """Return whether an argument is a torch tensor or a Tensor."""
    return isinstance(getattr(x, "data", None), torch.Tensor)


def array_of(data: Any) -> torch.Tensor:
    """Return a number or nested lists of numbers as an array."""
    try:
        return torch.tensor(data)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DTypeError(
            f"Tensor: got {type(data).__name__}, expected a torch tensor, a number or nested lists"
            f" of numbers ({error})"
        ) from error


def dtype_error(dtype: torch.dtype) -> DTypeError:
    """Return the error of a Tensor of complex numbers, or of one whose gradient makes no sense."""
    if dtype.is_complex:
        return DTypeError(
            f"Tensor: got {dtype}, expected real numbers; a rule of theirs would lose the imaginary"
            " part"
        )
    return DTypeError(
        f"Tensor: got {dtype} with requires_grad=True, expected a floating-point dtype such as"
        " torch.float32"
    )


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


def span(name: str, start_dim: Any, end_dim: Any, ndim: int) -> tuple[int, int]:
    """Return the first and the last of several neighbouring axes, counted from the front."""
    start, end = axis_of(name, start_dim, ndim), axis_of(name, end_dim, ndim)
    if start > end:
        raise ShapeError(
            f"{name}: got start_dim={start_dim} after end_dim={end_dim}, expected it before"
        )
    return start, end


def swapped(name: str, dim0: Any, dim1: Any, ndim: int) -> list[int]:
    """Return the order of the axes in which two are exchanged."""
    first, second = axis_of(name, dim0, ndim), axis_of(name, dim1, ndim)
    order = list(range(ndim))
    if order:
        order[first], order[second] = second, first
    return order


def moved(name: str, source: Any, destination: Any, ndim: int) -> list[int]:
    """Return the order of the axes in which those of `source` stand at the places `destination`."""
    sources, places = axes_of(name, source, ndim), axes_of(name, destination, ndim)
    if len(sources) != len(places):
        raise ShapeError(
            f"{name}: got source={source} and destination={destination}, expected as many places as"
            " axes"
        )
    order = [axis for axis in range(ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)) if ndim else ():
        order.insert(place, axis)
    return order


def lengths_of(name: str, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the lengths of both `reshape(2, 3)` and `reshape((2, 3))`."""
    lengths = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    try:
        return tuple(map(operator.index, lengths))
    except TypeError as error:
        raise DTypeError(f"{name}: got {lengths!r}, expected whole numbers") from error


def index_parts(index: Any) -> tuple[tuple[Any, ...], int | None]:
    """Return an index axis by axis, and which of them an integer tensor or list stands for."""
    parts = tuple(map(index_part, index if isinstance(index, tuple) else (index,)))
    arrays = [i for i, part in enumerate(parts) if is_array(part)]
    if not arrays:
        return parts, None
    if len(arrays) > 1 or any(part is None or part is ... for part in parts):
        raise ShapeError(
            f"index: got {len(arrays)} integer tensors among {len(parts)} indices, expected one"
            " integer tensor together with plain slices; index in two steps"
        )
    return parts, arrays[0]


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


def check_single(x: torch.Tensor) -> None:
    """Raise a GraphError unless x has one element, the gradient of which needs no weighing."""
    if x.numel() != 1:
        raise GraphError(
            f"backward: got a tensor of shape {tuple(x.shape)}, expected one element; pass"
            " gradient=, of the same shape, to say how the elements are weighed"
        )


def check_cotangent(gradient: torch.Tensor, x: torch.Tensor) -> None:
    """Raise a named error unless a gradient has the shape and dtype of x."""
    if gradient.shape != x.shape:
        raise ShapeError(
            f"backward: got a gradient of shape {tuple(gradient.shape)}, expected {tuple(x.shape)},"
            " the shape of the tensor"
        )
    if gradient.dtype != x.dtype:
        raise DTypeError(f"backward: got a gradient of {gradient.dtype}, expected {x.dtype}")


def refused(sign: str, instead: str) -> Callable[..., NoReturn]:
    """Return an operator that a Tensor does not offer."""

    def method(self: Any, *others: Any) -> NoReturn:
        raise DTypeError(f"Tensor: got {sign}, which a Tensor does not offer; {instead}")

    return method
