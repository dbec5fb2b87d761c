"""The competitors' networks, each a factory under a name.

A factory takes the competitor's options and returns a network that is not yet initialised.
"""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType

from bakeoff.models.simple import SimplePair
from bakeoff.nn import Module

MODELS: MappingProxyType[str, Callable[..., Module]] = MappingProxyType(
    {
        "model1": partial(SimplePair, shared=False),
        "model2": partial(SimplePair, shared=True),
    }
)

__all__ = ["MODELS", "SimplePair"]
