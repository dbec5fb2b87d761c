"""Guards: what must hold when a plan is replayed.

A replay runs no Python. Looked at before each replay, because it changes in honest programs: the
mode of every module that ran, the array behind every tensor that was read, whether it wants a
gradient, tensors that had no gradient, and the choices that operations reported. Anything else (a
number in a closure, a file, a setting) shows in what the step computes: see `verify.Check`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any

from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor

OF_TENSORS = ("data", "requires_grad")


class Guards:
    """What a step found: modes, arrays and wishes of tensors, absent gradients, choices."""

    def __init__(self) -> None:
        self._taken: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._decisions: list[tuple[str, Callable[[], Any], Any]] = []
        self.seal()

    # ---- taking -----------------------------------------------------------------------------

    def _take(self, owner: Any, *names: str) -> None:
        for name in names:
            if (id(owner), name) not in self._taken:
                self._taken[id(owner), name] = owner, name, getattr(owner, name)

    def take_module(self, module: Any) -> None:
        """Remember a module's mode, as it is when it first runs."""
        self._take(module, "training", "rounds")

    def take_tensor(self, tensor: Tensor) -> None:
        """Remember which array a tensor holds, and whether it wants a gradient."""
        self._take(tensor, *OF_TENSORS)

    def take_without(self, tensors: list[Tensor]) -> None:
        """Remember that these tensors had no gradient when the step began."""
        self._taken |= {(id(tensor), "_grad"): (tensor, "_grad", None) for tensor in tensors}

    def take_decision(self, what: str, read: Callable[[], Any], found: Any) -> None:
        """Remember that a choice came out as `found`; `read` makes it again."""
        self._decisions.append((what, read, found))

    def only_in(self, other: Guards) -> None:
        """Let go of tensors that another run does not know: those that each run makes anew."""
        self._taken = {
            key: taken
            for key, taken in self._taken.items()
            if key in other._taken or key[1] not in OF_TENSORS
        }

    # ---- looking again ----------------------------------------------------------------------

    def seal(self) -> None:
        """Prepare `hold`: all that was taken, side by side."""
        taken = self._taken.values()
        self._owners = [owner for owner, _, _ in taken]
        self._names = [name for _, name, _ in taken]
        self._found = [found for _, _, found in taken]

    def hold(self) -> bool:
        """Return True if all is as it was, quickly; False if only `broken` can tell."""
        return all(map(is_, map(getattr, self._owners, self._names), self._found)) and (
            not self._decisions or all(read() == found for _, read, found in self._decisions)
        )

    def broken(self) -> str | None:
        """Return what first differs from the capture, as got and expected; None if nothing does."""
        for owner, name, found in self._taken.values():
            now = getattr(owner, name)
            if now is found or (not isinstance(now, Array | Tensor) and now == found):
                continue
            if not isinstance(owner, Tensor):
                return f"{type(owner).__name__}.{name}: got {now}, expected {found}"
            where = f"a tensor of shape {tuple(owner.shape)}"
            if name == "data":
                return (
                    f"a tensor of shape {tuple(found.shape)}: got other memory, expected the same"
                    " as before (was a new optimiser made, or .data set?)"
                )
            if name == "_grad":
                return f"{where}: got a gradient, expected none"
            return f"{where}: got {name}={now}, expected {found}"
        for what, read, value in self._decisions:
            if (now := read()) != value:
                return f"{what}: got {now}, expected {value}"
        return None

    def restore_tensors(self) -> None:
        """Let every tensor hold the array that it held."""
        for owner, name, found in self._taken.values():
            if name == "data" and owner.data is not found:
                owner.data = found
