"""The record: from the paper's model 2 to the best known on its task, an ingredient at a time.

Each competitor is the one before it and one thing more, so the comparisons say what each thing
brings. All numbers here were chosen on training images of MNIST that the round in question does not
train on, as `bakeoff tune` judges, never on test images.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs

from bakeoff.training.augmentation import Augmentation
from bakeoff.training.recipe import Recipe
from bakeoff.training.shipped.pairs import DIGITS
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

EPOCHS = 20
LONGER = 30
LONGEST = 40
READERS = 2
ZOOM = 0.07

START = Recipe(epochs=EPOCHS, evaluate_every=10)
ONE_CYCLE = attrs.evolve(
    START, optimiser="AdamW", lr=0.015, weight_decay=0.05, schedule="OneCycleLR"
)
SWAP = Augmentation(swap=True)
ANEW = Augmentation(swap=True, pair_anew=True)
AFFINE = attrs.evolve(ANEW, rotate=10, scale=0.1, shear=0.1, shift=1)
ELASTIC = attrs.evolve(AFFINE, elastic=0.5, smoothness=2)
SHARP = attrs.evolve(ELASTIC, sharp=True)


def _with(augmentation: Augmentation, **changes: Any) -> Recipe:
    return attrs.evolve(ONE_CYCLE, augmentation=augmentation, **changes)


def _all_readers() -> dict[str, float]:
    """Return weight 1 for every output of every reader."""
    outputs = ("target", "first", "second")
    return {f"{o}.{i}" if i else o: 1.0 for i in range(READERS) for o in outputs}


def _record(name: str, digits: str, recipe: Recipe) -> NetworkCompetitor:
    weights = {} if digits == "none" else DIGITS
    return NetworkCompetitor(name, "record", weights, recipe, options={"digits": digits})


def _views(name: str, augmentation: Augmentation) -> NetworkCompetitor:
    recipe = _with(augmentation, epochs=LONGER, average_epochs=5)
    return NetworkCompetitor(name, "record-ensemble", DIGITS, recipe, options={"zoom": ZOOM})


LADDER = (
    NetworkCompetitor("model2", recipe=START),
    NetworkCompetitor("one-cycle", "model2", recipe=ONE_CYCLE),
    _record("batch-norm", "none", ONE_CYCLE),
    _record("swap", "none", _with(SWAP)),
    _record("digit-loss", "read", _with(SWAP)),
    _record("posterior", "decide", _with(SWAP)),
    _record("pair-anew", "decide", _with(ANEW)),
    _record("affine", "decide", _with(AFFINE)),
    _record("elastic", "decide", _with(ELASTIC)),
    _record("longer", "decide", _with(ELASTIC, epochs=LONGER)),
    _record("averaged", "decide", _with(ELASTIC, epochs=LONGER, average_epochs=5)),
    _views("slim", ELASTIC),
    _views("sharp", SHARP),
    NetworkCompetitor(
        "best",
        "record-ensemble",
        _all_readers(),
        # Smaller batches, and steps, keep all readers together under 1 GiB of memory.
        _with(SHARP, epochs=LONGEST, average_epochs=5, batch_size=25, lr=0.01),
        options={"zoom": ZOOM, "readers": READERS, "width": 24},
    ),
)

RECORD = NetworkStudy(
    name="record",
    question=(
        "Which of two digits is larger: how far can a network get that has seen 1,000 pairs, and"
        " what does each ingredient bring?"
    ),
    competitors=LADDER,
    comparisons=[(after.name, before.name) for before, after in pairwise(LADDER)],
)
