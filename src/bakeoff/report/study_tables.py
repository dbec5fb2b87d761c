"""The tables that every format shows alike: competitors, stored studies and their rounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import floor, isfinite, log10
from typing import TypeVar

from bakeoff.statistics.analysis import Analysis
from bakeoff.statistics.contrast import on_task
from bakeoff.statistics.describe import Interval, Summary, describe
from bakeoff.study.metric import RATIO, Metric
from bakeoff.study.noise import noise_of
from bakeoff.study.results import CompetitorSummary, StudyResults
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import is_outdated, rounds_shown, spanned
from bakeoff.study.verdicts import Verdicts, divergence_notes
from bakeoff.tables import REST, Column, Table, plus_minus
from bakeoff.training.spec import NetworkStudy

Figures = TypeVar("Figures", Summary, CompetitorSummary)


def competitors_table(results: StudyResults, analysis: Analysis, *, narrow: bool = False) -> Table:
    """Return what competitors are judged by and what it cost, as mean ± standard deviation.

    So many that they are read as a ranking stand in its order. What there is none of has no column,
    nor, in a narrow table for a paper, have scores in training and rounds that are as many for all;
    its headings tell unit and direction.
    """
    metric, found = results.metric, by_rank(results.summaries(), analysis)
    if results.study.tasks:
        told = {s.name: spread(s.test, metric.factor, metric.decimals) for s in found}
        return tasks_table(heading(metric), results.study.bases, results.study.tasks, told)
    columns: dict[str, list[object]] = {"competitor": [s.name for s in found]}

    def add(metric: Metric, figures: Iterable[Summary]) -> None:
        name, unit = (heading(metric), "") if narrow else (metric.name, metric.sign)
        columns[name] = [spread(each, metric.factor, metric.decimals, unit) for each in figures]

    if any(s.parameters is not None for s in found):
        columns["parameters"] = ["-" if s.parameters is None else s.parameters for s in found]
    if not narrow or len({s.test.rounds for s in found}) > 1:
        columns["rounds"] = [s.test.rounds for s in found]
    add(metric, (s.test for s in found))
    columns |= rank_columns(analysis)
    if metric.in_training and not narrow:
        means = [s.train.mean for s in found]
        columns[f"train {metric.short}"] = ["-" if m is None else metric.show(m) for m in means]
    for further in results.judging.metrics[1:]:
        known = [[r.score(further.score) for r in results.of(s.name)] for s in found]
        shown = further.settled(value for values in known for value in values)
        add(shown, (describe(values) for values in known))
    if any(s.seconds.mean for s in found):
        columns["seconds a round"] = [spread(s.seconds, 1, 2) for s in found]
    return Table.of(tuple(columns), list(zip(*columns.values(), strict=True)), right=REST)


def by_rank(found: Iterable[Figures], analysis: Analysis) -> list[Figures]:
    """Return figures of competitors, in the order of the ranking if they are read as one."""
    order = [standing.name for standing in analysis.ranks] if analysis.is_ranking else []
    return sorted(found, key=lambda s: order.index(s.name) if s.name in order else len(order))


def rank_columns(analysis: Analysis) -> dict[str, list[object]]:
    """Return the ranks that each competitor may have, and who may be the best, if many are read."""
    ranks = analysis.ranks if analysis.is_ranking else ()
    if not ranks:
        return {}
    return {
        "rank": [f"{s.first} to {s.last}" if s.first < s.last else str(s.first) for s in ranks],
        "may be best": ["yes" if s.may_be_best else "" for s in ranks],
    }


def tasks_table(
    what: str, names: Iterable[str], tasks: Sequence[str], told: Mapping[str, str]
) -> Table:
    """Return a row a competitor and a column a task, of what is told of each there."""
    rows = [(name, *(told.get(on_task(name, task), "-") for task in tasks)) for name in names]
    return Table.of((what, *tasks), rows, right=REST)


def heading(metric: Metric) -> str:
    """Return a metric's name with its unit and, as an arrow, which values are better."""
    unit = metric.sign and f",{metric.sign}"
    return f"{metric.name}{unit} {'↑' if metric.larger_is_better else '↓'}"


def spread(figures: Summary, factor: float, digits: int, unit: str = "") -> str:
    """Return mean ± standard deviation, both times a factor."""
    mean, std = (None if x is None else factor * x for x in (figures.mean, figures.std))
    return plus_minus(mean, std, digits, unit)


def summaries_table(analysis: Analysis) -> Table:
    """Return mean, standard deviation and interval of values in any unit, as they were given."""
    if over := analysis.over_tasks:
        told = {
            s.name: f"{_significant(s.mean, 4)} ± {_significant(s.std, 2)}"
            for s in analysis.summaries
        }
        return tasks_table("mean ± std", over.names, over.tasks, told)
    found, level = (
        by_rank(analysis.summaries, analysis),
        f"{100 * (1 - analysis.alpha):g} % interval",
    )
    columns = {
        "competitor": [summary.name for summary in found],
        "rounds": [summary.rounds for summary in found],
        "failed": [summary.failed for summary in found],
        "mean": [_significant(summary.mean, _digits(summary.interval)) for summary in found],
        "std": [_significant(summary.std) for summary in found],
        level: [_ends(summary.interval) for summary in found],
        **rank_columns(analysis),
    }
    if not any(summary.failed for summary in found):
        del columns["failed"]
    return Table.of(tuple(columns), list(zip(*columns.values(), strict=True)), right=REST)


def _significant(number: float | None, digits: int = 5) -> str:
    return "-" if number is None else f"{number:.{digits}g}"


def _ends(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    digits = _digits(interval)
    return f"{interval.low:.{digits}g} to {interval.high:.{digits}g}"


def _digits(interval: Interval | None) -> int:
    """Return how many digits tell an interval's ends apart, at least 5."""
    width = 0.0 if interval is None else interval.high - interval.low
    if interval is None or width <= 0:
        return 5
    size = max(abs(interval.low), abs(interval.high))
    return min(max(5, floor(log10(size)) - floor(log10(width)) + 2), 17)


def studies_table(store: Store) -> Table:
    """Return the studies that a store holds: what tells them apart, and how far they are."""
    rows = []
    for kept in store.studies():
        study = kept.study
        networks = study.networks if isinstance(study, NetworkStudy) else ()
        epochs = {network.recipe.epochs for network in networks}
        planned = str(len(spanned(kept.planned, kept.asked))) if kept.planned else "open"
        rows.append(
            (
                study.name,
                kept.identity[:8],
                kept.last_run[:16].replace("T", " "),
                str(study.seed),
                "/".join(map(str, sorted(epochs))) or "-",
                len(study.competitors),
                f"{rounds_shown(store, kept)} of {planned}",
            )
        )
    header = ("study", "identity", "last run (UTC)", "seed", "epochs", "competitors", "rounds")
    return Table.of(header, rows, right=REST)


def rounds_table(store: Store) -> Table:
    """Return how many rounds each competitor of each study has, of present and older sources."""
    rows = []
    for kept in store.studies():
        outdated = is_outdated(store, kept)
        for name in kept.study.competitor_names:
            latest, *older = (len(store.finished(k)) for k in store.all_keys(kept.identity, name))
            present = 0 if outdated else latest
            old = sum(older) + (latest if outdated else 0)
            rows.append((kept.study.name, kept.identity[:8], name, present, old))
    header = ("study", "identity", "competitor", "rounds", "of older sources")
    return Table.of(header, rows, right=REST)


def noise_table(results: StudyResults) -> Table:
    """Return what each source of chance brings to rounds and differences; see `noise_of`."""
    metric, rows = results.metric, list[list[str | int | float | None]]()
    for name, noise in noise_of(results).items():
        for one in (*noise.sources, noise.total):
            stds = (one.variance**0.5, one.interval.low, one.interval.high)
            figures = (*map(metric.scaled, stds), 100 * one.share)
            known = (x if isfinite(x) else None for x in figures)
            rows.append([name, one.source, *known, one.rounds])
    unit = {"points": ", points", RATIO: " of logarithms"}.get(metric.unit, "")
    header = ("of", "redrawn", f"std{unit}", "from", "to", "share, %", "rounds")
    shown = (0, 0, *[metric.decimals + 1] * 3, 0, 0)
    columns = zip(header, zip(*rows, strict=True), shown, strict=True)
    caption = (
        "Standard deviation with one source of chance redrawn, its 95 % interval (χ², of normal"
        " values), and its share of the variance of all"
    )
    return Table("noise", caption, tuple(Column(*column) for column in columns))


def all_notes(
    results: StudyResults, verdicts: Verdicts, notes: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return every note on a study's rounds, a sentence each."""
    found = dict.fromkeys((*divergence_notes(results), *verdicts.notes, *notes))
    return tuple(f"Note: {note}" for note in found)
