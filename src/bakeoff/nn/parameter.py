"""What a module holds, parameters and buffers, and whether a saved state fits them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import named
from bakeoff.errors import ArgumentError, DTypeError, ShapeError, nearest
from bakeoff.nn.init import Initialiser


class Parameter(Tensor):
    """A tensor that training changes: it starts undefined and is drawn by `initialise`.

    Args:
        shape: its lengths.
        initialise: fills it in place from a generator.
        generator: draws it at once; left out, it waits for `Module.initialise`.
    """

    __slots__ = ("initialise", "ready")

    @named
    def __init__(
        self,
        shape: tuple[int, ...],
        initialise: Initialiser,
        generator: torch.Generator | None = None,
    ) -> None:
        # Not a number until drawn, so that a forgotten draw cannot pass for a result.
        super().__init__(torch.full(shape, float("nan")), requires_grad=True)
        self.initialise = initialise
        self.ready = False
        if generator is not None:
            self.draw([generator])

    def draw(self, generators: list[torch.Generator], *, lockstep: bool = False) -> None:
        """Fill with fresh values: from one generator, or in lockstep from one for each round."""
        parts = self.data if lockstep else [self.data]
        for part, generator in zip(parts, generators, strict=True):
            self.initialise(part, generator)
        self.ready = True

    def _leaf(self, data: torch.Tensor) -> Self:
        made = super()._leaf(data)
        made.initialise, made.ready = self.initialise, self.ready
        return made


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not trained, such as a running mean.

    Args:
        shape: its lengths.
        start: the value of every element at the start, and again after `Module.initialise`.
        dtype: torch's default dtype if left out.
    """

    __slots__ = ("start",)

    @named
    def __init__(
        self, shape: tuple[int, ...], start: float, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__(torch.full(shape, start, dtype=dtype or torch.get_default_dtype()))
        self.start = start

    def reset(self) -> None:
        """Set every element to the start value."""
        kernels.update(torch.Tensor.fill_, self.data, self.start)

    def _leaf(self, data: torch.Tensor) -> Self:
        made = super()._leaf(data)
        made.start = self.start
        return made


# ---- saved states -------------------------------------------------------------------------------


def check_names(where: str, own: Mapping[str, Any], state: Mapping[str, Any], origin: str) -> None:
    """Raise an ArgumentError unless `state`, which should come from `origin`, has own's names."""
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
