"""`bakeoff compare`: the same verdicts for two kept competitors, or for anyone's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.columns import Columns, may_be_results
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyFormat,
    AnyStoreFile,
    AtAnyTime,
    Careful,
    FigureFile,
    FigureWidth,
    Margin,
    Methods,
    Rope,
    figure_writer,
    fraction,
    refuse_given,
    takes_groups,
)

if TYPE_CHECKING:
    from bakeoff.report.formats import Content
    from bakeoff.statistics.dependence import Anytime


@takes_groups
def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... | A B",
            help="Results that any tool wrote, a table or a folder of runs, - for standard input;"
            " or two competitors whose rounds the store holds, for A minus B.",
        ),
    ],
    *,
    columns: Columns,
    margin: Margin = None,
    rope: Rope = False,
    anytime: AtAnyTime = False,
    careful: Careful = False,
    format: AnyFormat = "text",
    figure: FigureFile = None,
    width: FigureWidth = None,
    methods: Methods = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="STORE", help="Keep a file's rounds, for show, report and plan."),
    ] = None,
    store: AnyStoreFile = None,
) -> None:
    """Compare competitors round by round; nothing is trained.

    Results that any tool wrote will do: a value a run, in which the competitors of a round share
    what chance gave it (data, seed). What was taken for what is told; what fits two ways is asked.

    For example: bakeoff compare model2 model1, or bakeoff compare runs.csv --value loss
    """
    import attrs

    from bakeoff.errors import ArgumentError
    from bakeoff.statistics.looks import rope_notes

    if format != "text":
        refuse_given("text", {"--methods": methods})
    if margin is None:
        refuse_given("--margin", {"--rope": rope})
    draw = figure_writer(figure, width)
    looks: Anytime = "careful" if careful else anytime
    files = columns.study is None and store is None and all(map(may_be_results, what))
    if "" in what:
        raise ArgumentError("compare: got an empty word, expected a file or a competitor's name")
    if len(what) == 1 or files:
        refuse_given("two competitors of the store", {"--store": store})
        if columns.unpaired or columns.against_published:
            refuse_given("rounds that are pairs", {"--save": save, "--rope": rope})
        content = columns.judged(what, margin, looks)
    elif len(what) == 2:
        refuse_given("a file", columns.given() | {"--save": save, "--study": None})
        study = columns.study
        content = _compare_kept(what[0], what[1], margin, looks, study, store or DEFAULT_STORE)
    else:
        raise ArgumentError(
            f"compare: got {len(what)} words, expected files that are there, or two competitors'"
            " names"
        )
    if rope:
        told = rope_notes(content.verdicts.analysis)
        content = attrs.evolve(content, notes=(*content.notes, *told))
    if save is not None:
        content = _saved(content, save)
    draw(content.verdicts.analysis, content.results.metric)
    _tell(content, "methods" if methods else format)


def _saved(content: Content, store: Path) -> Content:
    """Keep a file's rounds; return them with a note that says so."""
    import attrs

    from bakeoff.study.given import save

    save(content.results, store)
    name = content.results.study.name
    note = f"kept in {store} as study {name!r}: bakeoff show, report and plan find it there."
    return attrs.evolve(content, notes=(*content.notes, note))


def _tell(content: Content, format: str) -> None:
    from bakeoff.cli.console import results_console
    from bakeoff.cli.tables import show_analysis
    from bakeoff.report.formats import WRITERS, comparisons_json

    analysis = content.verdicts.analysis
    notes = tuple(dict.fromkeys((*content.verdicts.notes, *content.notes)))
    if format == "json":
        tell(comparisons_json(analysis, notes), nl=False)
    elif format == "text":
        show_analysis(results_console(), analysis, notes)
    else:
        tell(WRITERS[format](content), nl=False)


def _compare_kept(
    a: str, b: str, margin: float | None, anytime: Anytime, study: str | None, store: Path
) -> Content:
    from dataclasses import replace

    import attrs

    from bakeoff.report.formats import Content
    from bakeoff.study.machine import this_machine
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
    from bakeoff.study.verdicts import judge_pair

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study, with_rounds=True)
        results, notes = results_of(opened, kept), notes_on(opened, kept)
    if not {a, b} <= {*results.study.competitor_names}:  # perhaps of a part that is not asked for
        results = attrs.evolve(results, study=kept.study)
    verdicts = judge_pair(results, a, b, margin=fraction(margin, results.study), anytime=anytime)
    # A pair is told without the table of all.
    analysis = replace(verdicts.analysis, summaries=())
    pair = attrs.evolve(
        results, study=results.study.only([a, b]), results=(*results.of(a), *results.of(b))
    )
    return Content(pair, attrs.evolve(verdicts, analysis=analysis), this_machine(), notes)
