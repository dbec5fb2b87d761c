"""The finished rounds of a study, as arrays for the statistics and as figures for a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from bakeoff.statistics.shown import in_short
from bakeoff.study.metric import Judging, Metric
from bakeoff.study.record import SECONDS, Record, Records
from bakeoff.study.registration import Registration
from bakeoff.study.spec import Study

if TYPE_CHECKING:
    from bakeoff.statistics.describe import Summary


@frozen
class CompetitorSummary:
    """One line of the table.

    Attributes:
        name: the competitor.
        parameters: its number of trained parameters; None if it is not known.
        test: what the rounds are judged by, such as test accuracies, as fractions.
        train: the same in training over the last epoch; nothing where there is no such score.
        seconds: seconds a round.
    """

    name: str
    parameters: int | None
    test: Summary
    train: Summary
    seconds: Summary


DECIDED, FUTILE = "decided", "futile"


@frozen
class Race:
    """Rounds that are made until all is decided; competitors leave on the way.

    Attributes:
        rounds: those that may be made, in order.
        margin: differences smaller than this fraction do not matter; None for no such claim.
        careful: all looks are with the careful test.
        ended: "decided", or "futile" where the rounds left could hardly decide; else "".
    """

    rounds: range
    margin: float | None = None
    careful: bool = False
    ended: str = ""

    def __str__(self) -> str:
        margin = "" if self.margin is None else f", margin {self.margin!r}"
        careful = ", careful" * self.careful
        return f"race {self.rounds.start} to {self.rounds.stop - 1}{margin}{careful}"

    @classmethod
    def parse(cls, text: object) -> Race | None:
        """Return what `str` of a race says, before it ended; None for anything else."""
        words = r"race (\d{1,9}) to (\d{1,9})(?:, margin ([\d.e-]{1,30}))?(, careful)?"
        found = re.fullmatch(words, str(text))
        if not found or int(found[1]) > int(found[2]):
            return None
        margin = float(found[3]) if found[3] else None
        return cls(range(int(found[1]), int(found[2]) + 1), margin, bool(found[4]))


@frozen
class StudyResults:
    """A study and its finished rounds.

    Args:
        study: the study.
        results: its rounds, in any order; kept by competitor, then by round.
        judging: how the rounds are judged; as the study says if None.
        planned: the rounds planned before the first look; None if those that stand are.
        registered: the plan that was registered, if any.
        race: the race that the rounds are of; then each competitor has those that count.
    """

    study: Study
    results: Records
    judging: Judging = field()
    planned: range | None = field(default=None, eq=False)
    registered: Registration | None = field(default=None, eq=False)
    race: Race | None = field(default=None, eq=False)

    @judging.default
    def _judging(self) -> Judging:
        return self.study.judging({})

    @classmethod
    def of_rounds(
        cls,
        study: Study,
        results: Iterable[Record],
        rounds: range | None = None,
        *,
        judging: Judging | None = None,
        planned: range | None = None,
        registered: Registration | None = None,
        race: Race | None = None,
    ) -> StudyResults:
        """Return the results of the study's competitors in the given rounds, in order."""
        order = {name: place for place, name in enumerate(study.competitor_names)}
        kept = [
            result
            for result in results
            if result.competitor in order and (rounds is None or result.round in rounds)
        ]
        in_order = tuple(sorted(kept, key=lambda r: (order[r.competitor], r.round)))
        return cls(study, in_order, judging or study.judging({}), planned, registered, race)

    @property
    def metric(self) -> Metric:
        """What the rounds are judged by, with the decimals that they earn."""
        metric = self.judging.metric
        return metric.settled(record.score(metric.score) for record in self.results)

    def of(self, competitor: str) -> Records:
        """Return one competitor's rounds, in order."""
        return tuple(result for result in self.results if result.competitor == competitor)

    @property
    def rounds(self) -> tuple[int, ...]:
        """The rounds of which any competitor has a result, in order."""
        return tuple(sorted({result.round for result in self.results}))

    def values(self, competitor: str) -> list[float]:
        """Return what one competitor's rounds are judged by, in order; NaN where not finished."""
        return [record.score(self.judging.metric.score) for record in self.of(competitor)]

    def table(self, *, failed: float = np.nan) -> NDArray[np.float64]:
        """Return what each round is judged by as (rounds, competitors) float64.

        Rows are `rounds`, columns the study's competitors; a round that a competitor has not
        made is NaN, and one that failed is `failed`.
        """
        values = np.full((len(self.rounds), len(self.study.competitors)), np.nan)
        for place, record in self._places():
            values[place] = record.score(self.judging.metric.score) if record.finished else failed
        return values

    def made(self) -> NDArray[np.bool_]:
        """Return which rounds each competitor has made, (rounds, competitors) bool, as `table`."""
        made = np.zeros((len(self.rounds), len(self.study.competitors)), dtype=np.bool_)
        for place, _ in self._places():
            made[place] = True
        return made

    def _places(self) -> Iterator[tuple[tuple[int, int], Record]]:
        """Yield each record with its row and column in a table."""
        rows = {round_: row for row, round_ in enumerate(self.rounds)}
        columns = {name: column for column, name in enumerate(self.study.competitor_names)}
        for record in self.results:
            yield (rows[record.round], columns[record.competitor]), record

    def failed_value(self, *, bounded: bool = False) -> float | None:
        """Return the value that a failed round counts as; None where none is the worst.

        It is what the study says, or the worst that a share can be; if `bounded`, the latter in the
        place of the worst that any had, too.
        """
        rule, metric = self.study.failed_counts_as, self.judging.metric
        if (rule is None or (bounded and isinstance(rule, str))) and metric.unit == "points":
            return 0.0 if metric.larger_is_better else 1.0
        if not isinstance(rule, str):
            return rule
        known = [record.score(metric.score) for record in self.results if record.finished]
        if not known:
            return None
        return min(known) if metric.larger_is_better else max(known)

    def summaries(self) -> tuple[CompetitorSummary, ...]:
        """Return the figures of each competitor that has a round, in the study's order."""
        from bakeoff.statistics.describe import describe

        return tuple(
            CompetitorSummary(
                name,
                rounds[0].parameters,
                *(
                    describe([record.score(score) for record in rounds], name)
                    for score in (
                        self.judging.metric.score,
                        self.judging.metric.in_training,
                        SECONDS,
                    )
                ),
            )
            for name in self.study.competitor_names
            if (rounds := self.of(name))
        )

    def check(self) -> None:
        """Make sure that the rounds, perhaps of a damaged file, may be those of their study.

        Raises:
            DataError: with the first round that cannot be.
        """
        for record in self.results:
            self.study.check_record(record)

    def to_frame(self, *, epochs: bool = False) -> Any:
        """Return the results as a data frame of pandas or, where that is not installed, polars.

        Args:
            epochs: a row for each epoch of each round, with its curves; otherwise a row for each
                round, with its figures after the last epoch. Accuracies are fractions; of a
                regression R² stands in columns of its name, `test_r2`. NaN where a round diverged
                or, with `epochs`, where none was measured.

        Raises:
            MissingExtraError: if neither is installed.
        """
        from bakeoff.study.notebook import results_frame

        return results_frame(self, epochs=epochs)

    def __repr__(self) -> str:
        """Return how many rounds each competitor has, and the mean of what they are judged by."""
        metric = self.metric
        rows = [f"{self.study.name}, {metric.name}:"]
        for each in self.summaries():
            mean = "–" if each.test.mean is None else metric.show(each.test.mean)
            rows.append(f"{each.name}: {mean} over {len(self.of(each.name))} rounds")
        return in_short("\n".join(rows), ".to_frame() gives a data frame, .results each round.")

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a table, each round as a dot, and the verdicts."""
        from bakeoff.study.notebook import results_html

        return results_html(self)
