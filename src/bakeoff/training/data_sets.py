"""The data that a study can name, and what a reader must know of them; without a tensor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bakeoff.errors import DataError
from bakeoff.statistics.dependence import FRESH, Dependence
from bakeoff.study.metric import Judging, Metric

if TYPE_CHECKING:
    from bakeoff.training.spec import NetworkStudy

IDX_DATA = ("pairs", "tuning-pairs", "digits", "digits-28")
"""Data sets that are drawn from MNIST, or from other files of its format."""

DATA_SETS = (*IDX_DATA, "disk")
"""Pairs of digits, tested on test images; pairs to tune on, whose "test" pairs are of training
images that the round does not train on; single digits of 14×14 and of 28×28; points in and around
the disk."""

PAIRS = ("pairs", "tuning-pairs")
EXPECTED_DATA = (
    f"one of {', '.join(DATA_SETS)}, or a function of your own, as 'mymodule:make_round'"
)


def is_data(value: object) -> bool:
    """Tell whether a study may name such data."""
    return isinstance(value, str) and (
        value in DATA_SETS or re.fullmatch(r"[\w.]+:[\w.]+", value) is not None
    )


ACCURACY = Metric("test accuracy", unit="points")
"""The share of test examples whose class was predicted rightly, from 0 to 1."""

R_SQUARED = Metric("test R²", score="test_r2", digits=3)
"""The coefficient of determination, 1 minus the mean squared error over the targets' variance."""


def facts(numbers: bool, resplit: bool) -> dict[str, str]:
    """Return what of data is not as usual, as keys tell it; empty for classes and fresh rounds.

    Args:
        numbers: the targets are numbers, not classes.
        resplit: each round cuts one set anew, so rounds are not independent.
    """
    return ({"metric": "r2"} if numbers else {}) | ({"rounds": "resplit"} if resplit else {})


def judging_of(facts: Mapping[str, Any], study: NetworkStudy) -> Judging:
    """Return how a study's rounds are judged, with the facts of its data.

    Raises:
        DataError: for what are no facts.
    """
    known = {"accuracy": ACCURACY, "r2": R_SQUARED}
    metric = facts.get("metric", "accuracy") if isinstance(facts, Mapping) else None
    if not isinstance(metric, str) or metric not in known:
        raise DataError(f"tells no facts of its data ({facts!r})")
    resplit = facts.get("rounds") == "resplit"
    sizes = study.train_size, study.test_size
    shared = Dependence("resplit", sizes) if resplit else FRESH
    return Judging(study.metrics or (known[metric],), shared)
