"""The runs in results/, read back, and their figures as the page shows them.

A run counts if it was trained with the recipe that its study has now.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bakeoff.report.cells import spread
from bakeoff.study.canonical import plain
from bakeoff.study.recipe import Recipe
from bakeoff.study.result import Divergence, RoundResult
from bakeoff.study.results import CompetitorSummary, StudyResults
from bakeoff.study.spec import Study
from bakeoff.study.statistics.units import POINTS, mean_decimals, p_text
from bakeoff.study.statistics.verdict import Comparison
from bakeoff.study.studies import find_study
from bakeoff.study.verdicts import Verdicts, divergence_notes, judge

NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Run:
    """A study's rounds, with their verdicts over all that the study declares."""

    results: StudyResults
    versions: dict[str, str]

    @cached_property
    def verdicts(self) -> Verdicts:
        """The verdicts; anytime-valid ones unless all planned rounds stand."""
        return judge(self.results, range(self.results.study.rounds))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about the rounds, a sentence each."""
        return (*divergence_notes(self.results), *self.verdicts.notes)

    def summary(self, competitor: str) -> CompetitorSummary | None:
        """Return a competitor's figures, None if it has no rounds."""
        found = (s for s in self.results.summaries() if s.name == competitor)
        return next(found, None)

    def comparison(self, a: str, b: str) -> Comparison | None:
        """Return the verdict on a minus b, None if the study declares none or has no rounds.

        All comparisons that the study declares count in its correction.
        """
        study, verdicts = self.results.study, self.verdicts
        pair = [{result.round for result in self.results.of(name)} for name in (a, b)]
        if len(pair[0] & pair[1]) > len(verdicts.rounds):
            # A rival with fewer rounds takes none away from these two.
            both = [result for name in (a, b) for result in self.results.of(name)]
            verdicts = judge(StudyResults.of_rounds(study, both), range(study.rounds))
        asked = verdicts.analysis.comparisons
        return next((c for c in asked if c.contrast.name == f"{a} - {b}"), None)


def read_run(study: Study, folder: Path, trainer: str = "") -> Run | None:
    """Return the run of a study that `bakeoff run --json` wrote; None if there is none.

    Args:
        study: the study.
        folder: holds STUDY.json, and STUDY.TRAINER.json where another trainer trained it.
        trainer: which; "" for our own.
    """
    path = folder / f"{study.name}{trainer and '.' + trainer}.json"
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    rounds = [
        _round(study, one["name"], one["parameters"], round_)
        for one in told["competitors"]
        if _is_present(study, one["name"], told["recipe"] | one.get("recipe", {}))
        for round_ in one["rounds"]
    ]
    return Run(StudyResults.of_rounds(study, rounds), told["versions"]) if rounds else None


def _is_present(study: Study, name: str, told: dict[str, Any]) -> bool:
    """Tell whether the study has that competitor with that recipe."""
    if name not in study.competitor_names:
        return False
    # A run that is older than a field of the recipe was trained by that field's default.
    usual = plain(Recipe())
    changed = usual["augmentation"] | told.get("augmentation", {})
    return usual | told | {"augmentation": changed} == plain(study.competitor(name).recipe)


def _round(study: Study, competitor: str, parameters: int, told: dict[str, Any]) -> RoundResult:
    diverged = told.get("diverged")
    return RoundResult(
        competitor=competitor,
        parameters=parameters,
        diverged=None if diverged is None else Divergence(diverged["epoch"]),
        auxiliary=told.get("auxiliary", {}),
        **{k: told[k] for k in ("round", "seed", "seconds")},
        **{k: tuple(told[k]) for k in ("train_loss", "train_accuracy", "test_accuracy")},
    )


class Runs:
    """The runs in a folder, each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, Run | None] = {}

    def __getitem__(self, study: str) -> Run | None:
        if study not in self._read:
            self._read[study] = read_run(find_study(study), self.folder)
        return self._read[study]

    def by_torch(self, study: str) -> Run | None:
        """Return the run of a study's networks that PyTorch trained, None if there is none."""
        return read_run(find_study(study), self.folder, "torch")

    def accuracy(self, study: str, competitor: str) -> str:
        """Return mean ± standard deviation and the mean's interval, in %."""
        run = self[study]
        summary = run.summary(competitor) if run else None
        if summary is None:
            return NOT_RUN
        test = summary.test
        if test.mean is None:
            return f"all {test.diverged} rounds diverged"
        told = spread(test, 100, 2)
        if test.interval is not None:
            told += f" ({100 * test.interval.low:.1f} to {100 * test.interval.high:.1f})"
        return told + (f"; {test.diverged} rounds diverged" if test.diverged else "")

    def difference(self, study: str, a: str, b: str) -> str:
        """Return a mean paired difference in points, its interval and its verdict."""
        run = self[study]
        comparison = run.comparison(a, b) if run else None
        if comparison is None:
            return NOT_RUN
        estimate = comparison.estimate
        if estimate is None:
            return f"no verdict: {comparison.dropped} rounds diverged"
        decimals = POINTS.decimals(estimate.interval, estimate.mean)
        mean = POINTS.digits(estimate.mean, mean_decimals(decimals))
        sign = "+" if estimate.mean > 0 else ""
        low, high = (
            POINTS.digits(end, decimals) for end in (estimate.interval.low, estimate.interval.high)
        )
        p = p_text(comparison.corrected_p, run.verdicts.analysis.alpha)
        return f"{sign}{mean} ({low} to {high}), {comparison.verdict}, p {p}"
