"""The data that a study can name, and what a reader must know of them; without a tensor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from bakeoff.statistics.units import Unit

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


@frozen
class Metric:
    """What a round is judged by; larger is better.

    Attributes:
        name: as people read it.
        key: as a part of names in JSON and data frames.
        factor: by which values are multiplied for people.
        sign: what follows a value then.
        digits: its decimals.
        differences: the unit of differences: "points", or what they are differences in.
    """

    name: str
    key: str
    factor: float
    sign: str
    digits: int
    differences: str

    @property
    def test(self) -> str:
        """The name of the score on the test set, which is judged."""
        return f"test_{self.key}"

    @property
    def train(self) -> str:
        """The name of the score in training."""
        return f"train_{self.key}"

    @property
    def title(self) -> str:
        """The name as a heading begins: "Accuracy"."""
        return self.name[0].upper() + self.name[1:]

    @property
    def axis(self) -> str:
        """The name with the sign, as figures and tables have it: "accuracy, %"."""
        return f"{self.name},{self.sign}" if self.sign else self.name

    @property
    def unit(self) -> Unit:
        """How the statistics show differences."""
        from bakeoff.statistics.units import Unit

        return Unit(self.factor, self.differences)

    def scaled(self, value: float) -> float:
        """Return a value as people read it, a share in percent."""
        return self.factor * value

    def show(self, value: float) -> str:
        """Return a value in words: "86.3 %", "0.912"."""
        return f"{self.factor * value:.{self.digits}f}{self.sign}"


ACCURACY = Metric("accuracy", "accuracy", 100.0, " %", 1, "points")
"""The share of test examples whose class was predicted rightly, from 0 to 1."""

R_SQUARED = Metric("R²", "r2", 1.0, "", 3, "in R²")
"""The coefficient of determination, 1 minus the mean squared error over the targets' variance."""

METRICS = {metric.key: metric for metric in (ACCURACY, R_SQUARED)}


@frozen
class DataFacts:
    """What a reader must know of a study's data.

    Attributes:
        metric: what rounds are judged by.
        resplit: each round cuts one set anew, so rounds are not independent.
    """

    metric: Metric = ACCURACY
    resplit: bool = False

    def told(self) -> dict[str, str]:
        """Return what is not as usual, ready for JSON; empty for accuracy and fresh rounds."""
        told = {} if self.metric == ACCURACY else {"metric": self.metric.key}
        return told | ({"rounds": "resplit"} if self.resplit else {})

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> DataFacts:
        """Return the facts that `told` told."""
        return cls(METRICS[told.get("metric", "accuracy")], told.get("rounds") == "resplit")
