"""The report's disk: is a point of the unit square inside the disk of half its area?"""

from __future__ import annotations

import attrs

from bakeoff.training.data_sets import ACCURACY
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

RECIPE = Recipe(lr=0.2, schedule="CosineAnnealingLR", epochs=250, rounds_per_group=10, evaluate_every=5)

DISK = NetworkStudy(
    name="disk",
    question=(
        "Is a point of the unit square inside the disk of half its area: is that told better by"
        " tanh or by ReLU?"
    ),
    competitors=(
        NetworkCompetitor("tanh", network="disk", recipe=RECIPE),
        NetworkCompetitor("relu", network="disk", recipe=RECIPE, options={"activation": "relu"}),
    ),
    comparisons=(("tanh", "relu"),),
    data="disk",
    metrics=(attrs.evolve(ACCURACY, digits=2),),
)
