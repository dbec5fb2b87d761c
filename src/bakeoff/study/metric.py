"""What rounds are judged by."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, inf, isfinite, log10
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from bakeoff.statistics.dependence import FRESH, Dependence
from bakeoff.study.checks import check, field_faults, is_text, optional, refuse, whole
from bakeoff.study.scores import SOURCE, TAKE

if TYPE_CHECKING:
    from bakeoff.statistics.units import Unit

HIGHER, LOWER = "higher", "lower"
MOST_DIGITS = 12
RATIO = "ratio"
UNITS = ("points", "plain", "seconds", RATIO)
"""Fractions whose differences are told in percentage points; numbers as they stand; seconds; and
numbers above 0 that are compared by their ratio."""


@frozen
class Metric:
    """One number of a round, which competitors are judged by.

    Args:
        name: as people read it: "test accuracy".
        better: which values are better, "higher" or "lower".
        unit: one of `UNITS`.
        score: the score's name in a `Record`; the name with _ for blanks unless given.
        digits: decimals to show; those that the values earn if None.
        source: where a command's value stands: "regex: PATTERN", in what it prints, the group being
            the number; "json", the value by the score's name in the JSON objects that are lines of
            it, or "json: a.b"; "file: NAME#a.b", in a JSON file that it leaves in ``{dir}``;
            "csv: NAME#column"; "" looks for JSON lines, for metrics.json, for the metric's name
            with a number behind it, and for a number alone.
        take: which of several numbers counts: "last", "min", "max" or "mean:N" of the last N; with
            "", several different ones are refused.

    Raises:
        SpecError: with every field outside its range.
    """

    name: str = field(
        metadata=check(lambda v: is_text(v) and len(v) <= 60, "a name of at most 60 characters")
    )
    better: str = field(
        default=HIGHER, metadata=check(lambda v: v in (HIGHER, LOWER), '"higher" or "lower"')
    )
    unit: str = field(
        default="plain", metadata=check(lambda v: v in UNITS, f"one of {', '.join(UNITS)}")
    )
    score: str = field(metadata=check(is_text, "the name of a score"))
    digits: int | None = field(metadata=optional(whole(0, MOST_DIGITS)))
    source: str = field(default="", kw_only=True, metadata=SOURCE)
    take: str = field(default="", kw_only=True, metadata=TAKE)

    @digits.default
    def _digits(self) -> int | None:
        return {"points": 1, "seconds": 2, RATIO: 3}.get(self.unit)

    @score.default
    def _score(self) -> str:
        return self.name.replace(" ", "_") if isinstance(self.name, str) else ""

    def __attrs_post_init__(self) -> None:
        refuse(f"metric {self.name!r}", field_faults(self))

    @property
    def larger_is_better(self) -> bool:
        """Whether higher values are better."""
        return self.better == HIGHER

    @property
    def in_training(self) -> str:
        """The name of the score on the training set; "" where the metric is none of a test set."""
        kind, _, what = self.score.partition("_")
        return f"train_{what}" if kind == "test" else ""

    @property
    def short(self) -> str:
        """The name without the test set, "accuracy" of "test accuracy"."""
        return self.name.removeprefix("test ")

    @property
    def title(self) -> str:
        """The short name as a heading begins, "Accuracy"."""
        return self.short[:1].upper() + self.short[1:]

    @property
    def decimals(self) -> int:
        """The decimals to show."""
        return 3 if self.digits is None else self.digits

    @property
    def factor(self) -> float:
        """By which values are multiplied for people."""
        return 100.0 if self.unit == "points" else 1.0

    @property
    def sign(self) -> str:
        """What follows a value."""
        if self.score == "seconds":
            return " s"
        return {"points": " %", "seconds": " s"}.get(self.unit, "")

    @property
    def axis(self) -> str:
        """The short name with the sign, as figures and tables have it, "accuracy, %"."""
        return f"{self.short},{self.sign}" if self.sign else self.short

    @property
    def shown(self) -> Unit:
        """How the statistics show differences, or ratios."""
        from bakeoff.statistics.units import Ratio, Unit

        if self.unit == RATIO:
            return Ratio(faster=self.score == "seconds")

        names = {"points": "points", "seconds": "s"}
        of_r2 = "in R²" if self.score == "test_r2" else ""
        return Unit(self.factor, names.get(self.unit, of_r2))

    def scaled(self, value: float) -> float:
        """Return a value as people read it, a share in percent."""
        return self.factor * value

    def settled(self, values: Iterable[float]) -> Metric:
        """Return the metric with the decimals that values earn: three digits of their range."""
        if self.digits is not None:
            return self
        known = [value for value in values if isfinite(value)]
        size = max(known) - min(known) if known else 0.0
        size = size or max(map(abs, known), default=1.0) / 100
        digits = min(MOST_DIGITS, max(0, 2 - floor(log10(size)))) if 0 < size < inf else 1
        return evolve(self, digits=digits)

    def show(self, value: float) -> str:
        """Return a value in words: "86.3 %", "0.912"."""
        return f"{self.factor * value:.{self.settled([value]).decimals}f}{self.sign}"


SECONDS_METRIC = Metric("seconds", better=LOWER, unit="seconds")
"""What a round took; every study has it beside its own metrics."""


@frozen
class Judging:
    """How a study's rounds are judged.

    Attributes:
        metrics: the first decides, the others are shown beside it.
        dependence: what rounds share.
    """

    metrics: tuple[Metric, ...]
    dependence: Dependence = FRESH

    @property
    def metric(self) -> Metric:
        """What decides."""
        return self.metrics[0]
