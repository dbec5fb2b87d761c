"""How a Tensor's elements lie and which of them are taken: shapes, indices, order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch

from bakeoff.autodiff import arguments as given
from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor_math import OPERATIONS, Selected
from bakeoff.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from bakeoff.autodiff.tensor import Tensor


class Places:
    """The methods of a Tensor by which its elements get other places; a part of that class."""

    __slots__ = ()

    # ---- shape ------------------------------------------------------------------------------

    def reshape(self: Any, *shape: int | Sequence[int]) -> Tensor:
        """Return the same elements in another shape; one length may be -1."""
        return OPERATIONS["reshape"](self, shape=given.lengths_of("reshape", shape))

    def view(self: Any, *shape: int | Sequence[int]) -> Tensor:
        """Return the same elements in another shape, as `reshape`, but never as a copy.

        Raises:
            ShapeError: where the elements lie so that they must be copied.
        """
        lengths = given.lengths_of("view", shape)
        given.check_view(self.data, lengths)
        return OPERATIONS["reshape"](self, shape=lengths)

    def flatten(self: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Return the axes from `start_dim` to `end_dim` merged into one.

        Raises:
            ShapeError: for an axis that is not there, or a start after the end.
        """
        start, end = given.span("flatten", start_dim, end_dim, self.ndim)
        merged = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], merged, *self.shape[end + 1 :])

    def permute(self: Any, *dims: int | Sequence[int]) -> Tensor:
        """Return the axes in another order."""
        return OPERATIONS["permute"](self, dims=given.lengths_of("permute", dims))

    def transpose(self: Any, dim0: int, dim1: int) -> Tensor:
        """Return two axes exchanged."""
        return self.permute(given.swapped("transpose", dim0, dim1, self.ndim))

    def movedim(self: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
        """Return the axes `source` moved to the places `destination`.

        Raises:
            ShapeError: for axes that are not there, that come twice, or another number of places.
        """
        return self.permute(given.moved("movedim", source, destination, self.ndim))

    @property
    def T(self: Any) -> Tensor:  # noqa: N802 - the name that PyTorch and mathematics give it
        """The transpose of a matrix, (m, n) to (n, m).

        Raises:
            ShapeError: for anything but two axes.
        """
        if self.ndim != 2:
            raise ShapeError(f"T: got shape {tuple(self.shape)}, expected two axes; write mT")
        return self.permute(1, 0)

    @property
    def mT(self: Any) -> Tensor:  # noqa: N802 - the name that PyTorch gives it
        """The last two axes exchanged, (..., m, n) to (..., n, m).

        Raises:
            ShapeError: for fewer than two axes.
        """
        if self.ndim < 2:
            raise ShapeError(f"mT: got shape {tuple(self.shape)}, expected two axes or more")
        return self.transpose(-2, -1)

    def unsqueeze(self: Any, dim: int) -> Tensor:
        """Return the same elements with a new axis of length 1 at `dim`."""
        at = given.axis_of("unsqueeze", dim, self.ndim + 1)
        return self.reshape(*self.shape[:at], 1, *self.shape[at:])

    def squeeze(self: Any, dim: int | Sequence[int] | None = None) -> Tensor:
        """Return the same elements without those of the axes `dim`, or of all, of length 1."""
        dims = range(self.ndim) if dim is None else given.axes_of("squeeze", dim, self.ndim)
        return self.reshape([n for i, n in enumerate(self.shape) if n != 1 or i not in dims])

    def expand(self: Any, *shape: int | Sequence[int]) -> Tensor:
        """Return axes of length 1 repeated, and new leading axes, without copying."""
        return OPERATIONS["expand"](self, shape=given.lengths_of("expand", shape))

    def sum_to(self: Any, shape: Sequence[int]) -> Tensor:
        """Return the sum over the axes that broadcasting `shape` to this shape had added."""
        return OPERATIONS["sum_to"](self, shape=tuple(shape))

    def contiguous(self: Any) -> Tensor:
        """Return the same elements, same shape, in one row-major block of memory."""
        return self if self.data.is_contiguous() else OPERATIONS["contiguous"](self)

    def clone(self: Any) -> Tensor:
        """Return the same elements, same shape and dtype, in memory of their own."""
        return OPERATIONS["contiguous"](self)

    # ---- parts ------------------------------------------------------------------------------

    def __getitem__(self: Any, index: Any) -> Tensor:
        parts, arrays = given.index_parts(index, self)
        if not arrays:
            return OPERATIONS["slice"](self, index=parts)
        from bakeoff.autodiff.choose import at_arrays

        return at_arrays(self, parts)

    def narrow(self: Any, dim: int, start: int | Tensor, length: int) -> Tensor:
        """Return `length` slices along axis `dim`, from position `start` on.

        Raises:
            ShapeError: for slices that are not there.
        """
        at = given.axis_of("narrow", dim, self.ndim)
        first = given.first_of("narrow", start, length, self.shape[at] if self.ndim else 0)
        index = (slice(None),) * at + (slice(first, first + length),)
        return OPERATIONS["slice"](self, index=index)

    def split(self: Any, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Return parts along axis `dim`: of that length, the last perhaps shorter, or of several.

        Raises:
            ArgumentError: for a negative length, or 0 for an axis that has slices.
            ShapeError: for lengths that do not sum to the axis's.
        """
        at = given.axis_of("split", dim, self.ndim)
        lengths = given.lengths_of_parts("split", split_size, self.size(at))
        starts = accumulate(lengths, initial=0)  # and, unused, the end of the last
        return tuple(self.narrow(at, *part) for part in zip(starts, lengths, strict=False))

    def chunk(self: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Return at most `chunks` parts of equal length along axis `dim`, the last maybe shorter.

        Raises:
            ArgumentError: for fewer than one chunk.
        """
        if chunks < 1:
            raise ArgumentError(f"chunk: got chunks={chunks}, expected 1 or more")
        length = self.size(dim)
        if not length:
            return tuple(self.narrow(dim, 0, 0) for _ in range(chunks))
        return self.split(-(-length // chunks), dim)

    def unbind(self: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Return the slices along axis `dim`, without that axis."""
        before = (slice(None),) * given.axis_of("unbind", dim, self.ndim)
        return tuple(self[(*before, i)] for i in range(self.size(dim)))

    # ---- places and order -------------------------------------------------------------------

    def flip(self: Any, dims: int | Sequence[int], *more: int) -> Tensor:
        """Return the elements in reverse order along the axes `dims`."""
        x = self
        axes = given.axes_of("flip", given.lengths_of("flip", (dims, *more)), self.ndim)
        for at in axes if self.ndim else ():
            last = kernels.run(torch.arange, x.size(at) - 1, -1, -1)
            x = OPERATIONS["index_select"](x, last, dim=at)
        return x.clone() if x is self else x

    def index_select(self: Any, dim: int, index: Tensor | torch.Tensor) -> Tensor:
        """Return the slices along axis `dim` at the positions `index` (int64, one axis)."""
        return OPERATIONS["index_select"](self, index, dim=dim)

    def gather(self: Any, dim: int, index: Tensor | torch.Tensor) -> Tensor:
        """Return, in the shape of `index` (int64), the elements at these positions along `dim`."""
        return OPERATIONS["gather"](self, index, dim=dim)

    def scatter_add(
        self: Any, dim: int, index: Tensor | torch.Tensor, src: Tensor | torch.Tensor
    ) -> Tensor:
        """Return this tensor with each element of `src` added where `gather` finds it.

        The element of `src` at the place of each of `index` (int64) is added at that position
        along `dim`; `src` may be longer than `index` along any axis.

        Raises:
            ShapeError: for a `src` that is shorter.
            DTypeError: for one of another dtype.
        """
        given.check_source("scatter_add", self, index, src)
        cut = tuple(slice(0, n) for n in index.shape)
        part = OPERATIONS["slice"](src, index=cut) if src.shape != index.shape else src
        return self + OPERATIONS["scatter_add"](part, index, dim=dim, shape=self.shape)

    def sort(
        self: Any, dim: int = -1, descending: bool = False, *, stable: bool = False
    ) -> Selected:
        """Return the elements in order along axis `dim`, as (values, indices); NaN is largest.

        Equal elements stay in their order if `stable` asks for it.
        """
        at = self.argsort(dim, descending, stable=stable)
        return Selected(OPERATIONS["gather"](self, at, dim=dim), at)

    def argsort(
        self: Any, dim: int = -1, descending: bool = False, *, stable: bool = False
    ) -> Tensor:
        """Return the positions (int64) that put the elements in order along axis `dim`."""
        return OPERATIONS["argsort"](self, dim=dim, descending=descending, stable=stable)

    def topk(
        self: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> Selected:
        """Return the k largest or smallest elements along axis `dim`, as (values, indices).

        Which of several equal elements are among them is not told, as in PyTorch.
        """
        at = OPERATIONS["topk"](self, k=k, dim=dim, largest=largest, sorted=sorted)
        return Selected(OPERATIONS["gather"](self, at, dim=dim), at)
