"""A network's architecture as plain data, and back.

A layer is described by its class and the arguments it was made with:

    {"class": "Linear", "arguments": {"in_features": 2, "out_features": 25, "bias": true}}

The arguments are read from the layer's attributes of the same names, a rule that all layers of
`bakeoff.nn` keep; of an argument that switches a parameter on, only whether that is there. A
container lists its layers under "layers"; one met for the second time is {"same": "0.2"}, the name
it had first, so that shared weights stay shared. The function of an activation is described like a
layer.

Nothing is imported to build a layer: its class is one of ours, or is found among the modules that
the program itself has imported.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from bakeoff import nn
from bakeoff.errors import ArgumentError, BakeoffError, ModelFileError, nearest
from bakeoff.nn import Loss, Module, Parameter
from bakeoff.nn.activation import Differentiable

Description = dict[str, Any]

LAYERS: dict[str, type[Module]] = {
    name: kind
    for name, kind in ((name, getattr(nn, name)) for name in nn.__all__)
    if isinstance(kind, type) and issubclass(kind, Module) and kind is not Module
    # A description holds a layer's arguments, and Parallel's may be named at will.
    if not issubclass(kind, Loss | nn.Parallel)
}
# Arguments that only say how weights start: they are not needed to load them.
STARTING = frozenset(["init", "generator"])
# Arguments that switch parameters on, and the attribute that is None without them.
SWITCHES = {"bias": "bias", "affine": "weight", "elementwise_affine": "weight"}


def check_network(network: Module, where: str) -> None:
    """Raise unless a network is a single one, and drawn."""
    if network.rounds is not None:
        raise ArgumentError(
            f"{where}: got {network.rounds} rounds in lockstep, expected a single network"
        )
    for name, parameter in network.named_parameters():
        if not parameter.ready:
            raise ArgumentError(f"{where}: parameter {name!r} was never drawn; initialise it first")


def describe(network: Module) -> Description:
    """Return a network's architecture as nested dictionaries and lists, ready for JSON."""
    description = _describe(network, "", {})
    made = build(description)  # better found out now than when it is needed
    if _shapes(made) != _shapes(network):
        raise ModelFileError(
            f"save: {type(network).__name__}: made again from its layers' arguments, it has other"
            " parameters; a layer must be whole once its __init__ has run"
        )
    return description


def build(description: Description) -> Module:
    """Return the network that `describe` described, its parameters not yet drawn."""
    network = _build(description, "", {})
    if not isinstance(network, Module):
        raise ModelFileError(f"is a {type(network).__name__}, expected a layer")
    return network


def _shapes(network: Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


# ---- describing ------------------------------------------------------------------------------


def _describe(layer: Module | Differentiable, where: str, seen: dict[int, str]) -> Description:
    if id(layer) in seen:
        return {"same": seen[id(layer)]}
    seen[id(layer)] = where
    described: Description = {"class": _name_of(type(layer), where)}
    for parameter in inspect.signature(type(layer)).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL and isinstance(layer, Module):
            described["layers"] = [
                _describe(child, _inner(where, i), seen)
                for i, (_, child) in enumerate(layer.named_children())
            ]
        elif parameter.name not in STARTING or parameter.default is parameter.empty:
            value = _argument(layer, parameter.name, where)
            described.setdefault("arguments", {})[parameter.name] = value
    return described


def _inner(where: str, name: str | int) -> str:
    return f"{where}.{name}" if where else str(name)


def _name_of(kind: type, where: str) -> str:
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


def _argument(layer: Module | Differentiable, name: str, where: str) -> Any:
    attribute = SWITCHES.get(name, name)
    if not hasattr(layer, attribute):
        raise ModelFileError(
            f"save: layer {where!r}: {type(layer).__name__} does not keep its argument {name!r};"
            " keep it as an attribute of that name"
        )
    value = getattr(layer, attribute)
    if name in SWITCHES and (value is None or isinstance(value, Parameter)):
        return value is not None
    if isinstance(value, Differentiable):
        return _describe(value, _inner(where, name), {})
    if not _plain(value):
        raise ModelFileError(
            f"save: layer {where!r}: {type(layer).__name__} has {name}={value!r}, expected a"
            " number, a string, a truth value, None or a tuple of those"
        )
    return value


def _plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int | str)


# ---- building --------------------------------------------------------------------------------


def _build(description: Any, where: str, built: dict[str, Any]) -> Any:
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
    values = {name: _value(value, _inner(where, name)) for name, value in arguments.items()}
    built[where] = made = _make(kind, children, values, where)
    return made


def _value(value: Any, where: str) -> Any:
    """Return an argument as it was: JSON knows no tuples, and a dictionary describes an object."""
    if isinstance(value, list):
        return tuple(_value(item, where) for item in value)
    return _build(value, where, {}) if isinstance(value, dict) else value


def _make(kind: type, children: list[Any], arguments: Mapping[str, Any], where: str) -> Any:
    try:
        return kind(*children, **arguments)
    except BakeoffError as error:
        raise ModelFileError(f"layer {where!r}: {error}") from error
    except Exception as error:  # whatever a class that is not ours may raise
        told = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        why = str(error).partition("\n")[0]
        raise ModelFileError(
            f"layer {where!r}: {kind.__name__}({told}) cannot be made ({why})"
        ) from error


def _class(name: str, where: str) -> type:
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


def _imported(name: str) -> type | None:
    """Return the layer class "module:Class" if the program has imported it; import nothing."""
    module_name, _, qualified = name.partition(":")
    found: Any = sys.modules.get(module_name)
    for part in qualified.split("."):
        # Dictionaries alone: getattr could run a module's own code.
        found = vars(found).get(part) if isinstance(found, ModuleType | type) else None
    if not isinstance(found, type):
        return None
    if (found.__module__, found.__qualname__) != (module_name, qualified):
        return None
    # A layer, or a user's own function of an activation.
    is_function = all(callable(vars(found).get(n)) for n in ("evaluation", "derivative"))
    return found if issubclass(found, Module) or is_function else None
