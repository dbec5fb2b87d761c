"""The ablation of the simple networks: weight sharing × auxiliary outputs."""

from __future__ import annotations

from bakeoff.training.recipe import Recipe
from bakeoff.training.shipped.outputs import DIGITS, TARGET
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def _cell(
    name: str, sharing: str, auxiliary: str, weights: dict[str, float], lr: float
) -> NetworkCompetitor:
    """Return a competitor; its step size is the one that `bakeoff tune ablation` chose."""
    levels = {"sharing": sharing, "auxiliary": auxiliary}
    return NetworkCompetitor(name, loss_weights=weights, levels=levels, recipe=Recipe(lr=lr))


ABLATION = NetworkStudy(
    name="ablation",
    question=(
        "Which of two digits is larger: does it help to share the weights between the two images,"
        " and to train auxiliary outputs?"
    ),
    competitors=(
        _cell("model1", "no", "none", {}, 0.08),
        _cell("model2", "yes", "none", {}, 0.04),
        _cell("model3", "no", "target", TARGET, 0.02),
        _cell("model2+target", "yes", "target", TARGET, 0.04),
        _cell("model1+digits", "no", "digits", DIGITS, 0.04),
        _cell("model2+digits", "yes", "digits", DIGITS, 0.02),
    ),
    comparisons=(
        ("model2", "model1"),
        ("model3", "model1"),
        ("model2+target", "model2"),
        ("model1+digits", "model1"),
        ("model2+digits", "model2"),
        ("model2+digits", "model1+digits"),
    ),
)
