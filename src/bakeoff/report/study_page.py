"""A study's page, put together from its sections."""

from __future__ import annotations

from bakeoff.report.content import Page
from bakeoff.report.figures.style import drawing
from bakeoff.report.headline import headline
from bakeoff.report.sections.making import making
from bakeoff.report.sections.networks import architectures, costs, look_at
from bakeoff.report.sections.outcome import differences, ranking
from bakeoff.report.sections.pairs import mistakes, samples
from bakeoff.report.sections.training import curves, times
from bakeoff.report.source import Source
from bakeoff.study.verdicts import divergence_notes, judge


def study_page(source: Source, *, margin: float | None = None, data_dir: str | None = None) -> Page:
    """Return the page of a study's finished rounds.

    Args:
        source: the rounds.
        margin: differences smaller than this fraction do not matter; None for no such claim.
        data_dir: folder of the data that the study was run with; None for the embedded MNIST.

    Raises:
        StatisticsError: for a margin outside its range.
    """
    results = source.results
    verdicts = judge(results, source.planned, margin=margin)
    known = [look_at(c) for c in results.study.competitors if results.of(c.name)]
    with drawing():
        hard, confused = mistakes(results, data_dir)
        sections = (
            ranking(results),
            differences(verdicts.analysis),
            curves(results),
            times(results),
            costs(results, known),
            samples(results, data_dir),
            architectures(known),
            hard,
            confused,
            making(source),
        )
    return Page(
        results.study.name,
        results.study.question,
        headline(verdicts.analysis.comparisons),
        sections,
        (*divergence_notes(results), *verdicts.notes, *source.notes),
    )
