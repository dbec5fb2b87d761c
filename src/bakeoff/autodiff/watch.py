"""What a step changes behind the kernels' back: arrays, by torch's counters, and what Python keeps.

torch counts the changes of each array, also those that change no value: `p.data.clamp_(-3, 3)`
while nothing is beyond 3. Of each array the count is compared with the changes that kernels made.
An array that was made under `torch.inference_mode` has no counter, and is told by its values alone.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import torch

from bakeoff.autodiff.call import Call, is_library, memory_of
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor

PLAIN = (int, float, complex, bool, str, bytes, type(None))
Read = Callable[[], dict[str, Any]]


# ---- arrays ---------------------------------------------------------------------------------


@dataclass(eq=False)
class Counted:
    """An array, the call or the name by which it came, and what its counter should say."""

    array: Array
    user: Call | str
    count: int


class Counters:
    """The counters of the arrays that a step saw."""

    def __init__(self) -> None:
        self._seen: dict[int, list[Counted]] = {}
        self._known: set[tuple[int, int]] = set()  # the arrays among them, and their memory
        self._before: list[tuple[Counted, int]] = []

    def see(self, array: Array, user: Call | str, memory: int) -> None:
        """Count an array, which lies at `memory`, from now on."""
        if (id(array), memory) not in self._known and not array.is_inference():
            self._known.add((id(array), memory))
            self._seen.setdefault(memory, []).append(Counted(array, user, array._version))

    def before_write(self, target: Array) -> None:
        """Take note that a kernel is going to change `target`."""
        self._before = [(c, c.array._version) for c in self._seen.get(memory_of(target), [])]

    def after_write(self) -> None:
        """Allow the kernel's change: of all arrays in that memory that share its counter."""
        for counted, before in self._before:
            counted.count += counted.array._version - before
        self._before = []

    def moved(self) -> Counted | None:
        """Return the first array that something else than a kernel changed."""
        every = (counted for seen in self._seen.values() for counted in seen)
        return next((c for c in every if c.array._version != c.count), None)


# ---- names ----------------------------------------------------------------------------------


class Names:
    """What names and attributes stood for, by the functions that tell it again."""

    def __init__(self) -> None:
        self._then: list[tuple[str, Read, dict[str, tuple[Any, ...]]]] = []

    def see(self, label: str, read: Read) -> None:
        """Remember all that `read` gives by name; `label` goes before the names."""
        self._then.append((label, read, _contents(read())))

    def changed(self) -> str | None:
        """Return the first name that stands for something else now, as got and expected."""
        for label, read, then in self._then:
            now = _contents(read())
            for name in {**then, **now}:
                a, b = then.get(name, ()), now.get(name, ())
                if a[1:] != b[1:]:
                    got, expected = _told(b), _told(a)
                    if got == expected:
                        got, expected = "other content", "the same"
                    return f"{label}{name}: got {got}, expected {expected}"
        return None


def surroundings(step: Any) -> Iterator[tuple[str, Read]]:
    """Yield where a step or a layer finds its values: names around its code, attributes."""
    while isinstance(step, partial):
        yield "a partial's ", partial(lambda p: {"arguments": (p.args, p.keywords)}, step)
        step = step.func
    me, function = getattr(step, "__self__", None), getattr(step, "__func__", step)
    if not isinstance(function, FunctionType):
        kind = type(step)
        me, function = (
            step,
            getattr(kind, "forward" if hasattr(kind, "forward") else "__call__", None),
        )
    if hasattr(me, "__dict__"):
        yield f"{type(me).__name__}.", partial(attributes, me)
    if isinstance(function, FunctionType) and not is_library(str(function.__module__)):
        yield "", partial(_names, function)


def attributes(owner: Any) -> dict[str, Any]:
    """Return an object's attributes; of our own classes those that are not private."""
    found: dict[str, Any] = vars(owner)
    if not type(owner).__module__.startswith("bakeoff."):
        return found
    return {name: value for name, value in found.items() if name[0] != "_"}


def streams() -> dict[str, Any]:
    """Return the state of torch's own random stream, which a replay does not move."""
    return {"torch": bytes(torch.get_rng_state().tolist())}


def _names(function: FunctionType) -> dict[str, Any]:
    """Return the globals, variables of the closure, defaults and attributes of a function."""
    code, known = function.__code__, function.__globals__
    found = {name: known[name] for name in code.co_names if name in known}
    found |= {f"{function.__name__}.{name}": value for name, value in vars(function).items()}
    found["default arguments"] = (function.__defaults__, function.__kwdefaults__)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
    return found


def _contents(found: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return each value by its name, and what it holds, or which it is if that cannot be told."""
    contents: dict[str, tuple[Any, ...]] = {}
    for name, value in found.items():
        try:
            contents[name] = (value, _content(value, {}))
        except Exception:  # noqa: BLE001 - whatever a user's own container may raise
            contents[name] = (value, id(value))
    return contents


def _content(value: Any, seen: dict[int, int]) -> Any:
    """Return what plain values, containers and a user's objects hold; of others which it is.

    `seen` are the containers around it, by their identities, with their numbers.
    """
    if type(value) in PLAIN:
        return repr(value)
    known = seen.get(id(value), _stream(value))
    if known is not None:
        return known
    inner = partial(_content, seen=seen | {id(value): len(seen)})
    match value:
        case dict():
            return type(value), [(inner(key), inner(held)) for key, held in value.items()]
        case tuple() | list() | deque() | set() | frozenset():
            return type(value), [inner(held) for held in value]
        case _ if _is_users(value):
            return type(value), inner(vars(value))
    return id(value)


def _stream(value: Any) -> object | None:
    """Return where a counter or a random stream stands; None of anything else.

    Python's and numpy's own streams are looked at where a step's names lead to them: other threads
    of the process draw from them too.
    """
    owner = getattr(value, "__self__", None)
    for random_ in (value, owner):
        if random_ is random or isinstance(random_, random.Random):
            return random_.getstate()
    if type(value) is count:
        return repr(value)
    if type(value).__module__.startswith("numpy.random") and hasattr(value, "bit_generator"):
        return repr(value.bit_generator.state)
    if isinstance(value, ModuleType) and value.__name__ == "numpy":
        return repr(value.random.get_state())
    return None


def _is_users(value: Any) -> bool:
    """Tell whether it is a user's object; a layer is looked at when it runs."""
    if isinstance(value, type) or hasattr(value, "training") or not hasattr(value, "__dict__"):
        return False
    return isinstance(value, SimpleNamespace) or not is_library(type(value).__module__)


def _told(content: tuple[Any, ...]) -> str:
    """Return plain values as they are, of others what they are."""
    if not content:
        return "nothing"
    value = content[0]
    if isinstance(value, Tensor | Array):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    told = repr(value) if type(value) in PLAIN else type(value).__name__
    return told if len(told) <= 80 else f"{told[:77]}..."
