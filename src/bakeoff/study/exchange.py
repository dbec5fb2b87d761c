"""A study's rounds as a table that says what they were, and back.

To other tools it is one row a round; `bakeoff compare` finds in it all that a verdict goes by, and
so says what `bakeoff run` said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import ClassVar

from attrs import evolve, field, frozen

from bakeoff.errors import ArgumentError, BakeoffError, DataError
from bakeoff.runs.cells import columns_of
from bakeoff.runs.reading import Reading, read_rows, take_together
from bakeoff.runs.rows import Asked, Rows
from bakeoff.statistics.analysis import Analysis
from bakeoff.statistics.contrast import against
from bakeoff.statistics.dependence import Anytime, Dependence
from bakeoff.study.checks import check, is_number
from bakeoff.study.early_stopping import raced
from bakeoff.study.metric import Judging, Metric
from bakeoff.study.record import FAILED, FINISHED, SECONDS, Record
from bakeoff.study.results import Race, StudyResults
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.verdicts import judge
from bakeoff.tables import Table

MARK = "dependence"  # the column by which such a table is known
MISSING = "no rounds"  # the status of a competitor of which the study asks without having rounds
COUNTS_AS = "failure_counts_as"
ALIKE = ("study", "study_seed", "planned", MARK, "metric", "score", "better", "unit", COUNTS_AS)
"""What all rows have in common."""


@frozen
class ExportedStudy(Study):
    """The study that a table is of; nothing makes its rounds anew."""

    failed_counts_as: str | float | None = field(
        default=None,
        kw_only=True,
        metadata=check(lambda v: v in (None, "worst") or is_number(v), '"worst" or a number'),
    )
    makes_rounds: ClassVar[bool] = False


def exported(results: StudyResults) -> Table:
    """Return one row a round: its value, and what a verdict goes by.

    The value of a failed round is nan; an accuracy is a fraction.
    """
    study, judging = results.study, results.judging
    planned = results.rounds if results.planned is None else results.planned
    worst = study.tasks and study.failed_counts_as == "worst"  # of its task
    counts_as = "worst" if worst else results.failed_value()
    metric = judging.metric
    alike: list[str | int] = [
        *(study.name, study.seed),
        str(results.race or (f"{planned[0]} to {planned[-1]}" if len(planned) else "none")),
        *(str(judging.dependence), metric.name, metric.score, metric.better, metric.unit),
        "" if counts_as is None else str(counts_as),
    ]
    rows: list[Sequence[str | int | float | None]] = []
    for competitor in study.competitors:
        name = competitor.name
        own = (
            *alike,
            " ".join(b for a, b in study.comparisons if a == name),
            " ".join(f"{f}={level}" for f, level in competitor.levels if not study.without_effects),
        )
        records = results.of(name)
        rows += [(r.round, name, r.score(metric.score), r.status, *own) for r in records]
        if not records:
            rows.append((None, name, None, MISSING, *own))
    header = ("round", "competitor", "value", "status", *ALIKE, "against", "levels")
    return Table.of(header, rows, name="rounds")


def read_files(
    paths: Sequence[str | Path], asked: Asked, *, more: bool = False
) -> Reading | StudyResults:
    """Read results that any tool wrote; of a table that `exported` wrote, its study's rounds.

    `more` tells that more is asked than `asked`, which such a table would answer itself.

    Raises:
        ArgumentError, DataError: for such a table beside others or options, and as of `read`.
    """
    sources = [read_rows(Path(path), asked) for path in paths]
    own = next((rows for rows in sources if is_exported(rows)), None)
    if own is None:
        return take_together(sources, asked)
    if len(sources) > 1 or asked != Asked() or more:
        raise ArgumentError(
            f"{own.source}: says itself what its rounds are, of a study of bakeoff; compare it"
            " alone, and leave out all options but --margin, --baseline, --anytime and --careful"
        )
    return imported(own)


def is_exported(rows: Rows) -> bool:
    """Tell whether a table is one that `exported` made, whatever order its columns have now."""
    return {"round", "competitor", "value", MARK} <= rows.rows[0].cells.keys()


def imported(rows: Rows) -> StudyResults:
    """Return the study and the rounds that `exported` wrote.

    Raises:
        DataError: for what it cannot have written.
    """
    columns = {column.name: column for column in columns_of(rows)}

    def texts(name: str) -> list[str]:
        labels = columns[name].labels if name in columns else [None] * len(rows.rows)
        return [label or "" for label in labels]

    told = {name: _alike(rows.source, name, texts(name)) for name in ALIKE}
    names, counts_as = texts("competitor"), columns.get(COUNTS_AS)
    own = dict(zip(names, zip(texts("against"), texts("levels"), strict=True), strict=True))
    try:
        metric = Metric(told["metric"], told["better"], told["unit"], told["score"])
        study = ExportedStudy(
            told["study"],
            "",
            [
                Competitor(name, levels=dict(word.split("=", 1) for word in levels.split()))
                for name, (_, levels) in own.items()
            ],
            [(name, other) for name, (others, _) in own.items() for other in others.split()],
            seed=_whole("study_seed", told["study_seed"]),
            metrics=[metric],
            failed_counts_as=told[COUNTS_AS]
            if told[COUNTS_AS] == "worst"
            else counts_as and counts_as.numbers[0],  # type: ignore[arg-type]
        )
        judging = Judging((metric,), Dependence.parse(told[MARK]))
        records = [
            _record(name, _whole("round", round_), value, status, study)
            for name, round_, value, status in zip(
                names, texts("round"), columns["value"].numbers, texts("status"), strict=True
            )
            if status != MISSING
        ]
    except (BakeoffError, ValueError) as fault:
        raise DataError(f"{rows.source}: {fault}; expected what bakeoff show wrote") from fault
    if len({(record.competitor, record.round) for record in records}) < len(records):
        raise DataError(f"{rows.source}: holds a round of a competitor twice, expected it once")
    span = re.fullmatch(r"([0-9]{1,9}) to ([0-9]{1,9})", told["planned"])
    planned = range(int(span[1]), int(span[2]) + 1) if span else range(0)
    race = Race.parse(told["planned"])
    return raced(
        StudyResults.of_rounds(study, records, judging=judging, planned=planned, race=race)
    )


def _alike(source: str, name: str, texts: list[str]) -> str:
    """Return what all rows have in common, or raise a DataError."""
    found = sorted(set(texts))
    if len(found) > 1:
        raise DataError(
            f"{source}: got {name} {found[0]!r} and {found[1]!r}, expected one study in a table"
            " that bakeoff show wrote"
        )
    return found[0]


def _whole(name: str, text: str) -> int:
    if not re.fullmatch("-?[0-9]{1,1000}", text):
        raise DataError(f"got {name} {text!r}, expected a whole number")
    return int(text)


def _record(name: str, round_: int, value: object, status: str, study: Study) -> Record:
    number = value if isinstance(value, float) and not isnan(value) else None
    if (number is not None) != (status == FINISHED):
        raise DataError(f"got {status!r} with the value {value} of {name!r} in round {round_}")
    score = study.metrics[0].score
    return Record(
        competitor=name,
        round=round_,
        seed=study.seed,
        status=FAILED if number is None else FINISHED,
        scores={} if number is None else {score: number},
        seconds=number if number is not None and score == SECONDS else 0.0,
    )


def judge_imported(
    results: StudyResults,
    *,
    baseline: str | None = None,
    margin: float | None = None,
    anytime: Anytime = False,
) -> Analysis:
    """Return the verdicts of the study that an exported table is of, and all notes with them.

    Arguments and errors as of `study.verdicts.judge`; a baseline is compared with all others.
    """
    if baseline is not None:
        names = results.study.competitor_names
        asked = [(contrast.upper, contrast.lower) for contrast in against(names, baseline)]
        bare = [evolve(competitor, levels=()) for competitor in results.study.competitors]
        study = evolve(results.study, comparisons=asked, competitors=bare)
        results = evolve(results, study=study)
    verdicts = judge(results, margin=margin, anytime=anytime)
    told = f"read as {results.metric.name} of study {results.study.name!r}, as bakeoff wrote it."
    return replace(verdicts.analysis, notes=(told, *verdicts.notes))
