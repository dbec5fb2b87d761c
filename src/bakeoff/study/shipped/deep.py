"""The report's deep networks, done right: one recipe, heads that learn, shared weights as well."""

from __future__ import annotations

from bakeoff.study.recipe import Recipe
from bakeoff.study.shipped.outputs import DEEP_TARGET, DIGITS
from bakeoff.study.spec import Competitor, Study

RECIPE = Recipe(evaluate_every=5)
"""The default recipe, evaluated less often: an evaluation costs a third of a training epoch."""

DEEP = Study(
    name="deep",
    question=(
        "Which of two digits is larger, to networks of five convolutions: does it help to train"
        " auxiliary outputs, and to share the weights between the two images?"
    ),
    competitors=(
        Competitor("model4", recipe=RECIPE),
        Competitor("model4+target", loss_weights=DEEP_TARGET, recipe=RECIPE),
        Competitor("model5", loss_weights=DIGITS, recipe=RECIPE),
        Competitor("model4-shared", recipe=RECIPE),
        Competitor("model4-shared+digits", loss_weights=DIGITS, recipe=RECIPE),
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
