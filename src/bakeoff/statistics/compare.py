"""From estimates to verdicts: correction over the family, decision, words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bakeoff.statistics.contrast import Contrast
from bakeoff.statistics.describe import Array, Summary
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.holm import holm, shaffer
from bakeoff.statistics.power import (
    detectable_difference,
    rounds_to_reach,
    spread_limit,
    t_detectable_difference,
)
from bakeoff.statistics.resampled import inflated
from bakeoff.statistics.sentence import notes, sentence
from bakeoff.statistics.sequential import anytime_rounds_to_reach
from bakeoff.statistics.units import Unit
from bakeoff.statistics.verdict import Comparison, Equivalence, Rules, decide


def compare(
    contrasts: list[Contrast],
    rows: list[Array],
    estimates: list[Estimate | None],
    summaries: tuple[Summary, ...],
    rules: Rules,
    margin: float | None,
    unit: Unit,
) -> tuple[Comparison, ...]:
    """Correct, decide and put into words.

    Args:
        contrasts: the declared comparisons.
        rows: for each the (rounds,) float64 contrast of every round, NaN where one diverged.
        estimates: for each its figures, None below two rounds.
        summaries: of all competitors.
        rules: what the analysis goes by.
        margin: equivalence margin in the values' unit, or None.
        unit: how differences are shown.
    """
    corrected, equivalences = _corrected(estimates, margin)
    constant = {summary.name for summary in summaries if summary.constant}
    compared = []
    for index, (contrast, estimate) in enumerate(zip(contrasts, estimates, strict=True)):
        comparison = Comparison(
            contrast=contrast,
            dropped=int(np.isnan(rows[index]).sum()),
            estimate=estimate,
            corrected_p=float(corrected[index]),
            equivalence=equivalences[index],
            detectable=_detectable(estimate, rules),
            rounds_to_reach=_rounds_to_reach(rules),
            copies=all(name in constant for name, _ in contrast.weights),
        )
        comparison = replace(comparison, verdict=decide(comparison, rules))
        compared.append(
            replace(
                comparison,
                sentence=sentence(comparison, rules, unit),
                notes=notes(comparison, rows[index]),
            )
        )
    return tuple(compared)


def _corrected(
    estimates: list[Estimate | None], margin: float | None
) -> tuple[Array, list[Equivalence | None]]:
    """Return all corrected p-values: differences and, with a margin, equivalences, one family."""
    p_values = [1.0 if e is None else e.p_value for e in estimates]
    if margin is None:
        return holm(p_values), [None] * len(estimates)
    beyond = [1.0 if e is None or e.equivalence_p is None else e.equivalence_p for e in estimates]
    corrected, fixed = shaffer(p_values, beyond)
    equivalences = [
        None
        if estimate is None or estimate.equivalence_interval is None
        else Equivalence(margin, beyond[index], float(fixed[index]), estimate.equivalence_interval)
        for index, estimate in enumerate(estimates)
    ]
    return corrected, equivalences


def _detectable(estimate: Estimate | None, rules: Rules) -> float | None:
    if estimate is None or estimate.constant or rules.anytime:
        return None
    std = spread_limit(estimate.std, estimate.rounds)
    if rules.test_ratio is not None:
        # Student's t, which reaches any p with any rounds.
        std = inflated(std, estimate.rounds, rules.test_ratio)
        return t_detectable_difference(
            std, estimate.rounds, alpha=rules.alpha, comparisons=rules.comparisons
        )
    return detectable_difference(
        std, estimate.rounds, alpha=rules.alpha, comparisons=rules.comparisons
    )


def _rounds_to_reach(rules: Rules) -> int:
    if rules.test_ratio is not None:
        return 2
    reach = anytime_rounds_to_reach if rules.anytime else rounds_to_reach
    return reach(rules.alpha, rules.comparisons)
