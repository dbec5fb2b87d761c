"""Checks that every floor shares: of a constructor's arguments, and of those it cannot honour."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from importlib import import_module
from math import inf
from operator import index
from typing import Any, TypeVar, cast

from bakeoff.errors import ArgumentError, BakeoffError, MissingExtraError, nearest

F = TypeVar("F", bound=Callable[..., Any])


def named(function: F) -> F:
    """Return a function or method that tells in a sentence which arguments it does not take.

    A constructor of bakeoff's own says so of arguments of wrong types too.
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

    They are given as (value, default), by name; another value raises an ArgumentError.
    """
    for name, (value, default) in given.items():
        if type(value) is not type(default) or value != default:
            raise ArgumentError(
                f"{type(owner).__name__}: got {name}={value!r}, expected {default!r}, all that"
                " bakeoff has"
            )
        setattr(owner, name, value)


def check_count(
    where: str,
    name: str,
    value: int,
    *,
    least: int = 1,
    most: int | None = None,
    wrong_type: type[BakeoffError] = ArgumentError,
) -> int:
    """Return a whole number from `least` to `most` as a plain int.

    Any other number raises an ArgumentError, and what is no whole number an error of `wrong_type`.
    """
    error = ArgumentError
    try:
        count = index(value)
        if not isinstance(value, bool) and count >= least and (most is None or count <= most):
            return count
    except TypeError:
        error = wrong_type  # type: ignore[assignment]
    limits = f"of at least {least}" if most is None else f"from {least} to {most:,}"
    raise error(f"{where}: got {name}={value!r}, expected a whole number {limits}")


def check_number(
    where: str,
    name: str,
    value: float,
    *,
    least: float = -inf,
    above: float | None = None,
    most: float = inf,
    below: float | None = None,
) -> None:
    """Raise an ArgumentError unless a number lies within the limits, which NaN never does.

    `below` may be infinite: the number is then to be finite.
    """
    try:
        inside = least <= value <= most and (above is None or value > above)
        if inside and (below is None or value < below):
            return
    except TypeError:  # it is no number
        pass
    if most < inf:
        limits = f"{least:g} to {most:g}"
    else:
        limits = f"at least {least:g}" if above is None else f"more than {above:g}"
    if below is not None:
        limits += " and finite" if below == inf else f" and less than {below:g}"
    raise ArgumentError(f"{where}: got {name}={value!r}, expected {limits}")


def check_choice(where: str, name: str, value: object, known: Iterable[str]) -> None:
    """Raise an ArgumentError unless a value is one of the known names."""
    names = list(known)
    if value not in names:
        raise ArgumentError(
            f"{where}: got {name}={value!r}, expected one of {', '.join(map(repr, names))}"
            f"{nearest(str(value), names)}"
        )


def check_installed(where: str, purpose: str, extra: str, *modules: str) -> None:
    """Load the modules of an extra before any work; raise a MissingExtraError without them."""
    for name in modules:
        try:
            import_module(name)
        except ImportError as error:
            raise MissingExtraError(
                f"{where}: found no {name}, expected it for {purpose}; install it with"
                f" pip install 'bakeoff[{extra}]'"
            ) from error
