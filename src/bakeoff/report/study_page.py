"""A study's page, put together from its sections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bakeoff.report.figures.style import drawing
from bakeoff.report.folder import write_folder
from bakeoff.report.headline import headline
from bakeoff.report.page_model import Page, Section
from bakeoff.report.reproduce import STUDY_FILE
from bakeoff.report.sections.networks import architectures, costs, look_at
from bakeoff.report.sections.outcome import differences, ranking
from bakeoff.report.sections.pairs import mistakes, samples
from bakeoff.report.sections.provenance import making
from bakeoff.report.sections.training import curves, times
from bakeoff.report.source import Source
from bakeoff.study.verdicts import divergence_notes, judge
from bakeoff.training.data_spec import FORMS
from bakeoff.training.tune.toml import study_toml

PARTS = 10
"""Parts of a page, as `study_page` tells of them."""


def write_study_page(
    source: Source,
    folder: Path,
    *,
    margin: float | None = None,
    data_dir: str | None = None,
    on_part: Callable[[str], None] = lambda name: None,
) -> int:
    """Write a study's page and what goes with it; return how many files. Arguments as below.

    Raises:
        StatisticsError: for a margin outside its range.
        OutputError: if a file cannot be written.
    """
    page = study_page(source, margin=margin, data_dir=data_dir, on_part=on_part)
    return write_folder(page, folder, {STUDY_FILE: study_toml(source.results.study)})


def study_page(
    source: Source,
    *,
    margin: float | None = None,
    data_dir: str | None = None,
    on_part: Callable[[str], None] = lambda name: None,
) -> Page:
    """Return the page of a study's finished rounds.

    Args:
        source: the rounds.
        margin: differences smaller than this fraction do not matter; None for no such claim.
        data_dir: folder of the data that the study was run with; None for the embedded MNIST.
        on_part: called after each of `PARTS` parts with its name.

    Raises:
        StatisticsError: for a margin outside its range.
    """
    results = source.results
    verdicts = judge(results, source.planned, margin=margin)
    form = FORMS.get(results.study.data)
    known = [look_at(c, form) for c in results.study.competitors if results.of(c.name)]
    makers: tuple[Callable[[], Section | tuple[Section, ...]], ...] = (
        lambda: ranking(results),
        lambda: differences(verdicts.analysis, results.metric),
        lambda: curves(results),
        lambda: times(results),
        lambda: costs(results, known),
        lambda: samples(results, data_dir),
        lambda: architectures(known),
        lambda: mistakes(results, data_dir),
        lambda: making(source),
    )
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
        headline(verdicts.analysis.comparisons, results.metric),
        tuple(sections),
        (*divergence_notes(results), *verdicts.notes, *source.notes),
    )
