"""From a study's finished rounds to its verdicts: which rounds count, what is asked, which test."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from math import log, prod
from typing import Any

import attrs
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bakeoff.errors import StatisticsError, StudyError
from bakeoff.statistics.analysis import Analysis, analyse
from bakeoff.statistics.contrast import Contrast, factorial_contrasts, on_task, pair, within
from bakeoff.statistics.dependence import Anytime, Mode
from bakeoff.statistics.describe import clean_record
from bakeoff.statistics.tasks import analyse_tasks
from bakeoff.study.metric import RATIO, Judging
from bakeoff.study.record import DIVERGED, EPOCH, Record
from bakeoff.study.results import FUTILE, StudyResults
from bakeoff.study.spec import Study

FEWEST_PAIRED = 5
WORTHWHILE = 0.1
"""Below this share of the variance, pairing is called not worth it."""


@frozen
class Verdicts:
    """The analysis of a study, and what a reader must know about the rounds behind it.

    Attributes:
        analysis: summaries and decided comparisons of the metric that decides.
        rounds: the rounds that count.
        notes: sentences about rounds that do not count, about the test that was used, the
            analysis's own, and the verdicts by further metrics.
    """

    analysis: Analysis
    rounds: tuple[int, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Return the verdicts, a line each, and then what a reader must know."""
        return str(self._noted)

    def __repr__(self) -> str:
        """Return the first lines of it."""
        return repr(self._noted)

    @property
    def _noted(self) -> Analysis:
        return dataclasses.replace(self.analysis, notes=self.notes)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: each difference with its rounds, and the verdicts."""
        return self._noted._repr_html_()


def questions(study: Study) -> tuple[Contrast, ...]:
    """Return all that a study asks: its declared comparisons, then a factorial's effects.

    Holm's correction runs over all of them together. A main effect that is a declared comparison
    under another name is asked once, as the comparison. Effects need a full factorial, one
    competitor in each cell, so a part of a study has none.
    """
    on = {c.name: (c.base, c.task) for c in study.competitors if c.task}
    asked = [
        within(on[a][0], on[b][0], on[a][1]) if a in on else pair(a, b)
        for a, b in study.comparisons
    ]
    cells = prod(len(levels) for _, levels in study.factors)
    full = study.factors and cells == len(study.competitors) and not study.without_effects
    if full and all(len(levels) > 1 for _, levels in study.factors):
        declared = {frozenset(contrast.weights) for contrast in asked}
        levels = {c.name: dict(c.levels) for c in study.competitors}
        for effect in factorial_contrasts(levels):
            mirrored = frozenset((name, -weight) for name, weight in effect.weights)
            if not {frozenset(effect.weights), mirrored} & declared:
                asked.append(effect)
    return tuple(asked)


def judge(
    results: StudyResults,
    planned: range | None = None,
    *,
    margin: float | None = None,
    anytime: Anytime = False,
) -> Verdicts:
    """Analyse what a study's finished rounds are judged by.

    Rounds that cut one set of examples anew get the corrected resampled t test in any case: no
    anytime-valid test is known for them.

    Only rounds count that every competitor with any round has finished. A question about a
    competitor without rounds gets no verdict, but Holm's correction counts it all the same: the
    study has declared it.

    Args:
        results: the rounds.
        planned: the rounds planned before the first look; those of the results, if None. Other
            rounds than these are judged by the anytime-valid test, which allows looks at any time.
        margin: differences smaller than this fraction do not matter; None for no such claim.
        anytime: use the anytime-valid test in any case; "careful" for that of
            `statistics.betting`, which takes no shape of differences for granted.

    Raises:
        StatisticsError: for a margin outside its range, or what `check_careful` refuses.
    """
    study, planned = results.study, results.planned if planned is None else planned
    finished = {r.competitor: set[int]() for r in results.results}
    for result in results.results:
        finished[result.competitor].add(result.round)
    complete = sorted(set.intersection(*finished.values())) if finished else []
    if results.race:  # the rounds that count, of which who left has fewer
        complete = list(results.rounds)
    notes = _missing_notes(study, finished, len(complete))
    if results.registered is not None:
        shown = results.judging.metric.shown
        notes.append(results.registered.note(study, complete, margin, shown))
    other = False
    if planned is not None and not anytime:
        # A hostile store may plan more rounds than a list can hold.
        other = len(complete) != len(planned) or complete != list(planned)
    judging, careful = results.judging, anytime == "careful"
    if careful:
        check_careful(study, judging)
    early = anytime or other or results.race
    mode: Mode = "careful" if careful else "anytime" if early else "planned"
    shared = judging.dependence
    notes += shared.notes
    if shared.test_ratio is not None:
        mode = "resampled"
        expected = shared.rounds or (len(complete) if planned is None else len(planned))
        if len(complete) != expected:
            notes.append(
                f"{expected} rounds were planned and {len(complete)} stand; this test does not"
                " allow for a number of rounds that was chosen after a look."
            )
    elif planned is not None and other:
        told = f"{len(planned)} rounds were planned and {len(complete)} stand"
        notes.append(
            f"{told if planned else 'no number of rounds was planned'}, so the anytime-valid "
            "test was used: it allows looks at any time, and asks for more rounds."
        )
    table, counts_as = compared(results)
    counts_as = results.failed_value(bounded=True) if careful else counts_as
    counted, asked = np.isin(results.rounds, complete), questions(study)
    table, made = table[counted], results.made()[counted]
    options: dict[str, Any] = {"margin": margin, "seed": study.seed, "mode": mode}
    options |= {"unit": judging.metric.shown, "test_ratio": shared.test_ratio}
    options["larger_is_better"] = judging.metric.larger_is_better
    if study.tasks:
        analysis = _of_tasks(results, complete, options)
    else:
        options |= {"failure_counts_as": counts_as, "made": made}
        analysis = analyse(table, study.competitor_names, asked, **options)
    twins = {question.name: _same_training(results, question, complete) for question in asked}
    answered = tuple(
        comparison
        for comparison in analysis.comparisons
        if all(name in finished for name, _ in comparison.contrast.weights)
        and not twins.get(comparison.contrast.name)
    )
    notes += analysis.notes
    notes += _race_notes(results)
    notes += _pairing_notes(results, analysis, table)
    notes += filter(None, twins.values())
    analysis = dataclasses.replace(analysis, comparisons=answered)
    notes += _secondary(results, planned, anytime=anytime)
    return Verdicts(analysis, tuple(complete), tuple(notes))


def _of_tasks(results: StudyResults, complete: list[int], options: Mapping[str, Any]) -> Analysis:
    """Return the verdicts on each task and over them; on each, a failed round counts by itself."""
    study, tables, counts, made = results.study, {}, {}, {}
    begun = {record.competitor for record in results.results}
    for task in study.tasks:
        own = {c.base: c.name for c in study.competitors if c.task == task}
        alone = StudyResults.of_rounds(
            study.only(own.values()), results.results, judging=results.judging
        )
        table, counts[task] = compared(alone)
        if options["mode"] == "careful":
            counts[task] = alone.failed_value(bounded=True)
        tables[task] = np.full((len(complete), len(study.bases)), np.nan)
        rows = np.flatnonzero(np.isin(complete, alone.rounds))
        columns = np.array([study.bases.index(name) for name in own])
        tables[task][np.ix_(rows, columns)] = table[np.isin(alone.rounds, complete)]
        there = [on_task(name, task) in begun for name in study.bases]
        made[task] = np.tile(there, (len(complete), 1))
    base = {c.name: c.base for c in study.competitors}
    pairs = [*dict.fromkeys((base[a], base[b]) for a, b in study.comparisons)]
    options = {**options, "failure_counts_as": counts, "made": made}
    return analyse_tasks(tables, study.bases, pairs, **options)


def check_careful(study: Study, judging: Judging) -> None:
    """Raise a StatisticsError unless rounds are independent and values have a known range."""
    judging.dependence.mode(anytime="careful")
    if judging.metric.unit != "points":
        raise StatisticsError(
            f"careful: got {judging.metric.name} of study {study.name!r}, of which no range is"
            ' known, expected shares of 1 such as accuracies, with unit = "points"; leave it out'
        )


def _race_notes(results: StudyResults) -> list[str]:
    """Return what a race saved, and why it stopped if nothing more was to be had."""
    race, made = results.race, [len(results.of(n)) for n in results.study.competitor_names]
    ran = [count for count in made if count]
    if race is None or not ran:
        return []
    left = [count for count in ran if count < max(ran)]
    told = f"the race made {sum(ran):,} of {len(ran) * len(race.rounds):,} rounds"
    if left:
        after = f"{min(left)} to {max(left)}" if min(left) < max(left) else f"{left[0]}"
        told += f", as {len(left)} of {len(ran)} competitors left after {after}"
    futile = (
        f"stopped after {max(ran)} of {len(race.rounds)} rounds: fewer than 5 of 100 continuations"
        " would have decided."
    )
    return [f"{told}.", *[futile] * (race.ended == FUTILE)]


def _secondary(results: StudyResults, planned: range | None, *, anytime: Anytime) -> list[str]:
    """Return the verdicts by a study's further metrics, each a family of questions of its own."""
    notes = []
    for metric in results.judging.metrics[1:]:
        alone = attrs.evolve(results, judging=attrs.evolve(results.judging, metrics=(metric,)))
        looks = bool(anytime) if metric.unit != "points" else anytime
        found = judge(alone, planned, anytime=looks).analysis.comparisons
        notes += [f"secondary, {metric.name}: {comparison.sentence}" for comparison in found]
    return notes


def compared(
    results: StudyResults, *, failed: float = np.nan
) -> tuple[NDArray[np.float64], float | None]:
    """Return results' table, and the value that a failed round counts as, or None.

    Args:
        results: the rounds.
        failed: what a failed round is in the table.

    Returns:
        (rounds, competitors) float64, and a value in its unit; logarithms if ratios are compared.

    Raises:
        StudyError: for a value that has no ratio.
    """
    table, counts_as = results.table(failed=failed), results.failed_value()
    if results.judging.metric.unit != RATIO:
        return table, counts_as
    if (table <= 0).any() or (counts_as is not None and counts_as <= 0):
        least = min(float(np.nanmin(table, initial=np.inf)), counts_as or np.inf)
        raise StudyError(
            f"study {results.study.name!r}: {results.metric.name}: got {least:g},"
            " expected values above 0, as their ratio is asked for"
        )
    return np.log(table), None if counts_as is None else log(counts_as)


def _pairing_notes(
    results: StudyResults, analysis: Analysis, table: NDArray[np.float64]
) -> list[str]:
    """Return what pairing by seed took away of each comparison's variance, where it is a guess."""
    if results.study.exact:
        return []
    notes, shares, names = [], list[float](), results.study.competitor_names
    for comparison in analysis.comparisons:
        if not comparison.contrast.is_pair:
            continue
        sides = table[:, [names.index(name) for name, _ in comparison.contrast.weights]]
        a, b = sides[~np.isnan(sides).any(axis=1)].T
        if len(a) < FEWEST_PAIRED:
            continue
        apart, paired = a.var(ddof=1) + b.var(ddof=1), (a - b).var(ddof=1)
        if not apart > 0:
            continue
        share = 1 - paired / apart
        shares.append(100 * share)
        told = (
            f"took away {100 * share:.0f} % of the variance"
            if share >= WORTHWHILE
            else "took little away, or nothing: rounds may as well be unpaired"
        )
        notes.append(f"{comparison.contrast.name}: pairing by {results.study.paired_by} {told}.")
    if shares and (results.study.tasks or len(shares) > 2):
        least, most = (max(0, round(share)) for share in (min(shares), max(shares)))
        where = "on a task" if results.study.tasks else "of a pair"
        told = f"took away {least} to {most} % of the variance {where}"
        return [f"pairing by {results.study.paired_by} {told}."]
    return notes


def _same_training(results: StudyResults, question: Contrast, complete: list[int]) -> str:
    """Return a sentence if both sides of a pair gave the same bits in every round, or ""."""
    if not (question.is_pair and complete and results.study.makes_rounds):
        return ""
    counted = set(complete)
    one, other = (
        [record for record in results.of(name) if record.round in counted]
        for name, _ in question.weights
    )
    if len(one) != len(other):
        return ""
    same = all(_bits(a) == _bits(b) for a, b in zip(one, other, strict=True))
    if not same or not any(record.finished for record in one):
        return ""
    what = "training" if results.study.exact else "command or function"
    return (
        f"{question.upper} and {question.lower} gave the same bits in every round: they are the"
        f" same {what} under two names, and there is no difference to judge; look for what was to"
        " tell them apart."
    )


def _bits(record: Record) -> Record:
    """Return what of a record does not depend on its name and on how long it took."""
    return attrs.evolve(record, competitor="", seconds=0.0)


def _missing_notes(study: Study, finished: Mapping[str, set[int]], complete: int) -> list[str]:
    """Return notes on competitors and rounds that are missing, and on questions never asked."""
    notes = []
    absent = [name for name in study.competitor_names if name not in finished]
    if absent:
        notes.append(
            f"no rounds here of {', '.join(absent)}; what asks for them has no verdict, but counts "
            "in the correction."
        )
    incomplete = len(set[int]().union(*finished.values())) - complete
    if incomplete:
        notes.append(
            f"{incomplete} round{'s' * (incomplete > 1)} that not every competitor has finished "
            "left out."
        )
    present = [name for name in study.competitor_names if name in finished]
    asked = [set(dict(question.weights)) for question in questions(study)]
    if len(present) > 1 and not any(names <= finished.keys() for names in asked):
        note = (
            "no comparison between these competitors is declared, and means side by side prove "
            f"nothing: bakeoff compare {present[1]} {present[0]} tells their difference."
        )
        notes.append(note)
    return notes


def judge_pair(
    results: StudyResults,
    a: str,
    b: str,
    planned: range | None = None,
    *,
    margin: float | None = None,
    anytime: Anytime = False,
) -> Verdicts:
    """Return the verdict on a minus b alone, judged among all that the study asks.

    A comparison that the study did not declare joins the others, so that its p is corrected over
    them and itself, and a note says that it was not declared.

    Args:
        results: the rounds.
        a: a competitor of the study.
        b: another one.
        planned: as in `judge`.
        margin: as in `judge`.
        anytime: as in `judge`.

    Raises:
        StudyError: for an unknown competitor, with the nearest one, or one without rounds.
        StatisticsError: for a competitor compared with itself.
    """
    study = results.study
    asked = pair(study.competitor(a).name, study.competitor(b).name)
    notes: tuple[str, ...] = ()
    if (a, b) not in study.comparisons:
        others = [other for other in study.comparisons if set(other) != {a, b}]
        if len(others) == len(study.comparisons):
            note = (
                f"{asked.name} is not among the study's declared comparisons: a difference that "
                "was picked after a look at the results proves less than its p says."
            )
            notes = (note,)
        study = attrs.evolve(study, comparisons=[*others, (a, b)])
    verdicts = judge(attrs.evolve(results, study=study), planned, margin=margin, anytime=anytime)
    for comparison in verdicts.analysis.comparisons:
        if comparison.contrast.weights == asked.weights:
            alone = dataclasses.replace(
                verdicts.analysis, comparisons=(comparison,), ranks=(), over_tasks=None
            )
            return attrs.evolve(verdicts, analysis=alone, notes=(*notes, *verdicts.notes))
    same = _same_training(results, asked, list(verdicts.rounds))
    told = same or f"{a!r} or {b!r} has no rounds yet; run it first"
    raise StudyError(f"study {study.name!r}: {told}")


def divergence_notes(results: StudyResults) -> tuple[str, ...]:
    """Return a sentence for each competitor that failed: how often, and why at first.

    And one on what it proves that others, or all, did not.
    """
    notes = []
    for name in results.study.competitor_names:
        rounds = results.of(name)
        failed = [record for record in rounds if not record.finished]
        if not failed:
            continue
        first, only = failed[0], len(failed) == 1
        told = f"{name}: {len(failed)} of {len(rounds)} rounds"
        if all(record.status == DIVERGED for record in failed):
            when = (
                f"round {first.round} in epoch {first.fact(EPOCH)}{' was the first' * (not only)}"
            )
            notes.append(f"{told} diverged ({when}); they enter no mean.")
        else:
            notes.append(
                f"{told} failed (round {first.round}: {first.note}); they enter no mean, and"
                f" bakeoff rounds show {name} {first.round} tells more."
            )
    if results.judging.dependence.test_ratio is None and results.study.exact:
        notes += clean_record(summary.test for summary in results.summaries())
    return tuple(notes)
