"""A tensor that remembers how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any, Self, TypeAlias

import torch

from bakeoff.autodiff import arguments as given
from bakeoff.autodiff import kernels
from bakeoff.autodiff.tape import Node, pull_back, set_grad
from bakeoff.autodiff.tensor_math import OPERATIONS, Numbers, Scalar
from bakeoff.autodiff.tensor_shape import Places
from bakeoff.checks import named
from bakeoff.errors import DTypeError, GraphError, ShapeError


class Tensor(Numbers, Places):
    """An array with a gradient and a memory of the operation that made it.

    Args:
        data: a torch tensor (not copied; its own autograd history is dropped), a number or nested
            lists. Python floats become float32 unless torch's default dtype says otherwise.
        requires_grad: whether `backward` should compute a gradient for this tensor; only for
            floating-point data.

    Attributes:
        data: the values, a torch tensor on the CPU.
        grad: the gradient that backward passes have accumulated, a Tensor of the same shape and
            dtype, or None.

    Raises:
        DTypeError: for a gradient of integers, or data that is not numeric.
    """

    __slots__ = ("__weakref__", "_grad", "data", "node", "requires_grad")
    __array_ufunc__ = None  # numpy leaves its operators to ours, and makes no array of Tensors

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            data = data.data
        if not isinstance(data, torch.Tensor):
            data = given.array_of(data)
        self.data: torch.Tensor = data.detach() if data.requires_grad else data
        if self.data.dtype.is_complex or (requires_grad and not self.data.is_floating_point()):
            raise given.dtype_error(self.data.dtype)
        self.requires_grad = requires_grad
        self._grad: Tensor | None = None
        self.node: Node | None = None

    # ---- what it is -------------------------------------------------------------------------

    @property
    def shape(self) -> torch.Size:
        """The lengths of the axes."""
        return self.data.shape

    @property
    def dtype(self) -> torch.dtype:
        """The type of the elements."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of axis `dim`.

        Raises:
            ShapeError: for an axis that is not there.
        """
        if dim is not None and not self.ndim:
            raise ShapeError(f"size: got axis {dim} of a tensor without axes")
        return self.shape if dim is None else self.shape[given.axis_of("size", dim, self.ndim)]

    def numel(self) -> int:
        """Return the number of elements."""
        return self.data.numel()

    def __len__(self) -> int:
        if self.ndim == 0:
            raise ShapeError("len: got a tensor of shape (), expected at least one axis")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        extra = ""
        if self.node is not None:
            extra = f", made by {self.node.operation.name}"
        elif self.requires_grad:
            extra = ", requires_grad=True"
        body = str(self.data.tolist() if self.data.numel() <= 1 else self.data)
        return f"Tensor({body.removeprefix('tensor(').removesuffix(')')}{extra})"

    # ---- other dtypes, and leaving the graph ----------------------------------------------------

    def to(self, dtype: torch.dtype) -> Tensor:
        """Return the same numbers, same shape, in another dtype; itself if it has it already.

        Raises:
            DTypeError: for anything but a torch dtype.
        """
        if not isinstance(dtype, torch.dtype):
            raise DTypeError(f"to: got {dtype!r}, expected a dtype such as torch.float64")
        if dtype == self.dtype:
            return self
        return OPERATIONS["cast"](self if dtype.is_floating_point else self.detach(), dtype=dtype)

    def detach(self) -> Tensor:
        """Return a Tensor of the same memory and shape that remembers nothing."""
        return Tensor(self.data)

    def item(self) -> Scalar:
        """Return the only element as a Python number.

        Raises:
            ShapeError: if there is more than one element, or none.
        """
        kernels.reading("item()")
        if self.data.numel() != 1:
            raise ShapeError(f"item: got shape {tuple(self.shape)}, expected exactly one element")
        return self.data.item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        kernels.reading("tolist()")
        return self.data.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __copy__(self) -> Self:
        return self._leaf(self.data)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = self._leaf(self.data.clone())
        made.grad = None if self.grad is None else Tensor(self.grad.data.clone())
        memo[id(self)] = made
        return made

    def _leaf(self, data: torch.Tensor) -> Self:
        """Return a copy that holds `data` and has no history, however long the chain behind it."""
        made = type(self).__new__(type(self))
        Tensor.__init__(made, data, self.requires_grad)
        return made

    # ---- gradients --------------------------------------------------------------------------

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have accumulated, of the same shape, or None."""
        if kernels.state.recorder is not None:
            kernels.state.recorder.on_grad_read(self, self._grad)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | torch.Tensor | None) -> None:
        if kernels.state.recorder is not None:
            kernels.state.recorder.before_grad_write(self, self._grad)
        self._grad = Tensor(value) if isinstance(value, torch.Tensor) else value

    def backward(
        self,
        gradient: Tensor | torch.Tensor | None = None,
        *,
        retain_graph: bool = False,
        create_graph: bool = False,
    ) -> None:
        """Add the gradient of this tensor to the `grad` of every leaf it was made from.

        Args:
            gradient: the cotangent, of this tensor's shape and dtype; may be left out for one
                element, where it is 1.
            retain_graph: keep the graph for another backward pass.
            create_graph: make the gradients differentiable themselves.

        Raises:
            GraphError: if nothing here requires a gradient, several elements have no `gradient`,
                the graph was freed, or values that it needs were changed in place since.
            ShapeError: if `gradient` has another shape.
            DTypeError: if it has another dtype.
        """
        if not self.requires_grad:
            raise GraphError(
                "backward: nothing that this tensor was made from has requires_grad=True"
            )
        seed = self._cotangent(gradient)
        ends = pull_back(self, seed, create_graph=create_graph, retain_graph=retain_graph)
        taken = {seed.data.untyped_storage().data_ptr()}
        with set_grad(create_graph):
            for leaf, g in ends:
                leaf.grad = _own(g, taken) if leaf.grad is None else leaf.grad + g

    def _cotangent(self, gradient: Tensor | torch.Tensor | None) -> Tensor:
        if gradient is None:
            given.check_single(self.data)
            one = kernels.empty(self.shape, self.data)
            return Tensor(kernels.update(torch.Tensor.fill_, one, 1.0))
        seed = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
        given.check_cotangent(seed.data, self.data)
        return seed

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None


# Its parts' methods become its own, and all say which arguments they do not take.
for _name, _method in [*vars(Numbers).items(), *vars(Places).items(), *vars(Tensor).items()]:
    if isinstance(_method, FunctionType | property) and not _name.startswith("_"):
        setattr(Tensor, _name, named(_method) if isinstance(_method, FunctionType) else _method)

TensorLike: TypeAlias = Tensor | torch.Tensor | Scalar


def _own(g: Tensor, taken: set[int]) -> Tensor:
    """Return a gradient in memory of its own, so that changing one in place changes no other."""
    if not g.data.is_contiguous() or g.data.untyped_storage().data_ptr() in taken:
        g = OPERATIONS["contiguous"](g)
    taken.add(g.data.untyped_storage().data_ptr())
    return g
