"""Studies of pairs of digits: weight sharing and auxiliary outputs; where to read the digits."""

from __future__ import annotations

import attrs

from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

# The weights of auxiliary losses, as the paper adds them: each by itself, to the main one.
TARGET = {"target.conv1": 1.0, "target.pool": 1.0}
"""The two branches of the simple networks."""

DEEP_TARGET = {"target.conv1": 1.0, "target.conv2": 1.0, "target.conv4": 1.0}
"""The three branches of the deep networks."""

DIGITS = {"first": 1.0, "second": 1.0}
"""The digits of a pair."""

OVERWRITTEN = {"first": 0.0, "second": 0.0}
"""The digit losses as the paper's code used them: computed, then overwritten by the main one."""


def _cell(
    name: str, sharing: str, auxiliary: str, weights: dict[str, float], lr: float
) -> NetworkCompetitor:
    """Return a competitor; its step size is the one that `bakeoff tune ablation` chose."""
    levels = {"sharing": sharing, "auxiliary": auxiliary}
    return NetworkCompetitor(name, loss_weights=weights, levels=levels, recipe=Recipe(lr=lr))


def _deep(name: str, lr: float, weights: dict[str, float] | None = None) -> NetworkCompetitor:
    """Return a competitor; its step size is the one that `bakeoff tune deep` chose.

    It is evaluated less often than the simple ones: that costs a third of a training epoch.
    """
    recipe = Recipe(lr=lr, evaluate_every=5)
    return NetworkCompetitor(name, loss_weights=weights or {}, recipe=recipe)


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
"""The ablation of the simple networks: weight sharing × auxiliary outputs."""


def _brief(name: str) -> NetworkCompetitor:
    """Return one of the ablation's competitors as a first look trains it, outside a factorial."""
    competitor = ABLATION.network(name)
    recipe = attrs.evolve(competitor.recipe, epochs=6, evaluate_every=6)
    return attrs.evolve(competitor, recipe=recipe, levels=())


FIRST = NetworkStudy(
    name="first",
    question="Which of two digits is larger: does it help to share weights between the two images?",
    competitors=(_brief("model1"), _brief("model2")),
    comparisons=(("model2", "model1"),),
    rounds=24,
    seed=1,
)
"""The ablation's first question after 6 epochs, with its step sizes: a first look, in seconds.

Epochs and rounds were chosen by rounds of other seeds, none of this study among them: after 6
epochs sharing brought 3.1, 1.8 and 2.9 points in 30 rounds each of seeds 0, 2 and 3, with standard
deviations of 2.7, 2.7 and 3.6. Even 1.8 of 2.7 is found by 24 rounds nearly nine times in ten.
"""

DIGIT_HEADS = NetworkStudy(
    name="digit-heads",
    question="Where should the two digits be read: from the joined features, or image by image?",
    competitors=(
        NetworkCompetitor("model1+digits", loss_weights=DIGITS),
        NetworkCompetitor("model1+digits-per-image", loss_weights=DIGITS),
        NetworkCompetitor("model2+digits", loss_weights=DIGITS),
        NetworkCompetitor("model2+digits-per-image", loss_weights=DIGITS),
    ),
    comparisons=(
        ("model1+digits-per-image", "model1+digits"),
        ("model2+digits-per-image", "model2+digits"),
    ),
)

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
"""The paper's deep networks, done right: one recipe, heads that learn, shared weights too."""
