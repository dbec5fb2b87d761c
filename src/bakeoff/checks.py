"""Checks that every floor shares: of a constructor's arguments, and of those it cannot honour."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from operator import index
from typing import Any

from bakeoff.errors import ArgumentError


class NamedArguments:
    """Base of classes whose constructors tell in a sentence which argument they do not take."""

    def __init__(self) -> None:
        """Take no arguments."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Wrap the class's own constructor."""
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _naming(cls.__init__)  # type: ignore[method-assign]


def _naming(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            signature = inspect.signature(init)
            try:
                signature.bind(self, *args, **kwargs)
            except TypeError as wrong:
                names = ", ".join(list(signature.parameters)[1:]) or "none"
                raise ArgumentError(
                    f"{type(self).__name__}: {wrong}; expected of the arguments {names}"
                ) from error
            raise

    return checked


NamedArguments.__init__ = _naming(NamedArguments.__init__)  # type: ignore[method-assign]


def keep_default(owner: object, **given: tuple[Any, Any]) -> None:
    """Keep arguments of PyTorch's of which bakeoff offers the default alone, as attributes.

    Args:
        owner: what is being made.
        **given: by the argument's name, its value and the default.

    Raises:
        ArgumentError: for another value than the default.
    """
    for name, (value, default) in given.items():
        if type(value) is not type(default) or value != default:
            raise ArgumentError(
                f"{type(owner).__name__}: got {name}={value!r}, expected {default!r}, all that"
                " bakeoff has"
            )
        setattr(owner, name, value)


def check_count(where: str, name: str, value: int, *, least: int = 1) -> None:
    """Raise an ArgumentError unless value is a whole number of at least `least`."""
    try:
        count = least - 1 if isinstance(value, bool) else index(value)
    except TypeError:
        count = least - 1
    if count < least:
        raise ArgumentError(
            f"{where}: got {name}={value!r}, expected a whole number of at least {least}"
        )
