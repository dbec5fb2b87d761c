"""The competitors' networks, each a factory under a name.

A factory takes the competitor's options and returns a network that is not yet initialised.
"""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType

from bakeoff.models.mlp import MLP
from bakeoff.models.record import RecordEnsemble, RecordPair
from bakeoff.models.report import DeepPair, DigitNetwork, SimplePair
from bakeoff.nn import Module

MODELS: MappingProxyType[str, Callable[..., Module]] = MappingProxyType(
    {
        "model1": partial(SimplePair, shared=False),
        "model2": partial(SimplePair, shared=True),
        "model3": partial(SimplePair, shared=False, auxiliary="target"),
        "model2+target": partial(SimplePair, shared=True, auxiliary="target"),
        "model1+digits": partial(SimplePair, shared=False, auxiliary="digits"),
        "model2+digits": partial(SimplePair, shared=True, auxiliary="digits"),
        "model1+digits-per-image": partial(SimplePair, shared=False, auxiliary="digits-per-image"),
        "model2+digits-per-image": partial(SimplePair, shared=True, auxiliary="digits-per-image"),
        "model4": partial(DeepPair, shared=False),
        "model4+target": partial(DeepPair, shared=False, auxiliary="target"),
        "model5": partial(DeepPair, shared=False, auxiliary="digits"),
        "model4-shared": partial(DeepPair, shared=True),
        "model4-shared+digits": partial(DeepPair, shared=True, auxiliary="digits"),
        "record": RecordPair,
        "record-ensemble": RecordEnsemble,
        "digit": DigitNetwork,
        "disk": partial(MLP, 2, 1),
        "mlp": MLP,
    }
)

__all__ = [
    "MLP",
    "MODELS",
    "DeepPair",
    "DigitNetwork",
    "RecordEnsemble",
    "RecordPair",
    "SimplePair",
]
