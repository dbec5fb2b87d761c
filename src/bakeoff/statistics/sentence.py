"""A verdict in one sentence, with the numbers it stands on, and the notes beside it."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from bakeoff.statistics.contrast import Contrast
from bakeoff.statistics.describe import Array, Interval
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.failures import Failures
from bakeoff.statistics.units import Ratio, Unit, count, mean_decimals, p_text, percent
from bakeoff.statistics.verdict import Comparison, Equivalence, Rules, Verdict

CARRIED = 0.9


def sentence(comparison: Comparison, rules: Rules, unit: Unit) -> str:
    """Return the verdict in words.

    For example "model2 is better than model1 by 1.43 points (95 % interval 0.9 to 2.0; corrected
    p = 0.0003; 30 rounds)."
    """
    failures = comparison.failures
    if failures is None:
        return _told(comparison, rules, unit)
    by_wins = failures.ahead is not None and failures.wins is not None
    told = _won(comparison, failures, rules) if by_wins else _told(comparison, rules, unit)
    return f"{told} {_failed(comparison, failures, rules, unit)}"


def _told(comparison: Comparison, rules: Rules, unit: Unit) -> str:
    """Return the verdict on the differences."""
    estimate, equivalence = comparison.estimate, comparison.equivalence
    if estimate is None:
        return (
            f"Undecided between {_sides(comparison.contrast)}: fewer than two rounds can be used."
        )
    if comparison.verdict is Verdict.UNDECIDED:
        return _undecided(comparison, estimate, rules, unit)
    if comparison.verdict is Verdict.EQUIVALENT and equivalence is not None:
        told = _equivalent(comparison, estimate, equivalence, rules, unit)
    else:
        told = _decided(comparison, estimate, rules, unit)
    # A competitor's name keeps its letters; an interaction begins with a word of ours.
    return told[0].upper() + told[1:] if comparison.contrast.kind == "interaction" else told


def _won(comparison: Comparison, failures: Failures, rules: Rules) -> str:
    """Return the verdict on who won more rounds, where a failed one is lost."""
    contrast, (won, lost) = comparison.contrast, failures.ahead or (0, 0)
    ahead = f"ahead in {won} of {count(failures.rounds, 'round')} and behind in {lost}"
    figures = f"({_p(comparison, rules)}; a failed round is lost)"
    if comparison.verdict is not Verdict.UNDECIDED:
        return f"{contrast.upper} is {comparison.verdict} than {contrast.lower}, {ahead} {figures}."
    few = failures.rounds < comparison.rounds_to_reach
    why = _too_few(failures.rounds, comparison, rules) if few else ""
    return f"Undecided between {_sides(contrast)}: {contrast.upper} is {ahead} {figures}{why}."


def _failed(comparison: Comparison, failures: Failures, rules: Rules, unit: Unit) -> str:
    """Say who failed how often, and what the difference is where nothing failed."""
    contrast, finished = comparison.contrast, failures.finished
    who = [f"{name} in {number or 'none'}" for name, number in failures.failed]
    first, number = failures.failed[0]
    who[0] = f"{first} failed in {number or 'none'} of {count(failures.rounds, 'round')}"
    told = f"{', '.join(who[:-1])} and {who[-1]}"
    if failures.corrected_p is not None:
        p = p_text(failures.corrected_p, rules.alpha)
        told += f" ({_corrected(rules)}p of failing alike {p})"
    if failures.counted_as is None and not contrast.is_pair:
        return f"{told}."
    both = "both" if contrast.is_pair else "all"
    if finished is None:
        return f"{told}; {both} finished in fewer than two."
    decimals = unit.decimals(finished.interval, finished.std or finished.mean)
    amount = unit.show(finished.mean, mean_decimals(decimals))
    alone = replace(comparison, estimate=finished, failures=None, dropped=0)
    single = "uncorrected " if rules.comparisons > 1 else ""
    p = f"{single}p {p_text(finished.p_value, rules.alpha)}"
    return (
        f"{told}; where {both} finished, {_difference(contrast, unit)} is {amount}"
        f" {_figures(alone, finished.interval, p, rules, unit)}."
    )


def _decided(comparison: Comparison, estimate: Estimate, rules: Rules, unit: Unit) -> str:
    """Amounts and interval are given in the direction of the verdict, so they are positive."""
    positive = estimate.interval.low > 0
    interval = estimate.interval if positive else estimate.interval.mirrored()
    decimals = unit.decimals(interval, estimate.mean)
    amount = unit.show(estimate.mean if positive else -estimate.mean, mean_decimals(decimals))
    upper, lower = comparison.contrast.upper, comparison.contrast.lower
    figures = _figures(comparison, interval, _p(comparison, rules), rules, unit)
    if comparison.contrast.kind == "interaction":
        return (
            f"{upper} is {'larger' if positive else 'smaller'} than {lower} by {amount} {figures}."
        )
    if isinstance(unit, Ratio):
        words = ("slower", "faster") if unit.faster else ("larger", "smaller")
        word = words[not positive]
        return f"{upper} is {comparison.verdict} than {lower}, {amount} {word} {figures}."
    direction = "" if rules.larger_is_better else f", {'higher' if positive else 'lower'}"
    return f"{upper} is {comparison.verdict} than {lower}{direction} by {amount} {figures}."


def _equivalent(
    comparison: Comparison, estimate: Estimate, equivalence: Equivalence, rules: Rules, unit: Unit
) -> str:
    decimals = unit.decimals(equivalence.interval, estimate.mean)
    p = f"{_corrected(rules)}p of a larger one {p_text(equivalence.corrected_p, rules.alpha)}"
    figures = _figures(comparison, equivalence.interval, p, rules, unit)
    amount = unit.show(estimate.mean, mean_decimals(decimals))
    real, nothing = comparison.corrected_p <= rules.alpha, int(isinstance(unit, Ratio))
    told = f"; that is not {nothing} ({_p(comparison, rules)}), but smaller than matters"
    return (
        f"{_sides(comparison.contrast)} are equivalent within {unit.plain(equivalence.margin)}: "
        f"{_difference(comparison.contrast, unit)} is {amount} {figures}"
        f"{told if real else ''}."
    )


def _undecided(comparison: Comparison, estimate: Estimate, rules: Rules, unit: Unit) -> str:
    decimals = unit.decimals(estimate.interval, estimate.std or estimate.mean)
    figures = _figures(comparison, estimate.interval, _p(comparison, rules), rules, unit)
    amount = unit.show(estimate.mean, mean_decimals(decimals))
    return (
        f"Undecided between {_sides(comparison.contrast)}: "
        f"{_difference(comparison.contrast, unit)} is {amount} {figures}"
        f"{_why(comparison, estimate, rules, unit)}."
    )


def _why(comparison: Comparison, estimate: Estimate, rules: Rules, unit: Unit) -> str:
    """Say what stood in the way of a verdict, the most fundamental thing first."""
    if comparison.copies:
        return "; every round gave the same values, as copies of a single round would"
    if estimate.drifted:
        return "; no single difference agrees with all looks, so the rounds have drifted"
    if estimate.rounds < comparison.rounds_to_reach:
        return _too_few(estimate.rounds, comparison, rules)
    if estimate.p_value <= rules.alpha:
        return (
            "; the interval alone leaves out 0, but not after correction for "
            f"{count(rules.comparisons, 'comparison')}"
        )
    equivalence, found = comparison.equivalence, ""
    if equivalence is not None:
        found = f"; equivalence within {unit.plain(equivalence.margin)} is not shown either"
    if comparison.detectable is not None:
        least = unit.plain(float(f"{comparison.detectable:.2g}"))
        found += f"; a true difference of {least} would have been found at least 4 times in 5"
    return found


def _too_few(rounds: int, comparison: Comparison, rules: Rules) -> str:
    over = f" over {count(rules.comparisons, 'comparison')}" if rules.comparisons > 1 else ""
    so = " of so small a difference" if rules.careful else ""
    return (
        f"; {count(rounds, rules.of)}{so} cannot reach p = {rules.alpha:g}{over}, "
        f"{comparison.rounds_to_reach:,} can"
    )


def notes(
    contrast: Contrast, estimate: Estimate | None, row: Array, rules: Rules
) -> tuple[str, ...]:
    """Return what a reader must know besides the verdict, a sentence or none.

    The row is the comparison's difference in every round, NaN where one is left out as failed; or
    on every task, as `of` says.
    """
    if estimate is None:
        return ()
    if estimate.constant:
        what = "0" if estimate.mean == 0 else "the same"
        told = (
            f"All {estimate.rounds} differences of {contrast.name} are {what}: "
            f"check that {rules.of}s differ in data and seed."
        )
        return (told,)
    if rules.careful:
        return ()
    few, share = _rounds_that_matter(row[~np.isnan(row)])
    told = (
        f"{few} of {count(estimate.rounds, rules.of)} {'carry' if few > 1 else 'carries'} "
        f"{100 * share:.0f} % of the variance of {contrast.name}: so rare a {rules.of} "
        "breaks the symmetry that the test assumes, and p and interval may be too sure."
    )
    return (told,) * (few > 0)


def _rounds_that_matter(row: Array) -> tuple[int, float]:
    """Return the one or two rounds that carry 90 % of the variance, and how much; 0 for none.

    Of fewer than 8 or 12 rounds one or two carry so much by chance: with normal differences, more
    often than 3 times in 1,000.
    """
    row = row / (np.abs(row).max(initial=0) or 1)  # squares of tiny ones are 0
    row = row[np.argsort(np.abs(row - np.median(row)))]
    for few, fewest in ((1, 8), (2, 12)):
        if len(row) >= fewest and np.ptp(row) > 0:
            inner = row[:-few]
            share = 1 - len(inner) * float(inner.var()) / (len(row) * float(row.var()))
            if share >= CARRIED:
                return few, share
    return 0, 0.0


def _figures(comparison: Comparison, interval: Interval, p: str, rules: Rules, unit: Unit) -> str:
    """Return "(95 % interval 0.9 to 2.0; corrected p = 0.0003; 30 rounds)"."""
    kind = "anytime-valid interval" if rules.anytime else "interval"
    kind = "careful interval" if rules.careful else kind
    rounds = count(comparison.rounds, rules.of)
    if comparison.estimate is not None and comparison.estimate.apart is not None:
        rounds = "{:,} and {:,} rounds, unpaired".format(*comparison.estimate.apart)
    if comparison.dropped:
        rounds += f", {comparison.dropped} left out as failed"
    ends = ends_of(comparison, interval, unit)
    counted = ""
    if comparison.failures is not None and comparison.failures.counted_as is not None:
        counted = f"a failed round counts as {unit.value(comparison.failures.counted_as)}; "
    return f"({counted}{percent(interval.confidence)} {kind} {ends}; {p}; {rounds})"


def ends_of(comparison: Comparison, interval: Interval, unit: Unit) -> str:
    """Return a comparison's interval in words, "0.9 to 2.0"."""
    if interval.low == -inf and interval.high == inf:
        return "unbounded"
    estimate = comparison.estimate
    decimals = unit.decimals(interval, estimate.mean if estimate else 0.0)
    low, high = (unit.digits(end, decimals) for end in (interval.low, interval.high))
    # An end that shows as 0 beside the other one, but leaves 0 out.
    low = f"above {low}" if interval.low > 0 and not low.strip("0.") else low
    return f"{low} to {f'below {high}' if interval.high < 0 and not high.strip('0.') else high}"


def _p(comparison: Comparison, rules: Rules) -> str:
    return f"{_corrected(rules)}p {p_text(comparison.corrected_p, rules.alpha)}"


def _corrected(rules: Rules) -> str:
    return "corrected " if rules.comparisons > 1 else ""


def _difference(contrast: Contrast, unit: Unit) -> str:
    if contrast.kind == "interaction":
        return "the difference of the two effects"
    return f"{contrast.upper} {'over' if isinstance(unit, Ratio) else 'minus'} {contrast.lower}"


def _sides(contrast: Contrast) -> str:
    return f"{contrast.upper} and {contrast.lower}"
