"""From plain arrays to verdicts: the one entry to the statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bakeoff.errors import StatisticsError
from bakeoff.statistics.assumptions import (
    balanced_rounds,
    following_rounds,
    repeated_rounds,
    skewed_differences,
)
from bakeoff.statistics.betting import careful_estimate, careful_rounds_to_reach
from bakeoff.statistics.contrast import Contrast, pair
from bakeoff.statistics.dependence import Mode
from bakeoff.statistics.describe import Array, Summary, describe, finite_or_nan
from bakeoff.statistics.estimate import (
    Estimate,
    anytime_estimate,
    check_ratio,
    inflated,
    planned_estimates,
    resampled_estimate,
)
from bakeoff.statistics.failures import failures_of
from bakeoff.statistics.holm import holm, shaffer
from bakeoff.statistics.looks import looks_at
from bakeoff.statistics.power import detectable_difference, rounds_to_reach, spread_limit
from bakeoff.statistics.ranking import Standing, best_in_words, ranking
from bakeoff.statistics.sentence import notes, sentence
from bakeoff.statistics.sequential import anytime_rounds_to_reach
from bakeoff.statistics.shown import analysis_html, in_short
from bakeoff.statistics.signflip import EXACT_ROUNDS, RESAMPLES, sign_flip, snap, subset_sums
from bakeoff.statistics.units import POINTS, Unit
from bakeoff.statistics.verdict import Comparison, Equivalence, Rules, decide

if TYPE_CHECKING:
    from bakeoff.statistics.tasks import OverTasks

MODES: tuple[str, ...] = get_args(Mode)
MANY = 6  # competitors; more are told as a ranking, where all are compared with all
HELD = 2**24  # thresholds of either side held at once, 128 MiB: signs are drawn anew for more
PAIRS = 4  # a competitor, from which on sums of values take less than those of differences
# Competitors' values, (K, rounds), and which two of them each comparison sets apart, (m, 2).
Sides = tuple[Array, NDArray[np.intp]]
SMALLER = 8  # chunks, where worlds are not drawn anew for each: they stay in a cache
UNTESTED = (
    "the margin is not tested where a failed round is lost, and so nothing is equivalent; say what"
    " a failed round counts as."
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything a table or page needs, without another calculation.

    Attributes:
        summaries: one a competitor, in the order of the columns.
        comparisons: one a declared comparison, in the order declared.
        alpha: largest share of studies with a false verdict.
        margin: equivalence margin in the values' unit, or None.
        mode: "planned", "anytime", "careful", "resampled" or "unpaired".
        asked: how many comparisons were declared, over which p is corrected.
        seed: of the drawn sign patterns.
        unit: how differences are shown.
        larger_is_better: whether a larger value is better.
        notes: what a reader must know of the values as a whole, a sentence each.
        ranks: where each competitor stands, the best first; empty where not all are pairs.
        over_tasks: what several tasks say together; None where there is one, unnamed.
    """

    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    alpha: float
    margin: float | None
    mode: Mode | Literal["unpaired"]
    asked: int
    seed: int
    unit: Unit
    larger_is_better: bool
    notes: tuple[str, ...]
    ranks: tuple[Standing, ...] = ()
    over_tasks: OverTasks | None = None

    @property
    def best(self) -> tuple[str, ...]:
        """The competitors that may be the best; one of them is, with a probability of 1 - alpha."""
        return tuple(standing.name for standing in self.ranks if standing.may_be_best)

    @property
    def is_ranking(self) -> bool:
        """Whether so many are compared, all with all, that they are read as a ranking."""
        size = len(self.ranks)
        pairs = sum(comparison.contrast.is_pair for comparison in self.comparisons)
        return size > MANY and pairs == len(self.comparisons) == size * (size - 1) // 2

    @property
    def told(self) -> tuple[tuple[str, ...], ...]:
        """What is told of each comparison, a few sentences, of tasks, and who may be the best."""
        each = tuple(comparison.sentences for comparison in self.comparisons)
        if self.over_tasks:
            return (*each, *((sentence,) for sentence in self.over_tasks.sentences))
        best = best_in_words(self.ranks, self.alpha)
        if not self.is_ranking:
            return (*each, (best,)) if best else each
        pairs = f"The {len(each):,} comparisons of two stand in --format json."
        return ((best, pairs),)

    def __str__(self) -> str:
        """Return the verdicts, a line each, and then what a reader must know."""
        lines = [" ".join(sentences) for sentences in self.told]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        """Return the first lines of it."""
        return in_short(str(self), "print() tells all; .comparisons and .summaries hold numbers.")

    def _repr_html_(self) -> str:
        """Return what a notebook shows: each difference with its rounds, and the verdicts."""
        return analysis_html(self, self.notes)


def analyse(
    values: ArrayLike,
    names: Sequence[str],
    comparisons: Sequence[tuple[str, str] | Contrast],
    *,
    alpha: float = 0.05,
    margin: float | None = None,
    seed: int = 0,
    mode: Mode = "planned",
    unit: Unit = POINTS,
    larger_is_better: bool = True,
    resamples: int = RESAMPLES,
    test_ratio: float | None = None,
    failure_counts_as: float | None = None,
    made: NDArray[np.bool_] | None = None,
    family: int | None = None,
    of: str = "round",
) -> Analysis:
    """Analyse a study's values: summaries of competitors, verdicts on the declared comparisons.

    Args:
        values: (rounds, competitors) float64, rounds in order; NaN where one failed, which is an
            outcome: see `failures`.
        names: the competitors, one a column.
        comparisons: pairs (a, b) for a minus b, or contrasts. Holm's correction runs over them.
        alpha: largest share of studies with a false verdict; also one minus the intervals' level.
        margin: differences smaller than this do not matter; in the values' unit.
        seed: of the sign patterns drawn beyond 20 rounds.
        mode: "planned" for the planned number of rounds; "anytime" for any other; "careful" for
            any, of values between 0 and 1 whose differences are of any shape; "resampled" for
            rounds that cut one set of examples anew, which are not independent.
        unit: how differences are shown: `POINTS` for fractions, `PLAIN` for the rest.
        larger_is_better: False for losses, errors and times.
        resamples: how many sign patterns are drawn.
        test_ratio: in resampled mode, examples tested on over examples trained on.
        failure_counts_as: the value of a failed round, in the values' unit; None where none is the
            worst: then a pair is judged by the rounds that each won, a failed one being lost, and
            an effect by the rounds in which nothing failed.
        made: (rounds, competitors) bool, whether a round was made: one that was not is no failed
            one, and each comparison takes those that all in it have. All were, if None.
        family: how many comparisons p is corrected over, where a caller has more of them and
            corrects them together; these, if None.
        of: what a row is: "round", or "task" for a task's means, whose order means nothing.

    Raises:
        StatisticsError: for values, names or options that contradict each other or lie outside
            their range.
    """
    numbers = finite_or_nan(values, "analysis", ndim=2)
    check_options(numbers.shape[1], names, alpha, margin, mode)
    if mode == "resampled":
        check_ratio(test_ratio)
    contrasts = contrasts_of(comparisons)
    ratio = test_ratio if mode == "resampled" else None
    asked, careful = family or len(contrasts), mode == "careful"
    anytime = mode in ("anytime", "careful")
    rules = Rules(alpha, asked, larger_is_better, anytime, ratio, of, careful)
    counts_as = np.nan if failure_counts_as is None else failure_counts_as
    counted = finite_or_nan(
        np.where(np.isnan(numbers), counts_as, numbers), "analysis, failed rounds counted", ndim=2
    )
    if careful:
        _check_range(counted)
    test = partial(_estimates, rules=rules, margin=margin, seed=seed, resamples=resamples)
    if made is None:
        made = np.ones(numbers.shape, dtype=np.bool_)
    there = [contrast.made(made, names) for contrast in contrasts]
    rows = [
        np.where(both, contrast.values(counted, names), np.nan)
        for contrast, both in zip(contrasts, there, strict=True)
    ]
    sizes = [contrast.largest(counted, names) for contrast in contrasts]
    found = test(rows, sizes, contrasts, sides=_sides(contrasts, counted, names))
    failures = failures_of(contrasts, numbers, names, failure_counts_as, found, test, rules, there)
    summaries = tuple(
        describe(numbers[made[:, column], column], name, confidence=1 - alpha)
        for column, name in enumerate(names)
    )
    constant = {summary.name for summary in summaries if summary.constant}
    column = dict(zip(names, counted.T, strict=True))
    drafts = [
        Comparison(
            contrast,
            dropped=int(np.isnan(row[both]).sum()),
            estimate=estimate,
            detectable=_detectable(estimate, rules),
            rounds_to_reach=_rounds_to_reach(rules, contrast, estimate),
            copies=all(name in constant for name, _ in contrast.weights),
            failures=failed,
            looks=looks_at([column[n] for n, _ in contrast.weights], unit, rules, margin),
            notes=notes(contrast, estimate, row, rules),
            differences=row[~np.isnan(row)],
        )
        for contrast, estimate, failed, row, both in zip(
            contrasts, found, failures, rows, there, strict=True
        )
    ]
    folds = mode == "resampled"  # or cut anew, and told to be
    apart = [
        (contrast.name, row)
        for contrast, estimate, row in zip(contrasts, found, rows, strict=True)
        if estimate is not None and not estimate.constant and not folds
    ]
    differing, whose = np.array([row for _, row in apart]), [name for name, _ in apart]
    told = (
        *(repeated_rounds(numbers) or (() if folds else balanced_rounds(numbers, seed=seed))),
        *following_rounds(differing, whose, seed=seed),
        *(() if careful else skewed_differences(differing, whose, seed=seed)),
        *(UNTESTED,) * (margin is not None and any(f and f.wins for f in failures)),
    )
    ranks = ranking(drafts, counted, made, summaries, rules, test)
    return concluded(
        drafts, summaries, rules, unit, margin=margin, mode=mode, seed=seed, notes=told, ranks=ranks
    )


def concluded(
    drafts: Sequence[Comparison],
    summaries: tuple[Summary, ...],
    rules: Rules,
    unit: Unit,
    *,
    margin: float | None,
    mode: Mode | Literal["unpaired"],
    seed: int,
    notes: tuple[str, ...],
    ranks: tuple[Standing, ...],
) -> Analysis:
    """Return the analysis of comparisons that await correction, verdict and sentence."""
    compared = []
    for draft, p_value, equivalence in zip(drafts, *_correct(drafts, margin), strict=True):
        comparison = replace(draft, corrected_p=float(p_value), equivalence=equivalence)
        comparison = replace(comparison, verdict=decide(comparison, rules))
        compared.append(replace(comparison, sentence=sentence(comparison, rules, unit)))
    return Analysis(
        summaries=summaries,
        comparisons=tuple(compared),
        alpha=rules.alpha,
        margin=margin,
        mode=mode,
        asked=rules.comparisons,
        seed=seed,
        unit=unit,
        larger_is_better=rules.larger_is_better,
        notes=notes,
        ranks=ranks,
    )


def _correct(
    drafts: Sequence[Comparison], margin: float | None
) -> tuple[Array, list[Equivalence | None]]:
    """Return all corrected p-values, (comparisons,) float64: differences and equivalences alike."""
    won = [d.failures.wins if d.failures else None for d in drafts]
    deciding = [w or d.estimate for w, d in zip(won, drafts, strict=True)]
    p_values = [1.0 if e is None else e.p_value for e in deciding]
    if margin is None:
        return holm(p_values), [None] * len(drafts)
    # Who wins more rounds says nothing of how much.
    beyond = [
        1.0 if e is None or e.equivalence_p is None or w is not None else e.equivalence_p
        for e, w in zip(deciding, won, strict=True)
    ]
    corrected, fixed = shaffer(p_values, beyond)
    return corrected, [
        Equivalence(margin, p, float(fixed_p), d.estimate.equivalence_interval)
        if d.estimate is not None and d.estimate.equivalence_interval is not None
        else None
        for d, p, fixed_p in zip(drafts, beyond, fixed, strict=True)
    ]


def _estimates(
    rows: list[Array],
    largest: list[Array],
    contrasts: Sequence[Contrast] | None = None,
    *,
    rules: Rules,
    margin: float | None,
    seed: int,
    resamples: int,
    sides: Sides | None = None,
) -> list[Estimate | None]:
    """Return the figures of rows of differences, NaN left out; None below two rounds."""
    alpha, ratio = rules.alpha, rules.test_ratio
    if not rules.anytime and ratio is None:
        return _planned(rows, largest, alpha, margin, seed, resamples, sides)
    found: list[Estimate | None] = []
    reaches = [1.0] * len(rows) if contrasts is None else [c.reach for c in contrasts]
    for whole, tops, reach in zip(rows, largest, reaches, strict=True):
        row, top = whole[~np.isnan(whole)], tops[~np.isnan(whole)]
        if len(row) < 2:
            found.append(None)
        elif rules.careful:
            found.append(careful_estimate(row, top, reach, alpha=alpha, margin=margin))
        elif ratio is None:
            found.append(anytime_estimate(row, top, alpha=alpha, margin=margin))
        else:
            found.append(resampled_estimate(snap(row, top), ratio, alpha=alpha, margin=margin))
    return found


def check_options(
    columns: int, names: Sequence[str], alpha: float, margin: float | None, mode: str
) -> None:
    """Raise a StatisticsError for options of `analyse` that are outside their range."""
    if len(names) != columns or len(set(names)) < len(names):
        raise StatisticsError(
            f"analysis: got {columns} columns and the names {', '.join(names)}, "
            "expected one name a column and no name twice"
        )
    if not 0 < alpha < 0.5:
        raise StatisticsError(f"analysis: got alpha {alpha}, expected between 0 and 0.5")
    number = isinstance(margin, float | int | np.number)
    if margin is not None and not (number and isfinite(margin) and margin > 0):
        raise StatisticsError(f"analysis: got margin {margin}, expected a number above 0")
    if mode not in MODES:
        raise StatisticsError(f"analysis: got mode {mode!r}, expected one of {', '.join(MODES)}")


def _check_range(values: Array) -> None:
    """Raise a StatisticsError unless all values are known to lie between 0 and 1."""
    if ((values < 0) | (values > 1)).any():
        wrong = values[(values < 0) | (values > 1)][0]
        raise StatisticsError(
            f"careful: got a value of {wrong:g}, expected fractions between 0 and 1, as accuracies"
            " are: the bets need a range; use the anytime-valid test for other values"
        )


def contrasts_of(comparisons: Sequence[tuple[str, str] | Contrast]) -> list[Contrast]:
    """Return contrasts; a question asked twice, also the other way round, is a StatisticsError."""
    contrasts = [c if isinstance(c, Contrast) else pair(*c) for c in comparisons]
    seen: dict[frozenset[tuple[str, float]], str] = {}
    for contrast in contrasts:
        question = frozenset(contrast.weights)
        mirrored = frozenset((name, -weight) for name, weight in contrast.weights)
        first = seen.get(question) or seen.get(mirrored)
        if first:
            raise StatisticsError(
                f"analysis: {first!r} and {contrast.name!r} ask the same question, expected once"
            )
        seen[question] = contrast.name
    return contrasts


def _planned(
    rows: list[Array],
    largest: list[Array],
    alpha: float,
    margin: float | None,
    seed: int,
    resamples: int,
    sides: Sides | None,
) -> list[Estimate | None]:
    """Run the sign-flip test once for all comparisons that lost the same rounds."""
    estimates: list[Estimate | None] = [None] * len(rows)
    groups: dict[bytes, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(np.isnan(row).tobytes(), []).append(index)
    for members in groups.values():
        kept = ~np.isnan(rows[members[0]])
        rounds = int(np.count_nonzero(kept))
        if rounds < 2:
            continue
        worlds = 2 ** (rounds - 1) if rounds <= EXACT_ROUNDS else resamples + 1
        size = max(1, HELD // worlds)
        used, at = _used(sides, members, size)
        sums = None
        if len(used):  # and nothing is drawn again for each of many small chunks, held in a cache
            sums, size = (
                subset_sums(used[:, kept], seed=seed, resamples=resamples),
                size // SMALLER or 1,
            )
        for start in range(0, len(members), size):
            chunk = members[start : start + size]
            flips = sign_flip(
                np.stack([rows[index][kept] for index in chunk]),
                largest=np.stack([largest[index][kept] for index in chunk]),
                pairs=None if sums is None else (sums, *at[start : start + size].T),
                seed=seed,
                resamples=resamples,
            )
            found = planned_estimates(flips, alpha=alpha, margin=margin)
            for index, estimate in zip(chunk, found, strict=True):
                estimates[index] = estimate
    return estimates


def _sides(contrasts: Sequence[Contrast], values: Array, names: Sequence[str]) -> Sides | None:
    if not all(contrast.is_pair for contrast in contrasts):
        return None
    places = [[names.index(name) for name, _ in contrast.weights] for contrast in contrasts]
    return values.T, np.array(places)


def _used(sides: Sides | None, members: list[int], most: int) -> tuple[Array, NDArray[np.intp]]:
    """Return the values of the competitors in some pairs, and the places there of either side.

    None, if there are more than `most`, or so few pairs that their differences take less.
    """
    if sides is not None:
        used, at = np.unique(sides[1][members], return_inverse=True)
        if PAIRS * len(used) <= len(members) and len(used) <= most:
            return sides[0][used], at.reshape(-1, 2)
    return np.empty((0, 0)), np.empty((0, 2), dtype=np.intp)


def _detectable(estimate: Estimate | None, rules: Rules) -> float | None:
    if estimate is None or estimate.constant or rules.anytime:
        return None
    std, ratio = spread_limit(estimate.std, estimate.rounds), rules.test_ratio
    return detectable_difference(
        std if ratio is None else inflated(std, estimate.rounds, ratio),
        estimate.rounds,
        alpha=rules.alpha,
        comparisons=rules.comparisons,
        test="sign-flip" if ratio is None else "t",
    )


def _rounds_to_reach(rules: Rules, contrast: Contrast, estimate: Estimate | None) -> int:
    if rules.test_ratio is not None:
        return 2
    if rules.careful:
        mean = abs(estimate.mean) if estimate and estimate.mean else contrast.reach
        return careful_rounds_to_reach(mean, contrast.reach, rules.alpha, rules.comparisons)
    reach = anytime_rounds_to_reach if rules.anytime else rounds_to_reach
    return reach(rules.alpha, rules.comparisons)
