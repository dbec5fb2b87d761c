"""Stopping early: rounds are trained until every comparison is decided.

The rule looks at the rounds in order, after each one, with the anytime-valid test. It stops at the
first number of rounds that decides, whichever worker finished first: the same for any number of
workers.
"""

from __future__ import annotations

from collections.abc import Iterable

from bakeoff.statistics.verdict import Verdict
from bakeoff.study.record import Record
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Study
from bakeoff.study.verdicts import judge


class StoppingRule:
    """Finds the number of rounds at which a study is decided.

    Args:
        study: the study.
        rounds: the rounds that may be trained, in order.
        only: the competitors that are trained; all if empty.
        margin: as in `judge`.
    """

    def __init__(
        self,
        study: Study,
        rounds: range,
        *,
        only: tuple[str, ...] = (),
        margin: float | None = None,
    ) -> None:
        self._study, self._rounds, self._margin = study, rounds, margin
        self._names = only or study.competitor_names
        self._standing: dict[tuple[int, str], Record] = {}
        self._looked = 0
        self.decided_at: int | None = None

    def add(self, results: Iterable[Record]) -> None:
        """Take finished rounds, in any order, and look at each number of rounds now complete."""
        for result in results:
            if result.round in self._rounds:
                self._standing[result.round, result.competitor] = result
        while self.decided_at is None and self._complete(self._looked):
            self._looked += 1
            if self._is_decided(self._rounds[: self._looked]):
                self.decided_at = self._looked

    @property
    def rounds(self) -> range:
        """The rounds to report: up to the decision, or all that may be trained."""
        return self._rounds if self.decided_at is None else self._rounds[: self.decided_at]

    def _complete(self, place: int) -> bool:
        return place < len(self._rounds) and all(
            (self._rounds[place], name) in self._standing for name in self._names
        )

    def _is_decided(self, rounds: range) -> bool:
        """Tell whether all declared comparisons that can be, or else all effects, are decided."""
        standing = self._standing.values()
        results = StudyResults.of_rounds(self._study, standing, rounds)
        comparisons = judge(results, anytime=True, margin=self._margin).analysis.comparisons
        pairs = [comparison for comparison in comparisons if comparison.contrast.kind == "pair"]
        asked = pairs or comparisons
        return bool(asked) and all(
            comparison.verdict is not Verdict.UNDECIDED for comparison in asked
        )
