"""What a step may return: Tensors, alone or in tuples, lists and mappings; or None."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import PlanError

Outputs = Tensor | tuple[Any, ...] | list[Any] | Mapping[str, Any] | None


def outputs_in(outputs: Any) -> Iterator[Array]:
    """Yield the arrays of a step's outputs.

    Raises:
        PlanError: for anything but Tensors, tuples, lists and mappings of them, and None.
    """
    if isinstance(outputs, Tensor):
        yield outputs.data
    elif isinstance(outputs, tuple | list):
        for item in outputs:
            yield from outputs_in(item)
    elif isinstance(outputs, Mapping):
        yield from outputs_in(list(outputs.values()))
    elif outputs is not None:
        raise PlanError(
            f"capture: the step returned {type(outputs).__name__}, expected a Tensor, a tuple or"
            " mapping of Tensors, or None; numbers are frozen, so return them as Tensors"
        )


def replace_outputs(outputs: Any, new: Callable[[Array], Array]) -> Any:
    """Return the same structure with a Tensor of `new(array)` for each Tensor."""
    if isinstance(outputs, Tensor):
        return Tensor(new(outputs.data))
    if isinstance(outputs, tuple | list):
        items = [replace_outputs(item, new) for item in outputs]
        if hasattr(outputs, "_fields"):  # a named tuple
            return type(outputs)(*items)
        return tuple(items) if isinstance(outputs, tuple) else items
    if isinstance(outputs, Mapping):
        return {name: replace_outputs(item, new) for name, item in outputs.items()}
    return outputs
