"""Stopping early: when all is decided, when hope is gone, or when a competitor only fails.

A race looks at the rounds in order, with the anytime-valid test, whichever worker finished first.
So it comes out the same for any number of workers, and when it is replayed later from the records.
It looks after each of the first 100 rounds, then at every further 1 or 2 %.

- Where all pairs are asked for, whoever is not in the set that may be the best (`ranking`) leaves,
  and the race is over when one is left. Else whoever has only decided comparisons leaves.
- **Futility.** From half of the rounds on, at each eighth of them, every open pair is continued
  `CONTINUATIONS` times to the last round, by rounds drawn from those seen and shifted in favour of
  a decision, to the end of the 80 % interval of their mean. If fewer than 5 of 100 continuations of
  each pair decide it, the race stops: an anytime-valid test is right whenever one stops (stochastic
  curtailment: Lan, Simon & Halperin 1982, "Stochastically curtailed tests in long-term clinical
  trials", Sequential Analysis 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from bakeoff.errors import StudyError
from bakeoff.statistics.dependence import Anytime
from bakeoff.study.record import Record, Records
from bakeoff.study.results import DECIDED, FUTILE, Race, StudyResults
from bakeoff.study.spec import Study

if TYPE_CHECKING:
    from bakeoff.statistics.describe import Array
    from bakeoff.statistics.verdict import Comparison

HOPELESS = 3
"""Of a competitor's rounds, the first so many must not all fail."""
ALPHA = 0.05
CONTINUATIONS = 400
HOPE = 0.05  # the share of them that goes on
FEWEST = 10  # rounds that tell how much there is to hope for
SLACK = 1.1  # that the quick p may exceed the test's own by


class StoppingRule:
    """Finds the number of rounds at which a study is decided, and who leaves before.

    Args:
        study: the study.
        rounds: the rounds that may be trained, in order.
        only: the competitors that are trained; all if empty.
        margin: as in `judge`.
        careful: look with the careful test.

    Attributes:
        race: what it is of.
        left: who left, and after how many rounds.
        decided_at: the number of rounds at which it is over; None if it is not.
        ended: why, as of `Race`.

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
        self.race = Race(rounds, margin, careful)
        self._names = only or study.competitor_names
        asked = [pair for pair in study.comparisons if set(pair) <= set(self._names)]
        size = len(self._names)
        self._quick = not study.tasks and not careful  # evidence that is found at once for all
        self._for_best = self._quick and size > 2 and len(asked) == size * (size - 1) // 2
        self._pairs = list(combinations(self._names, 2)) if self._for_best else asked
        self._p: dict[tuple[str, str], Array] = {}
        self._standing: dict[tuple[int, str], Record] = {}
        self._done: list[set[str]] = []  # pairs that are decided
        self._looked = self._part = 0
        self.left: dict[str, int] = {}
        self.decided_at: int | None = None
        self.ended = ""

    def add(self, results: Iterable[Record]) -> None:
        """Take finished rounds, in any order, and look at each number of rounds now complete."""
        for result in results:
            if result.round in self._rounds:
                self._standing[result.round, result.competitor] = result
        while self.decided_at is None and self._complete(self._looked):
            self._looked += 1
            if self._looked % max(1, self._looked // 50) == 0 or self._looked == len(self._rounds):
                self._look()

    @property
    def rounds(self) -> range:
        """The rounds to report: up to the decision, or all that may be trained."""
        return self._rounds if self.decided_at is None else self._rounds[: self.decided_at]

    @property
    def counted(self) -> Records:
        """The rounds that count: none of a round that is not complete, or of who left before."""
        looked = self._rounds[: self._looked]
        return tuple(
            record
            for (round_, name), record in self._standing.items()
            if round_ in looked[: self.left.get(name)]
        )

    def _complete(self, place: int) -> bool:
        return place < len(self._rounds) and all(
            (self._rounds[place], name) in self._standing for name in self._racing
        )

    @property
    def _racing(self) -> list[str]:
        return [name for name in self._names if name not in self.left]

    def _look(self) -> None:
        """Let those leave that may, and end the race if it is over."""
        judging = self._study.judging({})
        decides = evolve(judging, metrics=judging.metrics[:1])  # the others decide nothing
        results = StudyResults.of_rounds(self._study, self.counted, judging=decides, race=self.race)
        rows = self._rows(results)
        over, leaving = (self._best if self._for_best else self._declared)(results)
        self.left |= dict.fromkeys(leaving, self._looked)
        if over or self._futile(rows):
            self.decided_at, self.ended = self._looked, DECIDED if over else FUTILE

    def _rows(self, results: StudyResults) -> dict[tuple[str, str], Array]:
        """Return the differences of each pair that is open, (rounds,), above 0 for the first."""
        # The statistics take a second to load, which an ordinary run need not wait for.
        from bakeoff.statistics.ranking import pair_rows
        from bakeoff.statistics.sequential import directed_p
        from bakeoff.statistics.verdict import Rules
        from bakeoff.study.verdicts import compared

        open_ = [p for p in self._pairs if p not in self._p or not set(p) & self.left.keys()]
        (table, counts_as), made = compared(results), results.made()
        value = np.nan if counts_as is None else counts_as
        table = np.where(np.isnan(table), value, table)
        place = {name: column for column, name in enumerate(self._study.competitor_names)}
        rules = Rules(ALPHA, 1, results.judging.metric.larger_is_better)
        columns = [(place[a], place[b]) for a, b in open_]
        rows = dict(zip(open_, pair_rows(table, made, columns, rules)[0], strict=True))
        if rows:
            found = directed_p(np.array(list(rows.values())))[-1]
            self._p |= dict(zip(rows, found, strict=True))
        return rows

    def _best(self, results: StudyResults) -> tuple[bool, list[str]]:
        """Tell whether the best is known, or all that may be it are equal, and who is not."""
        from bakeoff.statistics.ranking import may_be_best

        place = {name: i for i, name in enumerate(self._names)}
        better = np.ones((len(place), len(place)))
        for (a, b), (ahead, behind) in self._p.items():
            better[place[a], place[b]], better[place[b], place[a]] = ahead, behind
        left = may_be_best(better, ALPHA)
        leaving = [name for name in self._racing if not left[place[name]]]
        staying = set(self._racing) - set(leaving)
        if len(staying) > 1 and self._margin is not None:
            self._judge(results)
        return all(set(p) in self._done for p in combinations(staying, 2)), leaving

    def _declared(self, results: StudyResults) -> tuple[bool, list[str]]:
        """Tell whether all declared comparisons that can be are decided, and who has no open one.

        Where none is declared, all effects.
        """
        from bakeoff.statistics.holm import holm

        if self._pairs and self._margin is None and self._quick:
            # The test itself is slow: it is asked only where this one has something to say.
            quick = holm([self._p[pair].min() for pair in self._pairs]) <= SLACK * ALPHA
            if all(
                set(p) in self._done for p, sure in zip(self._pairs, quick, strict=True) if sure
            ):
                return False, []
        found = self._judge(results)
        asked = [c for c in found if c.contrast.is_pair]
        open_ = {n for c in asked for n, _ in c.contrast.weights if not self._is_done(c)}
        known = {n for c in asked for n, _ in c.contrast.weights}
        over = asked or found
        leaving = () if self._study.tasks else sorted(known - open_)
        return bool(over) and all(map(self._is_done, over)), [*leaving]

    def _judge(self, results: StudyResults) -> tuple[Comparison, ...]:
        """Return all comparisons, and note which pairs are decided."""
        from bakeoff.study.verdicts import judge

        found = judge(results, anytime=self._anytime, margin=self._margin).analysis.comparisons
        pairs = [c for c in found if c.contrast.is_pair and self._is_done(c)]
        self._done = [{name for name, _ in c.contrast.weights} for c in pairs]
        return found

    def _is_done(self, comparison: Comparison) -> bool:
        return comparison.verdict != "undecided"

    def _futile(self, rows: Mapping[tuple[str, str], Array]) -> bool:
        """Tell whether the rounds left will hardly decide any pair that is open."""
        from bakeoff.statistics.sequential import share_that_decides

        looked, whole = self._looked, len(self._rounds)
        part, before = 8 * looked // whole, self._part
        open_ = [p for p in rows if not set(p) & self.left.keys() and set(p) not in self._done]
        if not self._quick or looked < FEWEST or not before < part < 8 or part < 4 or not open_:
            return False
        self._part = part
        evidence = 2 * (len(self._names) - 1 if self._for_best else len(open_)) / ALPHA
        coins = np.random.Generator(np.random.PCG64([abs(self._study.seed), looked]))
        drawn = coins.integers(looked, size=(whole - looked, CONTINUATIONS))
        return all(
            share_that_decides(rows[pair], drawn, evidence, self._margin) < HOPE
            for pair in sorted(open_, key=lambda p: float(self._p[p].min()))
        )


def raced(results: StudyResults) -> StudyResults:
    """Return the rounds that count of a race, and how it ended; all rounds of any other run."""
    names = tuple(name for name in results.study.competitor_names if results.of(name))
    if results.race is None or not names:
        return results
    race = results.race
    rule = StoppingRule(
        results.study, race.rounds, only=names, margin=race.margin, careful=race.careful
    )
    rule.add(results.results)
    counted = StudyResults.of_rounds(results.study, rule.counted, judging=results.judging).results
    return evolve(results, results=counted, race=evolve(race, ended=rule.ended))


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
