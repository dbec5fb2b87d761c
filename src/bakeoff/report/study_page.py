"""A study's page, put together from its sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import evolve

from bakeoff.report.figures.style import drawing
from bakeoff.report.page import Page, Section, write_folder
from bakeoff.report.sections.outcome import differences, noise, ranking, swept_factor, tasks
from bakeoff.report.sections.provenance import STUDY_FILE, making
from bakeoff.report.sections.training import curves, times
from bakeoff.report.source import Source
from bakeoff.statistics.analysis import Analysis
from bakeoff.statistics.dependence import Anytime
from bakeoff.statistics.ranking import best_in_words
from bakeoff.statistics.units import count
from bakeoff.statistics.verdict import Comparison, Verdict
from bakeoff.study.metric import Metric
from bakeoff.study.noise import ordinary_rounds
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import divergence_notes, judge
from bakeoff.training.data_sets import ACCURACY
from bakeoff.training.spec import NetworkStudy

PARTS = 10
"""Parts of a page, as `study_page` tells of them."""
MOST = 3
"""Verdicts that the headline tells one by one; of more, those that the study asks for first."""


def write_study_page(
    source: Source,
    folder: Path,
    *,
    margin: float | None = None,
    anytime: Anytime = False,
    data_dir: str | None = None,
    on_part: Callable[[str], None] = lambda name: None,
) -> int:
    """Write a study's page and what goes with it; return how many files. Arguments as below."""
    page = study_page(source, margin=margin, anytime=anytime, data_dir=data_dir, on_part=on_part)
    study = ordinary_rounds(source.results).study
    return write_folder(page, folder, {STUDY_FILE: study.to_toml()} if study.makes_rounds else {})


def study_page(
    source: Source,
    *,
    margin: float | None = None,
    anytime: Anytime = False,
    data_dir: str | None = None,
    on_part: Callable[[str], None] = lambda name: None,
) -> Page:
    """Return the page of a study's finished rounds.

    `margin` and `anytime` are those of `judge`; `data_dir` holds the data that the
    study was run with, by default the embedded MNIST; `on_part` is called after each of `PARTS`.
    """
    every, results = source.results, ordinary_rounds(source.results)
    source = evolve(source, results=results)
    verdicts = source.verdicts or judge(results, source.planned, margin=margin, anytime=anytime)
    makers: list[Callable[[], Section | tuple[Section, ...]]] = [
        lambda: (tasks if results.study.tasks else ranking)(results, verdicts.analysis),
        lambda: differences(verdicts.analysis, results.metric),
        *([lambda: noise(every)] if every is not results else []),
        *([lambda: curves(results)] if results.metric.in_training else []),
        *([lambda: times(results)] if results.study.makes_rounds else []),
        *_of_networks(results, data_dir),
        lambda: making(source),
    ]
    failed = () if source.verdicts else divergence_notes(results)  # else among the verdicts' notes
    sections: list[Section] = []
    on_part("networks")
    with drawing():
        for make in makers:
            made = make()
            sections += made if isinstance(made, tuple) else (made,)
            on_part(sections[-1].name)
    return Page(
        results.study.name,
        results.study.question,
        _headline(verdicts.analysis, results),
        tuple(sections),
        tuple(
            note if note.startswith(results.study.competitor_names) else note[:1].upper() + note[1:]
            for note in (*failed, *verdicts.notes, *source.notes)
        ),
    )


def _of_networks(
    results: StudyResults, data_dir: str | None
) -> list[Callable[[], Section | tuple[Section, ...]]]:
    """Return what makes the sections on networks; nothing where others compete."""
    study = results.study
    if not isinstance(study, NetworkStudy):
        return []
    from bakeoff.report.sections.disk import boundaries  # here, as no other page needs torch
    from bakeoff.report.sections.networks import architectures, costs, look_at
    from bakeoff.report.sections.pairs import mistakes, samples
    from bakeoff.training.data_spec import FORMS

    known = [
        look_at(c, FORMS.get(c.data or study.data)) for c in study.networks if results.of(c.name)
    ]
    return [
        lambda: costs(results, study, known),
        lambda: samples(results, study, data_dir),
        lambda: architectures(known),
        lambda: (*mistakes(results, study, data_dir), *boundaries(results, study)),
    ]


# ---- the headline --------------------------------------------------------------------------------


def _headline(analysis: Analysis, results: StudyResults) -> str:
    """Return the headline of a ranking or sweep, of tasks together, or of all comparisons."""
    over, metric = analysis.over_tasks, results.metric
    best = best_in_words(analysis.ranks, analysis.alpha)
    if best and (analysis.is_ranking or swept_factor(results.study)):
        return best
    if over is None or not over.comparisons:
        return headline(analysis.comparisons, metric)
    told = headline(over.comparisons, metric)
    return (
        over.sentences[0] if len(over.comparisons) == 1 else f"Over {len(over.tasks)} tasks: {told}"
    )


def headline(comparisons: Sequence[Comparison], metric: Metric = ACCURACY) -> str:
    """Return the sentence.

    For a single question it is the verdict's own, with all its figures. Of several it tells those
    that are answered, in the study's order, by how many points, and how many are not.
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
    clauses = [_clause(c, metric) for c in answered[:MOST]]
    if more := len(answered) - len(clauses):
        clauses.append(f"{more} more {'is' if more == 1 else 'are'} told below")
    listed = clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])}, and {clauses[-1]}"
    rest = f"; {left} stay{'s' * (left == 1)} undecided" if left else ""
    are = "is" if len(answered) == 1 else "are"
    return (
        f"Of {count(len(comparisons), 'question')}, {len(answered)} {are} answered: {listed}{rest}."
    )


def _clause(comparison: Comparison, metric: Metric) -> str:
    contrast, mean = comparison.contrast, comparison.estimate.mean if comparison.estimate else 0.0
    digits = 2 if metric.unit == "points" else metric.decimals
    points = metric.shown.show(abs(mean), digits)
    upper, lower = contrast.upper, contrast.lower
    if comparison.verdict is Verdict.EQUIVALENT:
        return f"{upper} and {lower} are equivalent"
    if contrast.kind == "interaction":
        return f"{upper} is {'larger' if mean > 0 else 'smaller'} than {lower} by {points}"
    return f"{upper} is {comparison.verdict} than {lower} by {points}"
