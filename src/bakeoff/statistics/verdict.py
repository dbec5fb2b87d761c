"""The four verdicts, and when none can be given.

- **equivalent**: a margin was declared, and two one-sided tests put the difference inside it, after
  correction. It comes first: whoever declares a margin says that less does not matter, so a
  difference that is real yet smaller than the margin is not called better.
- **better**, **worse**: the corrected p is at most alpha. The interval then leaves out 0, and
  its side gives the direction.
- **undecided**: all else. Too few rounds for any verdict always end here, since the smallest p
  that they can reach exceeds alpha.

Where a round failed, the figures are those of all rounds, as `failures` counts them.

Differences and equivalences are one family, corrected over all declared comparisons: at most alpha
of the studies hold a false verdict of either kind (`holm.shaffer`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bakeoff.statistics.contrast import Contrast
from bakeoff.statistics.describe import Array, Interval
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.failures import Failures
from bakeoff.statistics.looks import Looks


class Verdict(StrEnum):
    """What a study may say about one comparison."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether a difference lies within a margin declared beforehand.

    Attributes:
        margin: in the values' unit, above 0.
        p_value: of a difference as large as the margin or larger.
        corrected_p: over the declared comparisons.
        interval: it lies within the margin exactly when p_value <= alpha.
    """

    margin: float
    p_value: float
    corrected_p: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Rules:
    """What a whole analysis goes by.

    Attributes:
        alpha: largest share of studies with a false verdict.
        comparisons: how many are declared.
        larger_is_better: whether a positive difference favours the contrast's upper side.
        anytime: p-values and intervals are anytime-valid.
        test_ratio: examples tested on over examples trained on, where p-values and intervals are
            those of the corrected resampled t test; None where rounds are independent.
        of: what a row of values is: "round" or "task".
        careful: anytime-valid ones that take no shape for granted, but a range (`betting`).
    """

    alpha: float
    comparisons: int
    larger_is_better: bool = True
    anytime: bool = False
    test_ratio: float | None = None
    of: str = "round"
    careful: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One declared comparison, decided.

    Attributes:
        contrast: what is compared, with its weights.
        dropped: rounds left out of the estimate because a competitor in it failed.
        estimate: the figures; None below two rounds.
        corrected_p: over the declared comparisons, 1 without an estimate; of the rounds won where
            a failed round is lost.
        equivalence: None without a margin or an estimate.
        detectable: smallest true difference that these rounds would have shown with 80 % power at
            Holm's first step if their spread is at its upper limit (`power.spread_limit`), in the
            values' unit; None in anytime and careful mode, for equal differences, or if the rounds
            cannot reach a verdict.
        rounds_to_reach: fewest rounds that can reach a verdict at Holm's first step; in careful
            mode, of the mean difference that these rounds have.
        copies: every competitor in it gave one and the same value in every round.
        failures: what failed, and what the figures are without; None where nothing did.
        looks: other figures of a pair, beside the verdict; None for an effect.
        verdict: the verdict.
        sentence: the verdict in words, with the numbers it stands on.
        notes: what a reader must know besides, a sentence each.
        differences: (rounds,) float64, each counted round's, in order; None where none are paired.
    """

    contrast: Contrast
    dropped: int
    estimate: Estimate | None
    corrected_p: float = 1.0
    equivalence: Equivalence | None = None
    detectable: float | None = None
    rounds_to_reach: int = 2
    copies: bool = False
    failures: Failures | None = None
    looks: Looks | None = None
    verdict: Verdict = Verdict.UNDECIDED
    sentence: str = ""
    notes: tuple[str, ...] = ()
    differences: Array | None = field(default=None, compare=False, repr=False)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The verdict in words, an effect's weights, and what else a reader must know."""
        weights: tuple[str, ...] = ()
        if not self.contrast.is_pair:
            weights = (f"Weights: {self.contrast.formula}.",)
        return (self.sentence, *weights, *self.notes)

    @property
    def rounds(self) -> int:
        """How many rounds entered; 0 below two, which allow no estimate."""
        return self.estimate.rounds if self.estimate else 0


def decide(comparison: Comparison, rules: Rules) -> Verdict:
    """Return the verdict that a comparison's figures support."""
    estimate, equivalence = comparison.estimate, comparison.equivalence
    wins = comparison.failures.wins if comparison.failures else None
    if wins is not None:
        if comparison.corrected_p > rules.alpha:
            return Verdict.UNDECIDED
        return Verdict.BETTER if wins.mean > 0 else Verdict.WORSE
    if estimate is None or comparison.copies or estimate.drifted:
        return Verdict.UNDECIDED
    if (
        equivalence is not None
        and equivalence.corrected_p <= rules.alpha
        and equivalence.interval.inside(equivalence.margin)
    ):
        return Verdict.EQUIVALENT
    if comparison.corrected_p <= rules.alpha:
        favours_upper = (estimate.interval.low > 0) == rules.larger_is_better
        return Verdict.BETTER if favours_upper else Verdict.WORSE
    return Verdict.UNDECIDED
