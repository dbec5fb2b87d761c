"""Axes, lengths, indices, gradients: what a method of a Tensor may be given for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch

from bakeoff.errors import ArgumentError, DTypeError, GraphError, ShapeError


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


def check_view(x: torch.Tensor, shape: tuple[int, ...]) -> None:
    """Raise a ShapeError unless x can be looked at in that shape without a copy."""
    try:
        x.view(shape)
    except RuntimeError as error:
        raise ShapeError(
            f"view: got shape {tuple(x.shape)} with strides {x.stride()}, expected what can be"
            f" looked at as {shape}; write reshape ({error})"
        ) from error


def first_of(name: str, start: Any, length: int, most: int) -> int:
    """Return the position of the first of `length` slices, counted from the front."""
    if is_array(start):
        if start.dtype not in (torch.int64, torch.int32):
            raise DTypeError(f"{name}: got {start.dtype} as start, expected a whole number")
        start = int(start)
    first: int = start + most if start < 0 else start
    if not 0 <= first <= first + length <= most:
        raise ShapeError(
            f"{name}: got start={start} and length={length}, expected a part of {most} slices"
        )
    return first


def lengths_of_parts(name: str, size: Any, length: int) -> list[int]:
    """Return the lengths of the parts into which an axis is split."""
    if isinstance(size, Sequence):
        if any(n < 0 for n in size):
            raise ArgumentError(f"{name}: got lengths {size}, expected none below 0")
        if sum(size) != length:
            raise ShapeError(f"{name}: got lengths {size}, expected a sum of {length}")
        return list(size)
    if size < 0 or (size == 0 and length):
        raise ArgumentError(f"{name}: got split_size={size}, expected 1 or more")
    return [min(size, length - start) for start in range(0, length, size or 1)] or [0]


def check_source(name: str, x: Any, index: Any, src: Any) -> None:
    """Raise a named error unless `src` has an element of x's dtype for each of `index`."""
    if not is_array(src) or src.dtype != x.dtype:
        raise DTypeError(f"{name}: got {src!r:.80} as src, expected a tensor of {x.dtype}")
    if src.ndim != index.ndim or any(map(operator.gt, index.shape, src.shape)):
        raise ShapeError(
            f"{name}: got src of shape {tuple(src.shape)}, expected at least {tuple(index.shape)},"
            " the shape of index"
        )


def index_parts(index: Any, x: Any) -> tuple[tuple[Any, ...], bool]:
    """Return an index of x part by part, and whether there is an array among them.

    With an array, each part stands for one axis, but None for a new one; a mask stands for as many
    as it has.
    """
    parts = tuple(map(index_part, index if isinstance(index, tuple) else (index,)))
    if not any(map(is_array, parts)):
        return parts, False
    known = sum(1 if isinstance(p, int | slice) else axes_of_part(p) for p in parts)
    rest = (slice(None),) * (x.ndim - known)
    at = next((i for i, part in enumerate(parts) if part is ...), len(parts))
    return (*parts[:at], *rest, *parts[at + 1 :]), True


def axes_of_part(part: Any) -> int:
    """Return how many axes an array, None or ... of an index stands for."""
    if not is_array(part):
        return 0
    return part.ndim if part.dtype == torch.bool else 1


def index_part(index: Any) -> Any:
    """Return an index of one axis as an int, a slice, None, ... or an array of integers or bools.

    Torch takes more, but copies for it, and no gradient would find its way back from a copy.
    """
    if index is None or index is ... or isinstance(index, slice):
        return index
    if isinstance(index, list):
        try:
            index = torch.tensor(index) if index else torch.tensor(index, dtype=torch.int64)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DTypeError(f"index: got {index!r}, expected integers ({error})") from error
    if is_array(index):
        if index.dtype not in (torch.int64, torch.int32, torch.bool):
            raise DTypeError(f"index: got a tensor of {index.dtype}, expected integers or a mask")
        return index
    try:
        if not isinstance(index, bool):
            return operator.index(index)
    except TypeError:
        pass
    raise DTypeError(
        f"index: got {type(index).__name__}, expected integers, slices, None, ..., integer tensors"
        " or lists, or masks"
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
