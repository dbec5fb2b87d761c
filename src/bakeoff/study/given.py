"""A study whose rounds were given: a table that `bakeoff compare` read, kept to go on from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen

from bakeoff.errors import StudyError
from bakeoff.statistics.contrast import on_task
from bakeoff.statistics.units import POINTS
from bakeoff.study.checks import check, is_text, tuple_of
from bakeoff.study.converters import as_tuple
from bakeoff.study.experiment import Experiment, Key
from bakeoff.study.machine import Machine, this_machine
from bakeoff.study.metric import HIGHER, LOWER, Metric
from bakeoff.study.record import FAILED, FINISHED, Record
from bakeoff.study.results import StudyResults
from bakeoff.study.serialise import canonical_json, digest
from bakeoff.study.spec import Competitor, Study

if TYPE_CHECKING:
    from bakeoff.runs.reading import Reading
    from bakeoff.statistics.analysis import Analysis
    from bakeoff.study.run import Listener, RunOptions


@frozen
class GivenCompetitor(Competitor):
    """A competitor of a table, called what it is called there; ``task`` is an option of it."""

    name: str = field(metadata=check(is_text, "a name whose characters all show"))

    @property
    def task(self) -> str:
        """The task that the table says; "" if it says none."""
        return str(dict(self.options).get("task", ""))


@frozen
class GivenStudy(Study):
    """A study whose rounds stand in a table.

    Args:
        name, question, competitors, comparisons, rounds, metrics, dependence: as of `Study`.
        told: what it was read as, and what a reader must know of that, a sentence each.
        paired_by: what names a round there.
        numbers: the hash of all labels and values.

    Raises:
        SpecError: with every field outside its range.
    """

    told: tuple[str, ...] = field(
        converter=as_tuple, kw_only=True, metadata=tuple_of(is_text, "sentences")
    )
    paired_by: str = field(kw_only=True, metadata=check(is_text, "a column's name"))
    numbers: str = field(kw_only=True, metadata=check(is_text, "a hash"))
    kind: ClassVar[str] = "given"
    of: ClassVar[type[Competitor]] = GivenCompetitor
    makes_rounds: ClassVar[bool] = False

    def prepare(self, options: RunOptions, listener: Listener) -> dict[str, Experiment]:
        """Refuse to make rounds."""
        raise StudyError(
            f"study {self.name!r}: its rounds were given by a table, and none can be made; bakeoff"
            " compare FILE --save keeps a table that has more"
        )

    def notes_on(self, trainings: Mapping[str, object]) -> tuple[str, ...]:
        """Return what the table was read as."""
        return self.told

    def keys(self) -> dict[str, Key]:
        """Return what each competitor's rounds are kept under."""
        told = {"kind": self.kind, "numbers": self.numbers, "metric": self.judging().metric.name}
        return {
            name: Key(canonical_json(told | {"competitor": name}), "", "")
            for name in self.competitor_names
        }


def given_by(reading: Reading, analysis: Analysis) -> StudyResults:
    """Return the rounds of what was read, and judged so, as those of a study."""
    unit = "points" if analysis.unit == POINTS else "plain"
    names = [summary.name for summary in analysis.summaries]  # a published one's too
    told = [(task, each.values) for task, each in (reading.tasks or {"": reading}).items()]
    rows = {name: column.tolist() for name, column in (reading.samples or {}).items()}
    labels = dict.fromkeys(rows, tuple(map(str, range(max(map(len, rows.values()), default=0)))))
    for task, values in [] if rows else told:
        own = [on_task(name, task) if task else name for name in values.names]
        rows |= zip(own, values.values.T.tolist(), strict=True)
        labels |= dict.fromkeys(own, values.rounds)
    tasks = {on_task(name, task): task for task, values in told if task for name in values.names}
    better = HIGHER if reading.larger_is_better else LOWER
    column = reading.roles.values[0].name if reading.roles.by else "value"
    metric = Metric(column, better, unit, "value")
    study = GivenStudy(
        re.sub("[^A-Za-z0-9_.+-]+", "-", Path(reading.rows.source).stem).strip("-._+") or "table",
        f"Read from {reading.rows.source}.",
        [GivenCompetitor(n, options={"task": tasks[n]} if tasks else ()) for n in names],
        [(a, b) for (a, _), (b, _) in (c.contrast.weights for c in analysis.comparisons)],
        rounds=max(map(len, labels.values())),
        metrics=[metric],
        told=analysis.notes,
        paired_by=", ".join(column.name for column in reading.roles.pair) or "line",
        numbers=digest(
            *names,
            *next(iter(labels.values())),
            *(repr(values.values.tolist()) for _, values in told),
        ),
        dependence=str(reading.dependence or ""),
    )
    records = [
        Record(
            competitor=name,
            round=round_,
            seed=study.seed,
            status=FAILED if isnan(value) else FINISHED,
            scores={} if isnan(value) else {metric.score: value},
            seconds=0.0,
            note="no value" if isnan(value) else "",
            facts={"label": label},
        )
        for name, row in rows.items()
        for round_, (label, value) in enumerate(zip(labels[name], row, strict=False))
    ]
    planned = range(0 if analysis.mode in ("anytime", "careful") else study.rounds)
    return StudyResults.of_rounds(study, records, planned=planned)


def save(results: StudyResults, path: Path) -> None:
    """Keep a table's rounds in a store, where the same table stands once.

    Raises:
        StudyError: for rounds that were made, which stand in a store already.
        StoreError: if it cannot be used.
    """
    from bakeoff.study.store import Store

    study = results.study
    lengths = {len(results.of(name)) for name in study.competitor_names if study.tasks}
    if len(lengths) > 1:
        raise StudyError(
            f"--save: got tasks of {' and of '.join(map(str, sorted(lengths)))} rounds, expected as"
            " many of each, as a study has"
        )
    if not isinstance(study, GivenStudy):
        raise StudyError(
            f"--save: the rounds of study {study.name!r} are bakeoff's own, and stand in the store"
            " that they are from; bakeoff merge adds it to another one"
        )
    unknown = Machine("not known", "not known", "not known", this_machine().bakeoff)
    with Store(path) as store:
        keys = study.keys()
        store.record(study, keys, results.planned or range(0), range(study.rounds))
        for name, key in keys.items():
            store.keep(key.text, 0, results.of(name), unknown)
