"""A network's architecture as plain data, and back.

A layer is described by its class and the arguments it was made with:

    {"class": "Linear", "arguments": {"in_features": 2, "out_features": 25, "bias": true}}

The arguments are read from the layer's attributes of the same names, a rule that all layers of
`bakeoff.nn` keep; of a tensor that an argument switches on, only whether it is there. A container
made of layers lists them under "layers", and a layer met for the second time is {"same": "0.2"},
the name it had first, so that shared weights stay shared.

Nothing is imported to build a layer: its class is one of ours, or is found among the modules that
the program itself has imported.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Mapping
from typing import Any

from bakeoff import nn
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import BakeoffError, ModelFileError, nearest
from bakeoff.nn import Loss, Module

Description = dict[str, Any]

LAYERS: dict[str, type[Module]] = {
    name: kind
    for name, kind in ((name, getattr(nn, name)) for name in nn.__all__)
    if isinstance(kind, type) and issubclass(kind, Module) and kind is not Module
    if not issubclass(kind, Loss)
}
# Arguments that only say how weights start: they are not needed to load them.
STARTING = frozenset(["init", "generator"])


def describe(network: Module) -> Description:
    """Return a network's architecture as nested dictionaries and lists, ready for JSON.

    Raises:
        ModelFileError: for a layer that could not be made again from such a description.
    """
    description = _describe(network, "", {})
    made = build(description)
    if _shapes(made) != _shapes(network):
        raise ModelFileError(
            f"save: {type(network).__name__}: made again from its layers' arguments, it has other"
            " parameters; a layer must be whole once its __init__ has run"
        )
    return description


def build(description: Description) -> Module:
    """Return the network that `describe` described, its parameters not yet drawn.

    Raises:
        ModelFileError: for anything but such a description, or a class that is not there.
    """
    return _build(description, "", {})


def _shapes(network: Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


# ---- describing ------------------------------------------------------------------------------


def _describe(layer: Module, where: str, seen: dict[int, str]) -> Description:
    if id(layer) in seen:
        return {"same": seen[id(layer)]}
    seen[id(layer)] = where
    described: Description = {"class": _name_of(type(layer), where)}
    for parameter in inspect.signature(type(layer)).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            described["layers"] = [
                _describe(child, _inner(where, i), seen)
                for i, (_, child) in enumerate(layer.named_children())
            ]
        elif parameter.name not in STARTING or parameter.default is parameter.empty:
            value = _argument(layer, parameter, where)
            described.setdefault("arguments", {})[parameter.name] = value
    return described


def _inner(where: str, i: int) -> str:
    return f"{where}.{i}" if where else str(i)


def _name_of(kind: type[Module], where: str) -> str:
    """Return a registered name, or "module:Class" for a class that is not ours."""
    if LAYERS.get(kind.__name__) is kind:
        return kind.__name__
    name = f"{kind.__module__}:{kind.__qualname__}"
    if _imported(name) is not kind:
        raise ModelFileError(
            f"save: layer {where!r}: {kind.__qualname__} cannot be found by that name in"
            f" {kind.__module__}; define the class at the top level of a module"
        )
    return name


def _argument(layer: Module, parameter: inspect.Parameter, where: str) -> Any:
    try:
        value = getattr(layer, parameter.name)
    except AttributeError:
        raise ModelFileError(
            f"save: layer {where!r}: {type(layer).__name__} does not keep its argument"
            f" {parameter.name!r}; keep it as an attribute of that name"
        ) from None
    if isinstance(value, Tensor) or (value is None and isinstance(parameter.default, bool)):
        return value is not None
    if not _plain(value):
        raise ModelFileError(
            f"save: layer {where!r}: {type(layer).__name__} has {parameter.name}={value!r},"
            " expected a number, a string, a truth value, None or a tuple of those"
        )
    return value


def _plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int | str)


# ---- building --------------------------------------------------------------------------------


def _build(description: Any, where: str, built: dict[str, Module]) -> Module:
    match description:
        case {"same": str(earlier), **rest} if not rest:
            if earlier not in built:
                raise ModelFileError(f"layer {where!r}: is the same as {earlier!r}, which is later")
            return built[earlier]
        case {"class": str(name), **rest} if rest.keys() <= {"arguments", "layers"}:
            kind = _class(name, where)
            arguments, layers = rest.get("arguments", {}), rest.get("layers", [])
        case _:
            raise ModelFileError(f"layer {where!r}: is not a class and its arguments")
    if not isinstance(arguments, dict) or not isinstance(layers, list):
        raise ModelFileError(f"layer {where!r}: is not a class and its arguments")
    children = [_build(child, _inner(where, i), built) for i, child in enumerate(layers)]
    built[where] = made = _make(kind, children, arguments, where)
    return made


def _make(
    kind: type[Module], children: list[Module], arguments: Mapping[str, Any], where: str
) -> Module:
    plain = {name: _tuples(value) for name, value in arguments.items()}
    try:
        return kind(*children, **plain)
    except BakeoffError as error:
        raise ModelFileError(f"layer {where!r}: {error}") from error
    except Exception as error:  # whatever a class that is not ours may raise
        told = ", ".join(f"{name}={value!r}" for name, value in plain.items())
        raise ModelFileError(
            f"layer {where!r}: {kind.__name__}({told}) cannot be made ({error})"
        ) from error


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _class(name: str, where: str) -> type[Module]:
    if name in LAYERS:
        return LAYERS[name]
    kind = _imported(name)
    if kind is not None:
        return kind
    module, colon, _ = name.partition(":")
    advice = f"import {module} before loading" if colon else "update bakeoff"
    raise ModelFileError(
        f"layer {where!r}: is a {name}{nearest(name, list(LAYERS))}, a class that is neither one of"
        f" bakeoff's layers nor imported; {advice}"
    )


def _imported(name: str) -> type[Module] | None:
    """Return the layer class "module:Class" if the program has imported it; import nothing."""
    module_name, _, qualified = name.partition(":")
    module = sys.modules.get(module_name)
    found: Any = module
    for part in qualified.split("."):
        # Dictionaries alone: getattr could run a module's own code.
        found = vars(found).get(part) if found is module or isinstance(found, type) else None
        if found is None:
            return None
    if isinstance(found, type) and issubclass(found, Module):
        return found if (found.__module__, found.__qualname__) == (module_name, qualified) else None
    return None
