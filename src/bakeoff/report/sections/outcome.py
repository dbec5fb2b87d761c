"""Who is ahead, and which differences are real."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from bakeoff.errors import StudyError
from bakeoff.report.figures.curves import draw_sweep
from bakeoff.report.figures.rows import (
    WIDE,
    Difference,
    Row,
    draw_differences,
    draw_dots,
    draw_profile,
    draw_ranks,
)
from bakeoff.report.figures.style import PAPER, drawing, write_figure
from bakeoff.report.page import Exhibit, Section
from bakeoff.report.study_tables import competitors_table, noise_table
from bakeoff.statistics.analysis import Analysis, analyse
from bakeoff.statistics.contrast import on_task
from bakeoff.statistics.describe import Interval, Summary
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.looks import Look
from bakeoff.statistics.ranking import best_in_words
from bakeoff.statistics.tasks import profile
from bakeoff.statistics.units import p_text
from bakeoff.statistics.verdict import Comparison, Verdict
from bakeoff.study.metric import RATIO, Metric
from bakeoff.study.noise import advice, noise_of
from bakeoff.study.results import CompetitorSummary, StudyResults
from bakeoff.study.spec import Study
from bakeoff.study.sweep import OWN, number_of
from bakeoff.tables import REST, Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {
    "planned": "the sign-flip test inverted",
    "anytime": "anytime-valid",
    "careful": "by betting, anytime-valid and of any shape",
    "resampled": "the corrected resampled t test",
    "unpaired": "of rounds that are no pairs",
}
"""What the intervals are, by the analysis's mode."""


def ranked(results: StudyResults) -> list[CompetitorSummary]:
    """Return the competitors' figures, the best mean first."""
    sign = -1 if results.metric.larger_is_better else 1
    return sorted(
        results.summaries(), key=lambda s: math.inf if s.test.mean is None else sign * s.test.mean
    )


def ranking(results: StudyResults, analysis: Analysis) -> Section:
    """Return the competitors by the mean of what they are judged by, each round a dot."""
    found, metric = ranked(results), results.metric
    rows = [
        row_of(results, s.name, metric.score, s.test, metric.factor, _in_words(s, metric))
        for s in found
    ]
    axis = f"{metric.name}{_moment(metric)}{metric.axis.removeprefix(metric.short)}"
    name = metric.name[:1].upper() + metric.name[1:]
    alt = f"{name} of each competitor, best first: " + "; ".join(
        f"{row.name} {row.label}" for row in rows
    )
    best = best_in_words(analysis.ranks, analysis.alpha)
    told = () if not best or analysis.is_ranking or swept_factor(results.study) else (best,)
    paired = analysis.mode != "unpaired"
    pairs = ": the rounds are paired, and the next section uses that" * paired
    caption = (
        "The intervals are Student's t. Intervals that overlap say nothing about a"
        f" difference{pairs}."
    )
    figure, caption = sweep(results, analysis) or (
        draw_dots(rows, axis, "mean, 95 % interval"),
        caption,
    )
    return Section(
        "ranking",
        "Ranking",
        told,
        (Exhibit.of("ranking", figure, alt + ".", caption),),
        (_ranking_table(found, metric, analysis),),
    )


def swept_factor(study: Study) -> str:
    """Return the factor with most levels that are numbers; "" if none has two."""
    numbers = {f: sum(number_of(x) is not None for x in levels) for f, levels in study.factors}
    factor = max(numbers, key=lambda name: numbers[name], default="")
    return factor if numbers.get(factor, 0) > 1 else ""


def sweep(
    results: StudyResults, analysis: Analysis, width: float = WIDE
) -> tuple[Figure, str] | None:
    """Return scores against the numbers of the factor that has most, and a caption.

    None where there are none, or more than eight combinations of the other factors' levels.
    """
    study, metric, lines = results.study, results.metric, dict[str, list[tuple[float, str]]]()
    found = {s.name: s.test for s in ranked(results) if s.test.interval}
    factor = swept_factor(study)
    for c in study.competitors:
        if (at := number_of(dict(c.levels).get(factor, OWN))) is not None and c.name in found:
            others = ", ".join(f"{n} {v}" for n, v in c.levels if n != factor)
            lines.setdefault(others, []).append((at, c.name))
    if not factor or not 0 < len(lines) <= 8 or metric.unit == RATIO:
        return None
    bases = {b for _, b in study.comparisons} & found.keys()
    base = bases.copy().pop() if len(bases) == 1 else next(iter(found))
    level, rivals = found[base].mean or 0.0, [name for name in found if name != base]
    how: dict[str, Any] = {"alpha": analysis.alpha, "mode": analysis.mode, "seed": study.seed}
    how |= {"made": results.made(), "test_ratio": results.judging.dependence.test_ratio}
    asked = [(name, base) for name in rivals]
    judged = analyse(results.table(), study.competitor_names, asked, **how).comparisons
    ends = [c.estimate.interval if c.estimate else None for c in judged]
    apart = {n: (end.low, end.high) for n, end in zip(rivals, ends, strict=True) if end}
    apart[base] = (0.0, 0.0)

    def row(at: float, name: str) -> list[float]:
        test, band = found[name], [level + x for x in apart.get(name, (math.nan, math.nan))]
        own = [test.interval.low, test.interval.high] if test.interval else []
        return [at, *map(metric.scaled, (test.mean or 0.0, *own, *band))]

    drawn = {name: np.array([row(*one) for one in sorted(line)]) for name, line in lines.items()}
    against = f"{base}, the best mean, which flatters it," if len(bases) != 1 else base
    caption = (
        f"Mean and its 95 % interval (Student's t) by {factor}. A band is the paired difference to"
        f" {against} with its {100 * (1 - analysis.alpha):g} % interval, each on its own: where it"
        " leaves out the dashed line, the two differ."
    )
    axes = factor, metric.axis
    return draw_sweep(drawn, metric.scaled(level), base, axes, width), caption


def row_of(
    results: StudyResults, name: str, score: str, summary: Summary, factor: float, label: str
) -> Row:
    """Return a competitor's rounds as a row of dots, all numbers times the factor."""
    values = np.array([record.score(score) for record in results.of(name)])
    ends = (summary.interval.low, summary.interval.high) if summary.interval else (None, None)
    mean, low, high = (None if x is None else factor * x for x in (summary.mean, *ends))
    place = results.study.competitor_names.index(name)
    return Row(name, place, factor * values[~np.isnan(values)], mean, low, high, label)


def _moment(metric: Metric) -> str:
    """Return when a metric was measured, where a network's epochs make that a question."""
    return " after the last epoch" if metric.in_training else ""


def _scaled(numbers: Iterable[float | None], metric: Metric) -> list[float | None]:
    return [None if number is None else metric.scaled(number) for number in numbers]


def _in_words(summary: CompetitorSummary, metric: Metric) -> str:
    if summary.test.mean is None:
        return "no round that did not diverge" if metric.in_training else "no round that finished"
    told = metric.show(summary.test.mean)
    if summary.test.interval is not None:
        ends = (summary.test.interval.low, summary.test.interval.high)
        told += " ({} to {})".format(*(f"{metric.scaled(x):.{metric.decimals}f}" for x in ends))
    return f"{told}, {summary.test.failed} failed" if summary.test.failed else told


def _ranking_table(found: list[CompetitorSummary], metric: Metric, analysis: Analysis) -> Table:
    standing = {s.name: s for s in analysis.ranks if len(analysis.ranks) > 2}
    stands = [standing.get(s.name) for s in found]
    ranks = (
        Column("rank from", [None if s is None else s.first for s in stands]),
        Column("rank to", [None if s is None else s.last for s in stands]),
        Column("may be best", ["yes" if s and s.may_be_best else "" for s in stands]),
    )
    ends = [s.test.interval or Interval(math.nan, math.nan, 0.95) for s in found]
    failed, shown = [s.test.failed for s in found], metric.decimals + 1
    # A network's figures are of two sets, and of so many parameters; a command's are not.
    test = "test " if metric.in_training else ""
    train = Column("train mean", _scaled((s.train.mean for s in found), metric), shown)
    sizes = [s.parameters for s in found]
    parameters = Column("parameters", sizes, only_file=bool(metric.in_training))
    timed = any(s.seconds.mean for s in found)
    seconds = (
        Column("seconds mean", [s.seconds.mean for s in found], only_file=True),
        Column("seconds std", [s.seconds.std for s in found], only_file=True),
    )
    return Table(
        "ranking",
        f"Competitors: {metric.short}{metric.sign and ' in'}{metric.sign}{_moment(metric)}",
        (
            Column("competitor", [s.name for s in found]),
            Column(f"{test}mean", _scaled((s.test.mean for s in found), metric), shown),
            Column(f"{test}std", _scaled((s.test.std for s in found), metric), shown),
            Column("interval from", _scaled((end.low for end in ends), metric), shown, True),
            Column("interval to", _scaled((end.high for end in ends), metric), shown, True),
            *(ranks if standing else ()),
            *([train] if metric.in_training else []),
            Column("rounds", [s.test.rounds for s in found]),
            Column("failed", failed, only_file=not any(failed)),
            *([parameters] if any(s.parameters is not None for s in found) else []),
            *(seconds if timed else ()),
        ),
    )


def tasks(results: StudyResults, analysis: Analysis) -> Section:
    """Return each competitor on each task, what all tasks say, ranks and a performance profile."""
    study, over, exhibits = results.study, analysis.over_tasks, list[Exhibit]()
    if over and over.ranks:
        ranks, axis = over.ranks, f"average rank over {len(over.tasks)} tasks, 1 being the best"
        caption = (
            "Of those that a bar joins, no two differ (Friedman's test, then z on average ranks"
            f" with Holm's correction, at {analysis.alpha:g}; Demšar 2006)."
        )
        figure = draw_ranks(ranks.average, ranks.alike, axis)
        exhibits.append(Exhibit.of("ranks", figure, over.sentences[-1], caption))
    if len(study.competitors) == len(study.bases) * len(study.tasks):
        exhibits.append(_profile(results))
    caption = f"{results.metric.name} by task, mean ± standard deviation"
    table = attrs.evolve(competitors_table(results, analysis), name="tasks", caption=caption)
    return Section("tasks", "Tasks", over.sentences if over else (), tuple(exhibits), (table,))


def _profile(results: StudyResults) -> Exhibit:
    metric, study = results.metric, results.study
    column = dict(zip(study.competitor_names, results.table().T, strict=True))
    values = {
        task: np.column_stack([column[on_task(name, task)] for name in study.bases])
        for task in study.tasks
    }
    kind, at, shares = profile(values, larger_is_better=metric.larger_is_better)
    axis, at = metric.axis, at * metric.factor
    better = "above" if metric.larger_is_better else "at or below"
    caption = (
        f"The share of rounds {better} each value, tasks weighing alike (Agarwal et al. 2021)."
    )
    if kind == "ratios":
        axis, at = f"{metric.name}, times the best one's", at / metric.factor
        caption = (
            "The share of tasks on which a mean is at most so many times the best one's (Dolan and"
            " Moré 2002)."
        )
    figure = draw_profile(study.bases, at, shares, axis)
    alt = f"Performance profile of {', '.join(study.bases)} by {axis}."
    return Exhibit.of("profile", figure, alt, f"{caption} The further up, the better.")


def differences(analysis: Analysis, metric: Metric) -> Section:
    """Return the declared comparisons with their intervals, corrected p and verdicts."""
    compared = analysis.comparisons
    if not compared:
        none = "No comparison is declared of which both sides have rounds."
        return Section("differences", "Differences", (none,))
    if analysis.is_ranking:
        told = f"The {len(compared):,} differences of two stand in differences.csv."
        table = attrs.evolve(_difference_table(compared, metric), only_file=True)
        return Section("differences", "Differences", (told,), tables=(table,))
    figure = difference_figure(analysis, metric)
    told = "; ".join(
        f"{c.contrast.name} above 0 in {(c.differences > 0).sum()} of {len(c.differences)} rounds"
        if c.differences is not None
        else c.sentence.rstrip(".")
        for c in compared
    )
    alt = f"Differences in {metric.name}, their means and intervals: {told}."
    kind, paired = KINDS[analysis.mode], "paired " * (analysis.mode != "unpaired")
    caption = (
        f"Mean {paired}difference and its {100 * (1 - analysis.alpha):g} % interval ({kind}). The "
        "intervals are each on their own, not adjusted for how many there are; p-values and "
        "verdicts are corrected (Holm) over all that the study asks, so an interval may leave out "
        "0 and the verdict still be “undecided”."
    )
    return Section(
        "differences",
        "Differences",
        tuple(" ".join((c.sentence, *c.notes)) for c in compared),
        (Exhibit.of("differences", figure, alt, caption),),
        (_difference_table(compared, metric), _looks_table(compared, metric)),
    )


def noise(results: StudyResults) -> Section:
    """Return what each source of chance brings, of a study that redraws one at a time."""
    metric, table, told = results.metric, noise_table(results), advice(results)
    rows = [
        Difference(
            f"{name}: {one.source}",
            metric.scaled(one.variance**0.5),
            metric.scaled(one.interval.low),
            metric.scaled(one.interval.high),
            "better",
            f"{100 * one.share:.0f} % of the variance",
        )
        for name, found in noise_of(results).items()
        for one in (*found.sources, found.total)
    ]
    figure = draw_differences(rows, table.header[2].replace("std", "standard deviation"))
    exhibit = Exhibit.of("noise", figure, " ".join(told), f"{table.caption}.")
    return Section("noise", "Where the noise comes from", told, (exhibit,), (table,))


def difference_figure(analysis: Analysis, metric: Metric, width: float = WIDE) -> Figure:
    """Return the comparisons' mean differences with their intervals, `width` inches wide."""
    rows = [_difference(c, analysis.alpha, metric) for c in analysis.comparisons]
    margin = None if analysis.margin is None else metric.scaled(analysis.margin)
    unit = ", points" if metric.unit == "points" else metric.axis.removeprefix(metric.short)
    what = f"difference in {metric.name}{unit}"
    if ratios := metric.unit == RATIO:
        what = f"ratio of {metric.name}"
    axis = f"{what} ({'higher' if metric.larger_is_better else 'lower'} is better)"
    key = f"mean, {100 * (1 - analysis.alpha):g} % interval"
    return draw_differences(rows, axis, margin, width=width, ratios=ratios, line_is=key)


def write_differences(
    analysis: Analysis, metric: Metric, of: StudyResults | None = None, *, file: Path, width: float
) -> None:
    """Draw them for a paper's column, or the scores of the results of a sweep.

    Raises:
        StudyError: if there is none.
        OutputError: if the file cannot be written.
    """
    with drawing(PAPER):
        swept = of and sweep(of, analysis, width)
        if not swept and not analysis.comparisons:
            raise StudyError("figure: no comparison is declared of which both sides have rounds")
        write_figure(swept[0] if swept else difference_figure(analysis, metric, width), file)


def _difference(c: Comparison, alpha: float, metric: Metric) -> Difference:
    name = c.contrast.name.replace(" - ", " − ")
    if c.estimate is None:
        return Difference(name, None, 0.0, 0.0, str(c.verdict), "too few rounds")
    interval, p = c.estimate.interval, c.corrected_p
    if c.verdict is Verdict.EQUIVALENT and c.equivalence is not None:
        p = c.equivalence.corrected_p
    return Difference(
        name,
        metric.scaled(c.estimate.mean),
        metric.scaled(interval.low),
        metric.scaled(interval.high),
        str(c.verdict),
        f"{c.verdict}, p {p_text(p, alpha)}",
        () if c.differences is None else metric.factor * c.differences,
    )


def _difference_table(compared: tuple[Comparison, ...], metric: Metric) -> Table:
    estimates, shown = [c.estimate for c in compared], metric.decimals + 1

    def scaled(of: Callable[[Estimate], float]) -> list[float | None]:
        return _scaled((None if e is None else of(e) for e in estimates), metric)

    what = {"points": "points", RATIO: f"the logarithm of {metric.short}"}.get(
        metric.unit, metric.short
    )
    return Table(
        "differences",
        f"Differences in {what}; intervals unadjusted, "
        "corrected p and verdict by Holm's correction",
        (
            Column("difference", [c.contrast.name.replace(" - ", " − ") for c in compared]),
            Column("verdict", [str(c.verdict) for c in compared]),
            Column("mean", scaled(lambda e: e.mean), shown),
            Column("interval from", scaled(lambda e: e.interval.low), shown),
            Column("interval to", scaled(lambda e: e.interval.high), shown),
            Column("std", scaled(lambda e: e.std), shown),
            Column("effect size d", [None if e is None else e.effect_size for e in estimates]),
            Column("p", [None if e is None else e.p_value for e in estimates], 5),
            Column("corrected p", [c.corrected_p for c in compared], 5),
            Column("rounds", [c.rounds for c in compared]),
            Column("weights", [c.contrast.formula for c in compared], only_file=True),
        ),
        folded=True,
    )


def _looks_table(compared: tuple[Comparison, ...], metric: Metric) -> Table:
    """Return the other figures of each pair, which decide nothing."""

    def told(look: Look | None, factor: float = 100, digits: int = 0) -> str | None:
        if look is None:
            return None
        ends = [look.interval.low, look.interval.high] if look.interval else []
        texts = [f"{factor * n:.{digits}f}".replace("-", "−") for n in (look.value, *ends)]
        return f"{texts[0]} ({' to '.join(texts[1:])})" if ends else texts[0]

    header = ("difference", "ratio", "median", "rounds won, %", "better in rounds drawn apart, %")
    rows = [
        (
            c.contrast.name.replace(" - ", " − "),
            told(c.looks.ratio, 1, 3),
            told(
                None if metric.unit == RATIO else c.looks.median, metric.factor, metric.decimals + 1
            ),
            told(c.looks.win_rate),
            told(c.looks.probability_of_improvement),
        )
        for c in compared
        if c.looks is not None
    ]
    caption = "Other ways to look at the pairs, with intervals; none decides anything"
    return Table.of(header, rows, name="looks", caption=caption, right=REST, folded=True)
