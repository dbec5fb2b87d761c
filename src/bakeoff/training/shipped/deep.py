"""The report's deep networks, done right: one recipe, heads that learn, shared weights as well."""

from __future__ import annotations

from bakeoff.training.recipe import Recipe
from bakeoff.training.shipped.outputs import DEEP_TARGET, DIGITS
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def _deep(name: str, lr: float, weights: dict[str, float] | None = None) -> NetworkCompetitor:
    """Return a competitor; its step size is the one that `bakeoff tune deep` chose.

    It is evaluated less often than the simple ones: that costs a third of a training epoch.
    """
    recipe = Recipe(lr=lr, evaluate_every=5)
    return NetworkCompetitor(name, loss_weights=weights or {}, recipe=recipe)


DEEP = NetworkStudy(
    name="deep",
    question=(
        "Which of two digits is larger, to networks of five convolutions: does it help to train"
        " auxiliary outputs, and to share the weights between the two images?"
    ),
    competitors=(
        _deep("model4", 0.04),
        _deep("model4+target", 0.02, DEEP_TARGET),
        _deep("model5", 0.04, DIGITS),
        _deep("model4-shared", 0.04),
        _deep("model4-shared+digits", 0.02, DIGITS),
    ),
    comparisons=(
        ("model4+target", "model4"),
        ("model5", "model4"),
        ("model4-shared", "model4"),
        ("model4-shared+digits", "model4-shared"),
        ("model4-shared+digits", "model5"),
    ),
    rounds=10,
)
