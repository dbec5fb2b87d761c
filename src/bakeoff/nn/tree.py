"""What a module is made of: modules below it, parameters and buffers, found by their names.

Nothing is registered: they are the attributes of a plain Python object that have those types, or
stand in lists, tuples, dicts and deques, nested as they may be, and they are looked for whenever
they are asked for.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, cast

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    from bakeoff.nn.module import Module


class Tree:
    """Base of `Module` alone: its place in a tree of modules, with dotted names as in PyTorch."""

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) of each module held directly, in the order of the attributes."""
        for name, value in _leaves(vars(self)):
            if isinstance(value, Tree):
                yield name, cast("Module", value)

    def named_modules(
        self, prefix: str = "", seen: set[int] | None = None
    ) -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, module) of this module and all below it, each once."""
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, cast("Module", self)
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name, seen)

    def _named(self, kind: type[Tensor]) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in _leaves(vars(module)):
                if isinstance(value, kind) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted name, parameter), each once, in the order of the attributes."""
        return self._named(Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """Yield the parameters, as `named_parameters`."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Yield (dotted name, buffer), each once."""
        return self._named(Buffer)

    def describe(self) -> str:
        """Return the arguments that `repr` shows between the brackets."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}" for name, child in self.named_children()]
        if not children:
            return f"{type(self).__name__}({self.describe()})"
        body = re.sub(r"^", "  ", "\n".join(children), flags=re.MULTILINE)
        return f"{type(self).__name__}({self.describe()}\n{body}\n)"


def _leaves(
    container: Mapping[Any, Any] | Iterable[Any], within: tuple[int, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of what stands in nested containers.

    Args:
        container: attributes, or a list, tuple, dict or deque.
        within: the containers around it: one that holds itself is not entered again.

    Raises:
        ArgumentError: for modules in a set: without an order they have no names.
    """
    items = container.items() if isinstance(container, Mapping) else enumerate(container)
    for name, value in items:
        if isinstance(value, list | tuple | dict | deque):
            if id(value) not in within:
                for inner, leaf in _leaves(value, (*within, id(value))):
                    yield f"{name}.{inner}", leaf
        elif isinstance(value, set | frozenset | ValuesView):
            if any(isinstance(one, Tree | Parameter | Buffer) for one in value):
                raise ArgumentError(
                    f"{name}: got modules or parameters in a {type(value).__name__}, expected a"
                    " list or a dict, which gives each of them a name"
                )
        else:
            yield str(name), value
