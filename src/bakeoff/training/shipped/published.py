"""What the paper trained, defects and all, beside the same done right.

A competitor called `report-...` has the paper's recipe: raw grey values, plain SGD and its own
step size and number of epochs. The others have the recipe of the study that does it right, so that
rounds which are kept already are not trained again. From each side one defect at a time is mended,
or brought in.
"""

from __future__ import annotations

from typing import Any

import attrs

from bakeoff.training.recipe import PUBLISHED, Recipe
from bakeoff.training.shipped.pairs import ABLATION, DEEP, DEEP_TARGET, OVERWRITTEN, TARGET
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def _report(
    name: str, network: str, recipe: Recipe = PUBLISHED, **changes: Any
) -> NetworkCompetitor:
    """Return a network under the paper's recipe."""
    return NetworkCompetitor(f"report-{name}", network, recipe=recipe, **changes)


def _right(name: str, study: NetworkStudy = ABLATION) -> NetworkCompetitor:
    """Return a competitor as the study that does it right trains it, outside its factorial."""
    return attrs.evolve(study.network(name), levels=())


def _with(defect: str, name: str, **changes: Any) -> NetworkCompetitor:
    """Return one of the ablation's competitors with one defect brought in."""
    return attrs.evolve(_right(name), name=f"{name}-{defect}", network=name, **changes)


MODEL1_60 = attrs.evolve(PUBLISHED, epochs=60)
MODEL3 = attrs.evolve(PUBLISHED, epochs=60, lr=0.0075)
REDRAWN = {"redrawn": True}

PUBLISHED_SIMPLE = NetworkStudy(
    name="published",
    question="Does the paper's recipe give its figures, and what does each of its defects cost?",
    competitors=(
        _report("model1", "model1"),
        _report("model2", "model2"),
        _report("model1-60", "model1", MODEL1_60),
        _report("model3", "model3", MODEL3, loss_weights=TARGET, options=REDRAWN),
        # One defect mended.
        _report("model3-trained", "model3", MODEL3, loss_weights=TARGET),
        _report("model3-equal", "model3", MODEL1_60, loss_weights=TARGET, options=REDRAWN),
        _report("model1-standardised", "model1", attrs.evolve(PUBLISHED, standardise=True)),
        # Done right.
        _right("model1"),
        _right("model2"),
        _right("model3"),
        _right("model1+digits"),
        # One defect brought in.
        _with("raw", "model1", recipe=attrs.evolve(_right("model1").recipe, standardise=False)),
        _with("redrawn", "model3", options=REDRAWN),
        _with("overwritten", "model1+digits", loss_weights=OVERWRITTEN),
        _with("sigmoid", "model1+digits", options={"sigmoid_digits": True}),
        _with("one-layer", "model1+digits", options={"one_digit_layer": True}),
    ),
    comparisons=(
        ("report-model2", "report-model1"),
        ("report-model3", "report-model1-60"),
        ("report-model3-trained", "report-model3"),
        ("report-model3-equal", "report-model3"),
        ("report-model1-standardised", "report-model1"),
        ("model1", "report-model1"),
        ("model2", "report-model2"),
        ("model3", "report-model3"),
        ("model1-raw", "model1"),
        ("model3-redrawn", "model3"),
        ("model1+digits-overwritten", "model1+digits"),
        ("model1+digits-sigmoid", "model1+digits"),
        ("model1+digits-one-layer", "model1+digits"),
    ),
)

# Ten rounds of the paper's 125, 125 and 400 epochs would take ten hours of one core. 50 is what it
# says that its plain network needs.
MODEL4 = attrs.evolve(PUBLISHED, epochs=50, evaluate_every=5)
MODEL4_TARGET = attrs.evolve(MODEL4, lr=0.002)
MODEL5 = attrs.evolve(MODEL4, lr=3e-4)

PUBLISHED_DEEP = NetworkStudy(
    name="published-deep",
    question="Does the paper's recipe give its figures of deep networks, and what does it cost?",
    competitors=(
        _report("model1-60", "model1", MODEL1_60),
        _report("model4", "model4", MODEL4),
        _report(
            "model4+target",
            "model4+target",
            MODEL4_TARGET,
            loss_weights=DEEP_TARGET,
            options=REDRAWN,
        ),
        _report(
            "model5",
            "model5",
            MODEL5,
            loss_weights=OVERWRITTEN,
            options={"sigmoid_digits": True, "one_digit_layer": True},
        ),
        _right("model1"),
        _right("model4", DEEP),
        _right("model4+target", DEEP),
        _right("model5", DEEP),
    ),
    comparisons=(
        ("report-model4", "report-model1-60"),
        ("report-model4+target", "report-model4"),
        ("report-model5", "report-model4"),
        ("model4", "model1"),
        ("model4", "report-model4"),
        ("model4+target", "report-model4+target"),
        ("model5", "report-model5"),
    ),
    rounds=10,
)
