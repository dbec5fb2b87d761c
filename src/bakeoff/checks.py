"""Checks that every floor shares: of a constructor's arguments, and of those it cannot honour."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from operator import index
from typing import Any, TypeVar, cast

from bakeoff.errors import ArgumentError, BakeoffError

F = TypeVar("F", bound=Callable[..., Any])


def named(function: F) -> F:
    """Return a function or method that tells in a sentence which arguments it does not take.

    A constructor of bakeoff's own says so of arguments of wrong types too.

    Raises:
        ArgumentError: when called with arguments that do not fit.
    """
    own = function.__name__ == "__init__"
    strict = own and function.__module__.startswith("bakeoff.")

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (AttributeError, OverflowError, RuntimeError, TypeError, ValueError) as error:
            if isinstance(error, BakeoffError) or "torage size" in str(error):  # too much memory
                raise
            where = type(args[0]).__name__ if own else function.__name__
            signature = inspect.signature(function)
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as wrong:
                names = ", ".join(n for n in signature.parameters if n != "self") or "none"
                raise ArgumentError(
                    f"{where}: {wrong}; expected of the arguments {names}"
                ) from error
            if not strict:
                raise
            shown = [f"{n}={repr(v)[:80]}" for n, v in given.items() if n != "self"]
            got = ", ".join([text for text in shown if "=<" not in text] or shown)
            reason = str(error).partition("\n")[0]
            raise ArgumentError(
                f"{where}: got {got}, expected arguments of the types that it documents ({reason})"
            ) from error

    return cast(F, checked)


class NamedArguments:
    """Base of classes whose constructors are `named`."""

    @named
    def __init__(self) -> None:
        """Take no arguments."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Wrap the class's own constructor."""
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = named(cls.__init__)  # type: ignore[method-assign]


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
