"""The runs in results/, read back, and the tables of docs/report.md and docs/record.md.

A run counts if it was trained with the recipe that its study has now.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

from bakeoff.report.source import source_of_file
from bakeoff.report.study_tables import spread
from bakeoff.statistics.describe import describe
from bakeoff.statistics.units import POINTS, mean_decimals, p_text
from bakeoff.statistics.verdict import Comparison
from bakeoff.study.record import LOSS
from bakeoff.study.results import CompetitorSummary, StudyResults
from bakeoff.study.verdicts import Verdicts, divergence_notes, judge
from bakeoff.training.data_sets import ACCURACY
from bakeoff.training.shipped.record import RECORD
from bakeoff.training.spec import NetworkStudy, networks_of
from bakeoff.training.studies import find_study

NOT_RUN = "not run yet"
SAID: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("report.toml").read_text(encoding="utf-8")
)
"""What the paper says, and who stands for it here."""
CROSS_CHECKED = ("ablation", "deep")
INGREDIENTS: dict[str, str] = SAID["ingredients"]


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table; numbers stand below a title that ends with a colon."""
    titles = [title.removesuffix(":") for title in header]
    lines = (titles, ["---:" if title.endswith(":") else "---" for title in header], *rows)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def versions(told: dict[str, str]) -> str:
    """Return programs and their versions in words."""
    return ", ".join(f"{name} {version}" for name, version in told.items())


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


def read_run(study: NetworkStudy, folder: Path, trainer: str = "") -> Run | None:
    """Return the run of a study that `bakeoff run --json` wrote; None if there is none.

    Args:
        study: the study.
        folder: holds STUDY.json, and STUDY.TRAINER.json where another trainer trained it.
        trainer: which; "" for our own.
    """
    path = folder / f"{study.name}{trainer and '.' + trainer}.json"
    if not path.exists():
        return None
    read = source_of_file(path)
    ran = networks_of(read.results.study, "report")
    present = {
        name
        for name in {*ran.competitor_names} & {*study.competitor_names}
        if ran.network(name).recipe == study.network(name).recipe
    }
    rounds = [record for record in read.results.results if record.competitor in present]
    (machine,) = read.machines
    return Run(StudyResults.of_rounds(study, rounds), machine.versions()) if rounds else None


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
            return f"all {test.failed} rounds diverged"
        told = spread(test, 100, 2)
        if test.interval is not None:
            told += f" ({100 * test.interval.low:.1f} to {100 * test.interval.high:.1f})"
        return told + (f"; {test.failed} rounds diverged" if test.failed else "")

    def difference(self, study: str, a: str, b: str) -> str:
        """Return a mean paired difference in points, its interval and its verdict."""
        run = self[study]
        comparison = run.comparison(a, b) if run else None
        if comparison is None:
            return NOT_RUN
        estimate = comparison.estimate
        if estimate is None:
            return "no verdict: fewer than two rounds"
        decimals = POINTS.decimals(estimate.interval, estimate.mean)
        mean = POINTS.digits(estimate.mean, mean_decimals(decimals))
        sign = "+" if estimate.mean > 0 else ""
        low, high = (
            POINTS.digits(end, decimals) for end in (estimate.interval.low, estimate.interval.high)
        )
        p = p_text(comparison.corrected_p, run.verdicts.analysis.alpha)
        failures = comparison.failures
        failed = [f"{n} of {name}" for name, n in (failures.failed if failures else ()) if n]
        counted = f"; {' and '.join(failed)} diverged and count as 0 %" if failed else ""
        return f"{sign}{mean} ({low} to {high}), {comparison.verdict}, p {p}{counted}"


def recipe_words(study: str, competitor: str) -> str:
    """Return a competitor's step size and epochs."""
    recipe = find_study(study).competitor(competitor).recipe
    momentum = f", momentum {recipe.momentum:g}" if recipe.momentum else ""
    return f"step {recipe.lr:g}{momentum}, {recipe.epochs} epochs"


def figures(runs: Runs) -> str:
    """Return the paper's accuracies beside ours."""
    rows = (
        (what, printed, *(f"{runs.accuracy(*ours)}; {recipe_words(*ours)}" for ours in both))
        for what, printed, *both in SAID["figures"]
    )
    return table(("network", "paper, %", "its recipe, run again, %", "done right, %"), rows)


def claims(runs: Runs) -> str:
    """Return the paper's conclusions beside ours."""
    rows = (
        (what, printed, runs.difference(*again), defects, runs.difference(*right))
        for what, printed, again, defects, right in SAID["claims"]
    )
    header = ("the paper says", "points", "its recipe, run again", "its defects", "done right")
    return table(header, rows)


def defects(runs: Runs) -> str:
    """Return what each defect costs."""
    rows = (
        (defect, f"`{a}` − `{b}`", runs.difference(study, a, b))
        for defect, study, a, b in SAID["costs"]
    )
    return table(("defect", "compared", "points"), rows)


def holds(runs: Runs) -> str:
    """Return the verdicts done right, in sentences."""
    lines = []
    for *_, (study, a, b) in SAID["claims"]:
        run = runs[study]
        comparison = run.comparison(a, b) if run else None
        said = comparison.sentence if comparison else f"`{a}` against `{b}`: {NOT_RUN}."
        lines.append(f"- {said}")
    return "\n".join(lines)


def times(runs: Runs) -> str:
    """Return the paper's claims on time beside the measured ratios."""
    path = runs.folder / "times.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"pairs": []}
    found = {(pair["study"], pair["a"], pair["b"]): pair for pair in told["pairs"]}
    rows = []
    for what, printed, study, a, b in SAID["times"]:
        ours = NOT_RUN
        if pair := found.get((study, a, b)):
            changes = (f"{100 * (pair[name] - 1):+.0f} %" for name in ("ratio", "low", "high"))
            ours = "{} ({} to {})".format(*changes).replace("-", "−")
        rows.append((what, printed, f"`{a}` / `{b}`", ours))
    return table(("what", "paper", "timed", "ours"), rows)


def trainers(runs: Runs) -> str:
    """Return our accuracies beside those of PyTorch on the same rounds."""
    first = "loss of epoch 1, largest gap"
    header = ("network", "rounds", first, "ours, %", "PyTorch, %", "points")
    return table(header, chain.from_iterable(_cross_check(runs, study) for study in CROSS_CHECKED))


def _cross_check(runs: Runs, study: str) -> Iterator[tuple[str, ...]]:
    run, torch = runs[study], runs.by_torch(study)
    if run is None or torch is None:
        yield (f"`{study}`", NOT_RUN, "", "", "", "")
        return
    for name in filter(torch.results.of, torch.results.study.competitor_names):
        ours, theirs = (
            {r.round: r for r in each.results.of(name) if r.finished} for each in (run, torch)
        )
        both = [(ours[r], theirs[r]) for r in sorted(ours.keys() & theirs.keys())]
        apart = max(abs(a.curve(LOSS)[0] - b.curve(LOSS)[0]) for a, b in both)
        scores = [[each.score(ACCURACY.score) for each in pair] for pair in both]
        means = [fmean(pair[i] for pair in scores) for i in (0, 1)]
        gap = describe([a - b for a, b in scores])
        points = f"{100 * fmean(a - b for a, b in scores):+.2f}"
        if gap.interval is not None:
            points += f" ({100 * gap.interval.low:.2f} to {100 * gap.interval.high:.2f})"
        told = (f"{100 * mean:.2f}" for mean in means)
        yield (f"`{name}`", str(len(both)), f"{apart:.1g}", *told, points.replace("-", "−"))


def provenance(runs: Runs) -> str:
    """Return which runs the page stands on."""
    rows, notes = [], []
    for name in ("ablation", "deep", "published", "published-deep"):
        run = runs[name]
        if run is None:
            rows.append((f"`{name}`", NOT_RUN, "", ""))
            continue
        hours = sum(result.seconds for result in run.results.results) / 3600
        rows.append(
            (f"`{name}`", str(len(run.verdicts.rounds)), f"{hours:.1f}", versions(run.versions))
        )
        notes += [f"- `{name}`: {note}" for note in run.notes]
    told = table(("study", "rounds", "hours of one core", "versions"), rows)
    return "\n".join([told, "", *notes]).rstrip()


def ladder(runs: Runs) -> str:
    """Return each competitor's accuracy, and what it gains over the one before."""
    before = {b.name: a.name for a, b in pairwise(RECORD.competitors)}
    rows = []
    for competitor in RECORD.competitors:
        name = competitor.name
        gain = runs.difference("record", name, before[name]) if name in before else ""
        rows.append((f"`{name}`", INGREDIENTS[name], runs.accuracy("record", name), gain))
    return table(("competitor", "what is new", "test accuracy, %", "gain, points"), rows)


def sizes(runs: Runs) -> str:
    """Return each competitor's size, epochs and time."""
    run, rows = runs["record"], []
    quiet = read_run(RECORD, runs.folder, "quiet")
    for competitor in RECORD.competitors:
        name, told = competitor.name, (NOT_RUN, NOT_RUN, NOT_RUN)
        if run and (summary := run.summary(name)):
            seconds = [result.seconds for result in run.results.of(name)]
            alone = [result.seconds for result in quiet.results.of(name)] if quiet else []
            fastest, middle = min(seconds + alone), median(seconds)
            told = f"{summary.parameters:,}", f"{fastest:.1f}", f"{middle:.1f}"
        parameters, *times = told
        rows.append((f"`{name}`", parameters, str(competitor.recipe.epochs), *times))
    return table(("competitor", "parameters", "epochs", "fastest round, s", "median, s"), rows)


def record_provenance(runs: Runs) -> str:
    """Return which run the page stands on, in a sentence or more."""
    run = runs["record"]
    if run is None:
        return "The study has not been run yet."
    told = f"{len(run.verdicts.rounds)} rounds; {versions(run.versions)}."
    return " ".join([told, *(f"Note: {note}" for note in run.notes)])


REPORT_PAGE = {
    "figures": figures,
    "claims": claims,
    "costs": defects,
    "holds": holds,
    "times": times,
    "trainers": trainers,
    "provenance": provenance,
}
RECORD_PAGE = {"ladder": ladder, "costs": sizes, "provenance": record_provenance}
