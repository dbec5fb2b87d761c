"""Stopping early: when every comparison is decided, or when a competitor only fails.

The rule of the former looks at the rounds in order, after each one, with the anytime-valid test. It
stops at the first number of rounds that decides, whichever worker finished first: the same for any
number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from bakeoff.errors import StudyError
from bakeoff.statistics.dependence import Anytime
from bakeoff.study.record import Record, Records
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Study

HOPELESS = 3
"""Of a competitor's rounds, the first so many must not all fail."""


class StoppingRule:
    """Finds the number of rounds at which a study is decided.

    Args:
        study: the study.
        rounds: the rounds that may be trained, in order.
        only: the competitors that are trained; all if empty.
        margin: as in `judge`.
        careful: look with the careful test.

    Raises:
        StudyError: for rounds that are not independent.
    """

    def __init__(
        self,
        study: Study,
        rounds: range,
        *,
        only: tuple[str, ...] = (),
        margin: float | None = None,
        careful: bool = False,
    ) -> None:
        shared = study.judging({}).dependence
        if shared.test_ratio is not None:
            raise StudyError(
                f"study {study.name!r}: until decided: got rounds that share examples ({shared}),"
                " expected independent ones; choose the number of rounds beforehand"
            )
        self._study, self._rounds, self._margin = study, rounds, margin
        self._anytime: Anytime = "careful" if careful else True
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
        # The statistics take a second to load, which an ordinary run need not wait for.
        from bakeoff.statistics.verdict import Verdict
        from bakeoff.study.verdicts import judge

        standing = self._standing.values()
        judging = self._study.judging({})
        decides = evolve(judging, metrics=judging.metrics[:1])  # the others decide nothing
        results = StudyResults.of_rounds(self._study, standing, rounds, judging=decides)
        comparisons = judge(
            results, anytime=self._anytime, margin=self._margin
        ).analysis.comparisons
        pairs = [comparison for comparison in comparisons if comparison.contrast.is_pair]
        asked = pairs or comparisons
        return bool(asked) and all(
            comparison.verdict is not Verdict.UNDECIDED for comparison in asked
        )


class Failures:
    """Ends a run in which failing goes on, before hours are lost to a mistake in a command.

    Args:
        study: says what a failed round counts as; one that counts as nothing ends no run.
        rounds: those that are made.
    """

    def __init__(self, study: Study, rounds: range) -> None:
        self._study, self._first = study, rounds[:HOPELESS]
        self._failed: dict[str, dict[int, Record]] = {}

    def add(self, records: Records) -> None:
        """Take finished rounds, in any order."""
        for record in records:
            if not record.finished:
                self._failed.setdefault(record.competitor, {})[record.round] = record

    def check(self) -> None:
        """Raise if a competitor's first rounds all failed, or any where that is to end the run.

        Raises:
            StudyError: with the competitor, and why its round failed.
        """
        rule = self._study.failed_counts_as
        for name, failed in self._failed.items() if rule is not None else ():
            hopeless = len(self._first) == HOPELESS and set(self._first) <= failed.keys()
            if rule == "stop" or hopeless:
                first = failed[min(failed)]
                raise StudyError(
                    f"study {self._study.name!r}: {name!r} failed in"
                    f" {f'its first {HOPELESS} rounds' if hopeless else f'round {first.round}'}:"
                    f" {first.note}; what was made is kept; bakeoff rounds show {name}"
                    f" {first.round} tells more, and --retry failed makes failed rounds again"
                )
