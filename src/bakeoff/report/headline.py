"""A study's verdicts in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.statistics.units import count
from bakeoff.statistics.verdict import Comparison, Verdict
from bakeoff.training.data_sets import ACCURACY, Metric

MOST = 3
"""Verdicts that the sentence tells one by one; of more, the largest effects."""


def headline(comparisons: Sequence[Comparison], metric: Metric = ACCURACY) -> str:
    """Return the sentence.

    For a single question it is the verdict's own, with all its figures. Of several it tells those
    that are answered, by how many points, and how many are not.

    Args:
        comparisons: the decided comparisons, of test accuracy as fractions.
        metric: what they compare.
    """
    if not comparisons:
        return (
            "No difference can be told: no comparison is declared of which both sides have rounds."
        )
    if len(comparisons) == 1:
        return comparisons[0].sentence
    answered = [c for c in comparisons if c.verdict is not Verdict.UNDECIDED]
    left = len(comparisons) - len(answered)
    if not answered:
        return f"None of the {len(comparisons)} questions is answered yet: all stay undecided."
    told = sorted(answered, key=_size, reverse=True)[:MOST]
    clauses = [_clause(c, metric) for c in answered if c in told]
    if more := len(answered) - len(clauses):
        clauses.append(f"{more} smaller {'one is' if more == 1 else 'ones are'} told below")
    listed = clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])}, and {clauses[-1]}"
    rest = f"; {left} stay{'s' * (left == 1)} undecided" if left else ""
    are = "is" if len(answered) == 1 else "are"
    return (
        f"Of {count(len(comparisons), 'question')}, {len(answered)} {are} answered: {listed}{rest}."
    )


def _size(comparison: Comparison) -> float:
    return abs(comparison.estimate.mean) if comparison.estimate else 0.0


def _clause(comparison: Comparison, metric: Metric) -> str:
    contrast, mean = comparison.contrast, comparison.estimate.mean if comparison.estimate else 0.0
    points = metric.unit.show(abs(mean), 2 if metric == ACCURACY else metric.digits)
    upper, lower = contrast.upper, contrast.lower
    if comparison.verdict is Verdict.EQUIVALENT:
        return f"{upper} and {lower} are equivalent"
    if contrast.kind == "interaction":
        return f"{upper} is {'larger' if mean > 0 else 'smaller'} than {lower} by {points}"
    return f"{upper} is {comparison.verdict} than {lower} by {points}"
