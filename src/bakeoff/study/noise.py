"""Where a study's noise comes from: it is run with one source of chance redrawn at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from bakeoff.errors import StudyError
from bakeoff.statistics.noise import Noise, variance_components
from bakeoff.study.checks import unknown
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Study
from bakeoff.study.verdicts import compared

LITTLE, MOST = 0.1, 0.9
"""Shares of the variance that sentences go by."""


def noise_study(
    study: Study, sources: Sequence[str] = (), *, worlds: int = 5, redraws: int = 6
) -> Study:
    """Return the study that redraws one source of chance at a time, beside ordinary rounds.

    Beside each competitor, whose rounds are those that it has in any study, stands one for each
    source, `NAME.SOURCE`: of its rounds those of a world share all else.

    Args:
        study: what is asked about.
        sources: which sources; all that can be told apart unless given.
        worlds: draws of all that is held, at least 2.
        redraws: rounds in each, at least 2.

    Raises:
        StudyError: for sources that are unknown or cannot be told apart, or other numbers.
    """
    known, where = study.chance(), f"study {study.name!r}: "
    if not known:
        raise StudyError(
            f"{where}got one seed for all that is random, as functions and {{seed}} or {{round}} in"
            " a command have it, expected networks, or a command with a seed for each source of"
            " chance, such as {seed.data} {seed.init}, and no other"
        )
    for source in sources:
        if source not in known:
            raise StudyError(where + unknown("source of chance", source, known))
    for what, number in (("worlds", worlds), ("redraws", redraws)):
        if number < 2:
            raise StudyError(f"{what}: got {number}, expected at least 2, as one has no variance")
    ordinary = [evolve(c, levels={}) for c in study.competitors]
    held = [
        evolve(c, name=_redrawn(c.name, source), redraw=[source], world=redraws)
        for c in ordinary
        for source in dict.fromkeys(sources or known)
    ]
    name, rounds = f"{study.name}-noise", worlds * redraws
    return evolve(study, name=name, competitors=[*ordinary, *held], rounds=rounds)


def _redrawn(name: str, source: str) -> str:
    """Return what a competitor, perhaps on a task, is called where a source alone is redrawn."""
    base, at, task = name.partition("@")
    return f"{base}.{source}{at}{task}" if source else name


def ordinary_rounds(results: StudyResults) -> StudyResults:
    """Return the rounds that hold nothing, as the study that asks for no more."""
    plain = [c.name for c in results.study.competitors if not c.world]
    if len(plain) == len(results.study.competitors):
        return results
    rounds = [record for record in results.results if record.competitor in plain]
    return evolve(results, study=results.study.only(plain), results=tuple(rounds))


def noise_of(results: StudyResults) -> dict[str, Noise]:
    """Return where the variance of each competitor comes from, and of each declared difference.

    Args:
        results: the rounds of a `noise_study`, in any state.

    Returns:
        By the competitor's name, or that of the difference, "a - b".

    Raises:
        StudyError: for a value that has no ratio.
    """
    study, (table, _) = results.study, compared(results)
    world = max(c.world for c in study.competitors)
    sources = dict.fromkeys(source for c in study.competitors for source in c.redraw)
    whole = max(results.rounds, default=0) // world * world + world
    rows = np.full((whole, table.shape[1]), np.nan)
    rows[list(results.rounds)] = table
    columns = dict(zip(study.competitor_names, rows.T, strict=True))

    def of(name: str, less: str = "") -> Noise:
        def values(redrawn: str) -> NDArray[np.float64]:
            one, other = (_redrawn(of, redrawn) for of in (name, less))
            return columns[one] - (columns[other] if less else 0.0)

        redrawn = {source: values(source).reshape(-1, world) for source in sources}
        return variance_components(values(""), redrawn)

    alone = {c.name: of(c.name) for c in study.competitors if not c.world}
    return alone | {f"{a} - {b}": of(a, b) for a, b in study.comparisons}


def advice(results: StudyResults) -> tuple[str, ...]:
    """Return what the figures say about how to spend rounds, of each declared difference.

    Where none is declared, of each competitor. Arguments and errors as of `noise_of`.
    """
    found = noise_of(results)
    names = [f"{a} - {b}" for a, b in results.study.comparisons] or list(found)
    return tuple(f"{name}: {_advice(found[name])}" for name in names)


def _advice(noise: Noise) -> str:
    """Return the sentences, from what is seen where all but one source is held, or one of them.

    What holding one hides, its own part of the variance, is no more than its share, and no more
    than any other, redrawn alone, leaves over.
    """
    shares = {one.source: min(one.share, 1.0) for one in noise.sources}
    top, share = next(iter(shares.items()))
    if isnan(share):
        return "too few rounds differ to tell where the variance comes from."
    told = f"rounds that redraw {top} alone show {_percent(share)} of the variance"
    told += f", and intervals {share**-0.5:.1f} times too short." if 0 < share < MOST else "."
    hidden = {
        source: min([own, *(1 - other for name, other in shares.items() if name != source)])
        for source, own in shares.items()
    }
    whole = sum(one.share for one in noise.sources)
    worst, most = max(hidden.items(), key=lambda pair: pair[1])
    if LITTLE <= most <= MOST:
        told += (
            f" To hold {worst} hides up to {_percent(most)}: intervals are up to"
            f" {(1 - most) ** -0.5:.1f} times too short, and a second round with the same draw is"
            f" worth as little as {(1 - most) / (1 + most):.2f} of a fresh one."
        )
    elif most > MOST:
        told += f" Rounds that share one draw of {worst} may show next to nothing."
    if small := [source for source, part in hidden.items() if part < LITTLE]:
        told += f" To hold {' or '.join(small)} hides under {_percent(LITTLE)}."
    if noise.left.high < 0:
        told += f" They act together: one by one they add up to {_percent(whole)}."
    elif noise.left.low > 0:
        told += f" None of them brings {_percent(1 - whole)}: something else is at work."
    return told


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
