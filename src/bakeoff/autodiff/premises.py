"""What a plan takes for granted: all that Python decided while the step was captured.

A replay runs no Python. The number that a layer multiplies by, the branch that its mode chose, the
parameter that an attribute held: they stay as they were when the step was captured. So a plan
remembers what the step's code looked at (see `names`), and looks again before every replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bakeoff.autodiff.facts import Fact, Glance
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.names import MISSING, Place, places
from bakeoff.autodiff.tensor import Tensor


class Premises:
    """What a step looked at: places, the arrays that tensors hold, gradients that are not there."""

    def __init__(self) -> None:
        self._facts: dict[tuple[int, str], Fact] = {}
        self._tensors: dict[int, tuple[Tensor, Array]] = {}
        self._no_grad: list[Tensor] = []
        self._decisions: list[tuple[str, Callable[[], Any], Any]] = []
        self._glance = Glance([], [], [], True)

    # ---- taking -----------------------------------------------------------------------------

    def take_step(self, step: Callable[..., Any]) -> Iterator[Fact]:
        """Remember what the code of a step looks at, and yield what is new."""
        for place in places(step):
            yield from self._take(place)

    def take_owner(self, owner: object) -> Iterator[Fact]:
        """Remember what a module's forward or an optimiser's update looks at; yield what is new."""
        for name in ("training", "rounds"):
            if hasattr(owner, name):
                yield from self._take(Place(owner, name, f"{type(owner).__name__}.{name}"))
        for name in ("forward", "update"):
            if hasattr(owner, name):
                yield from self._take(Place(owner, name, f"{type(owner).__name__}.{name}"))
                yield from self.take_step(getattr(owner, name))

    def take_tensor(self, tensor: Tensor) -> None:
        """Remember which array a tensor holds."""
        self._tensors.setdefault(id(tensor), (tensor, tensor.data))

    def take_no_grad(self, tensors: list[Tensor]) -> None:
        """Remember that these tensors have no gradient."""
        self._no_grad += tensors

    def take_decision(self, what: str, read: Callable[[], Any], found: Any) -> None:
        """Remember that a choice came out as `found`; `read` makes it again."""
        self._decisions.append((what, read, found))

    def _take(self, place: Place) -> Iterator[Fact]:
        key = (id(place.owner), place.name)
        if key not in self._facts:
            fact = self._facts[key] = Fact(place)
            if isinstance(fact.found, Tensor):
                self.take_tensor(fact.found)
            yield fact

    def only_in(self, other: Premises) -> None:
        """Let go of tensors that another run does not know: those that each run makes anew."""
        self._tensors = {k: v for k, v in self._tensors.items() if k in other._tensors}

    # ---- looking again ----------------------------------------------------------------------

    def broken(self) -> str | None:
        """Return what first differs from the capture, as got and expected; None if nothing does."""
        for fact in self._facts.values():
            if not fact.holds():
                return str(fact)
        for tensor, data in self._tensors.values():
            if tensor.data is not data:
                return (
                    f"a tensor of shape {tuple(data.shape)}: got other memory, expected the same as"
                    " before (was a new optimiser made, or .data set?)"
                )
        for tensor in self._no_grad:
            if tensor.grad is not None:
                return f"a tensor of shape {tuple(tensor.shape)}: got a gradient, expected none"
        for what, read, found in self._decisions:
            if (now := read()) != found:
                return f"{what}: got {now}, expected {found}"
        return None

    def seal(self, *, whole: bool = True) -> None:
        """Prepare `hold`. Names that had no value no longer matter.

        Args:
            whole: look at all attributes of an object at once, which is quicker; without it, only
                at those that the step looked at, for objects that have others that change.
        """
        self._facts = {k: fact for k, fact in self._facts.items() if fact.found is not MISSING}
        tensors = [tensor for tensor, _ in self._tensors.values()]
        self._glance = Glance(list(self._facts.values()), tensors, self._no_grad, whole)

    def hold(self) -> bool:
        """Return True if all is as it was, quickly; False if only `broken` can tell."""
        if not self._glance.same():
            return False
        return not self._decisions or all(read() == found for _, read, found in self._decisions)

    def restore_tensors(self) -> None:
        """Let every tensor hold the array that it held."""
        for tensor, data in self._tensors.values():
            if tensor.data is not data:
                tensor.data = data
