"""Several tasks (data sets, environments): what each says, and all say of tasks like these.

A verdict on one task speaks of runs on it. One about tasks takes each for a single observation, its
mean difference, and asks the sign-flip test: rounds numbered task by seed would share what is
peculiar to their task, and so claim too much. Ranks do without a common scale: Friedman's test in
Iman and Davenport's form (1980, Communications in Statistics A9) asks whether any two competitors
differ, z of average ranks with Holm's correction which two (Demšar 2006, "Statistical comparisons
of classifiers over multiple data sets", Journal of Machine Learning Research 7, section 3.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, inf, lgamma, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, ndtr

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import Analysis, analyse, concluded
from bakeoff.statistics.contrast import on_task, within
from bakeoff.statistics.describe import Array, finite_or_nan
from bakeoff.statistics.holm import holm
from bakeoff.statistics.power import rounds_to_reach
from bakeoff.statistics.signflip import snap
from bakeoff.statistics.units import ROUNDING, count, p_text
from bakeoff.statistics.verdict import Comparison, Rules

MOST_TOLD = 3  # pairs of ranks that differ; more are counted


@dataclass(frozen=True, slots=True)
class Ranks:
    """How competitors rank over tasks.

    Attributes:
        average: each name with its mean rank, 1 being the best, in this order.
        f: Iman and Davenport's statistic; infinite where all tasks rank alike.
        df: its degrees of freedom.
        p_value: of no difference between any two; at least 1 / k!^(tasks - 1), the share of all
            rankings of k competitors that agree wholly.
        pairs: (a, b, corrected p) of every two; at least Friedman's own p.
        alike: neighbours by rank of which no two differ, two or more each.
    """

    average: tuple[tuple[str, float], ...]
    f: float
    df: tuple[int, int]
    p_value: float
    pairs: tuple[tuple[str, str, float], ...]
    alike: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class OverTasks:
    """What several tasks say of tasks like these.

    Attributes:
        tasks: their names.
        names: the competitors.
        sentences: the verdicts in words, or why there is none.
        comparisons: one a declared comparison, corrected over them; none where refused.
        ranks: of three competitors or more; None where refused.
    """

    tasks: tuple[str, ...]
    names: tuple[str, ...]
    sentences: tuple[str, ...]
    comparisons: tuple[Comparison, ...] = ()
    ranks: Ranks | None = None


def analyse_tasks(
    values: Mapping[str, ArrayLike],
    names: Sequence[str],
    comparisons: Sequence[tuple[str, str]],
    *,
    failure_counts_as: Mapping[str, float | None] | None = None,
    made: Mapping[str, NDArray[np.bool_]] | None = None,
    **options: Any,
) -> Analysis:
    """Analyse each task, all comparisons on all tasks one family, and what they say together.

    Args:
        values: (rounds, competitors) float64 by task, whose rounds may differ in number.
        names: the competitors, one a column; on a task each is called `contrast.on_task`.
        comparisons: pairs (a, b) for a minus b, asked on every task.
        failure_counts_as: the value of a failed round, or None, by task.
        made: whether a round was made, as of `analysis.analyse`, by task; all were, if None.
        options: others of `analysis.analyse`.

    Raises:
        StatisticsError: for no task, and as of `analysis.analyse`.
    """
    if not values:
        raise StatisticsError("analysis: got no task, expected at least one")
    family, counts = len(comparisons) * len(values), failure_counts_as or {}
    each = {
        task: analyse(
            table,
            [on_task(name, task) for name in names],
            [within(a, b, task) for a, b in comparisons],
            failure_counts_as=counts.get(task),
            made=made[task] if made else None,
            family=family,
            **options,
        )
        for task, table in values.items()
    }
    first = next(iter(each.values()))
    ratio = options.get("test_ratio") if first.mode == "resampled" else None
    careful, larger = first.mode == "careful", first.larger_is_better
    anytime = careful or first.mode == "anytime"
    rules = Rules(first.alpha, family, larger, anytime, ratio, careful=careful)
    found = concluded(
        _one_family([c for analysis in each.values() for c in analysis.comparisons]),
        tuple(summary for analysis in each.values() for summary in analysis.summaries),
        rules,
        first.unit,
        margin=first.margin,
        mode=first.mode,
        seed=first.seed,
        notes=by_task({task: analysis.notes for task, analysis in each.items()}),
        ranks=(),
    )
    means = [_means(np.asarray(values[t], dtype=np.float64), counts.get(t)) for t in values]
    whole = made is None or all(there.all() for there in made.values())
    table = np.array(means) if whole else np.array([])
    over = _over_tasks(tuple(values), table, names, comparisons, rules, options)
    return replace(found, over_tasks=over)


def _one_family(drafts: list[Comparison]) -> list[Comparison]:
    """Correct p of failing alike over all tasks, as it was on each."""
    p_values = [1.0 if c.failures is None else c.failures.p_value for c in drafts]
    return [
        replace(c, failures=c.failures and replace(c.failures, corrected_p=float(p)))
        for c, p in zip(drafts, holm(p_values), strict=True)  # type: ignore[arg-type]
    ]


def _means(table: Array, counts_as: float | None) -> Array:
    counted = np.where(np.isnan(table), np.nan if counts_as is None else counts_as, table)
    return np.asarray(counted.mean(axis=0)) if len(table) else np.full(table.shape[1], np.nan)


def by_task(told: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return each task's notes, by its name, behind that name; once what is said of all."""
    every = dict.fromkeys(note for notes in told.values() for note in notes)
    common = [note for note in every if all(note in notes for notes in told.values())]
    own = [f"{task}: {n}" for task, notes in told.items() for n in notes if n not in common]
    return (*common, *own)


def _over_tasks(
    tasks: tuple[str, ...],
    means: Array,
    names: Sequence[str],
    comparisons: Sequence[tuple[str, str]],
    rules: Rules,
    options: Mapping[str, Any],
) -> OverTasks:
    """Return what (tasks, competitors) means say, none if any is missing, or why nothing."""
    alpha, many, least = rules.alpha, len(comparisons), rounds_to_reach(rules.alpha)
    why = ""
    if len(tasks) < least:
        best = f"2^-{len(tasks) - 1} = {2.0 ** (1 - len(tasks)):g}"
        more = f", and {rounds_to_reach(alpha, many)} with {many} comparisons" if many > 1 else ""
        why = f"{count(len(tasks), 'task')} cannot reach p = {alpha:g} (at best {best});"
        why += f" it takes {least} tasks at least{more}"
    elif rules.anytime:
        why = "it takes a number of rounds that was fixed before the first look"
    elif not means.size:
        why = "not every competitor has rounds on every task"
    elif np.isnan(means).any():
        why = "rounds failed, and nothing says what one without a value counts as"
    if why:
        return OverTasks(tasks, tuple(names), (f"No verdict over tasks: {why}.",))
    found = analyse(means, names, comparisons, of="task", **{**options, "mode": "planned"})
    told = [re.sub("^Undecided", "undecided", " ".join(c.sentences)) for c in found.comparisons]
    sentences, ranks = [f"On tasks like these, {each}" for each in told], None
    if len(names) > 2:
        ranks = rank(means, names, alpha=alpha, larger_is_better=rules.larger_is_better)
        sentences.append(_ranked(ranks, len(tasks), alpha))
    return OverTasks(tasks, tuple(names), tuple(sentences), found.comparisons, ranks)


# ---- ranks ---------------------------------------------------------------------------------------


def rank(
    means: ArrayLike, names: Sequence[str], *, alpha: float = 0.05, larger_is_better: bool = True
) -> Ranks:
    """Rank competitors on each task, and tell which differ over tasks.

    Args:
        means: (tasks, competitors) float64, finite, 2 or more of each; equal ones share the mean of
            their ranks.
        names: the competitors.
        alpha: largest share of false verdicts.
        larger_is_better: whether the largest has rank 1.

    Raises:
        StatisticsError: for another shape, or a mean that is missing or infinite.
    """
    table = finite_or_nan(means, "ranks", ndim=2)
    tasks, k = table.shape
    if min(tasks, k) < 2 or k != len(names) or np.isnan(table).any():
        raise StatisticsError(
            f"ranks: got means of shape {table.shape} for {len(names)} competitors, expected finite"
            " ones, a row for each of 2 tasks or more, a column for each of 2 competitors or more"
        )
    exact = snap(table, np.abs(table).max(axis=1, keepdims=True))
    from scipy.stats import rankdata  # here, as it takes a second that few analyses need

    ranks = rankdata(-exact if larger_is_better else exact, axis=1)
    order = np.argsort(ranks.mean(axis=0), kind="stable")
    average, middle, df = ranks.mean(axis=0)[order], (k + 1) / 2, (k - 1, (k - 1) * (tasks - 1))
    # Friedman's chi-squared as a share of the most that it can be, in Conover's form for ties.
    spread = float(((ranks - middle) ** 2).sum())
    share = tasks * float(((average - middle) ** 2).sum()) / spread if spread else 0.0
    f = inf if share > 1 - ROUNDING else (tasks - 1) * share / (1 - share)
    p = max(float(fdtrc(*df, f)), exp((1 - tasks) * lgamma(k + 1)))
    places = [*combinations(range(k), 2)]
    z = np.array([average[i] - average[j] for i, j in places]) / sqrt(k * (k + 1) / (6 * tasks))
    corrected = dict(zip(places, np.maximum(holm(2 * ndtr(z)), p).tolist(), strict=True))
    ordered = [names[place] for place in order]
    return Ranks(
        tuple(zip(ordered, average.tolist(), strict=True)),
        f,
        df,
        p,
        tuple((ordered[i], ordered[j], q) for (i, j), q in corrected.items()),
        _alike(ordered, corrected, alpha),
    )


def _alike(
    ordered: list[str], corrected: Mapping[tuple[int, int], float], alpha: float
) -> tuple[tuple[str, ...], ...]:
    """Return the longest runs of neighbours that do not differ: p falls as ranks part."""
    found, reached = [], 0
    for first in range(len(ordered)):
        last = max((j for (i, j), p in corrected.items() if i == first and p > alpha), default=0)
        if last > reached:
            found.append(tuple(ordered[first : last + 1]))
            reached = last
    return tuple(found)


def _ranked(ranks: Ranks, tasks: int, alpha: float) -> str:
    """Return the ranks in words."""
    axis = ", ".join(f"{name} {place:.2f}" for name, place in ranks.average)
    apart = [pair for pair in ranks.pairs if pair[2] <= alpha]
    told = "; ".join(f"{a} ranks before {b}, corrected p {p_text(p, alpha)}" for a, b, p in apart)
    if len(apart) > MOST_TOLD:
        told = f"{len(apart)} of {len(ranks.pairs)} pairs differ"
    return (
        f"Average ranks over {tasks} tasks, 1 being the best: {axis} (Friedman's F({ranks.df[0]},"
        f" {ranks.df[1]}) = {ranks.f:.3g}, p {p_text(ranks.p_value, alpha)});"
        f" {told or 'no two differ'}."
    )


# ---- performance profiles ------------------------------------------------------------------------


def profile(values: Mapping[str, ArrayLike], *, larger_is_better: bool) -> tuple[str, Array, Array]:
    """Return what share of tasks, or of runs, reaches which value.

    Of times and losses above 0 it is the share of tasks whose mean is at most so many times the
    best one's (Dolan and Moré 2002, "Benchmarking optimization software with performance profiles",
    Mathematical Programming 91); of anything else the share of runs with a better value, tasks
    weighing alike (Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical
    precipice", NeurIPS, section 4.2).

    Args:
        values: (rounds, competitors) float64 by task; NaN where one failed, which reaches nothing.
        larger_is_better: of the values.

    Returns:
        "ratios" or "scores", (points,) float64 in ascending order, and (competitors, points)
        float64 of 0 to 1, each share that from its point up to the next.

    Raises:
        StatisticsError: for tables of another shape, or infinite values.
    """
    tables = [finite_or_nan(table, f"profile of {task}", ndim=2) for task, table in values.items()]
    means = np.array([table.mean(axis=0) for table in tables])  # NaN where any round failed
    every = np.unique(np.concatenate([table[~np.isnan(table)] for table in tables]))
    if not larger_is_better and every[0] > 0:
        ratios = means / np.fmin.reduce(means, axis=1, keepdims=True)
        at = np.unique(ratios[~np.isnan(ratios)])
        return "ratios", at, (ratios[:, :, None] <= at).mean(axis=0)
    at = np.concatenate([[every[0] - 0.02 * float(np.ptp(every))], every])
    better = [(t[:, :, None] > at) if larger_is_better else (t[:, :, None] <= at) for t in tables]
    return "scores", at, np.mean([each.mean(axis=0) for each in better], axis=0)
