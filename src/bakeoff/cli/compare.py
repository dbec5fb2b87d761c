"""`bakeoff compare`: the same verdicts for two kept competitors, or for anyone's numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyFormat,
    AnyStoreFile,
    FigureFile,
    FigureWidth,
    Methods,
    figure_writer,
    fraction,
    refuse_given,
)

if TYPE_CHECKING:
    from bakeoff.report.formats import Content
    from bakeoff.runs.roles import Asked
    from bakeoff.statistics.dependence import Dependence


COLUMNS = "COLUMN[,COLUMN]"


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... | A B",
            help="Results that any tool wrote, a table or a folder of runs; or two competitors"
            " whose rounds the store holds, for A minus B.",
        ),
    ],
    *,
    by: Annotated[
        str | None, typer.Option(metavar=COLUMNS, help="What names the competitors.")
    ] = None,
    pair: Annotated[
        str | None,
        typer.Option(metavar=COLUMNS, help="What names the round that competitors share."),
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(
            metavar=COLUMNS,
            help="What is compared; of a table with a column for each competitor, all.",
        ),
    ] = None,
    but: Annotated[
        str | None,
        typer.Option(
            metavar=COLUMNS, help="Competitors are told apart by all parameters except these."
        ),
    ] = None,
    take: Annotated[
        str | None,
        typer.Option(metavar="WHICH", help="Of a curve: last, best, or mean:20, of the last 20."),
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="Leave out rounds that a competitor lacks.")
    ] = False,
    mean_duplicates: Annotated[
        bool,
        typer.Option("--mean-duplicates", help="Average several values in one round."),
    ] = False,
    failed_as: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="What a run without a number counts as; nan: failed."),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="How folders are named, as in '{method}_seed{seed}'."),
    ] = None,
    folds: Annotated[
        str | None,
        typer.Option(metavar="10x10", help="Rounds are ten folds of the same examples, ten times."),
    ] = None,
    train_size: Annotated[
        int | None,
        typer.Option(help="Each round cuts the same examples anew: so many to train on."),
    ] = None,
    test_size: Annotated[
        int | None, typer.Option(help="With --train-size: so many to test on.")
    ] = None,
    fixed_test: Annotated[
        bool, typer.Option("--fixed-test", help="All rounds are tested on one set.")
    ] = False,
    unpaired: Annotated[
        bool,
        typer.Option("--unpaired", help="Rounds of different competitors have nothing in common."),
    ] = False,
    against_published: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=86.6±1.3,n=30",
            help="Compare all with a paper's mean ± standard deviation of n rounds.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            metavar="SIZE",
            help="Smaller differences do not matter: ask for equivalence. In points of accuracy,"
            " or in a file's own unit.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of a file, compare all others with this one, not all pairs."
        ),
    ] = None,
    points: Annotated[
        bool, typer.Option("--points", help="A file's values are fractions: tell points.")
    ] = False,
    lower_is_better: Annotated[
        bool | None,
        typer.Option(
            "--lower-is-better/--higher-is-better",
            help="Of a file whose column does not say so, as loss and accuracy do.",
        ),
    ] = None,
    anytime: Annotated[
        bool,
        typer.Option("--anytime", help="The number of rounds was not fixed before the first look."),
    ] = False,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="STUDY",
            help="Of the store; by default, the one run last. Of MLflow, an experiment.",
        ),
    ] = None,
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
    from bakeoff.errors import ArgumentError
    from bakeoff.runs.roles import Asked

    if format != "text":
        refuse_given("text", {"--methods": methods})
    draw = figure_writer(figure, width)
    asked = Asked(
        *(by, pair, value, but, take, common, mean_duplicates, failed_as, lower_is_better),
        pattern=pattern,
        study=study,
        unpaired=unpaired or against_published is not None,
        fewest=2 if against_published is None else 1,
    )
    files = study is None and store is None and all(Path(word).exists() for word in what)
    if len(what) == 1 or files:
        refuse_given("two competitors of the store", {"--store": store})
        if against_published is not None:
            refuse_given("other competitors of the file", {"--baseline": baseline})
        if asked.unpaired:
            refuse_given("rounds that are pairs", {"--save": save})
        shared = _shared(folds, train_size, test_size, fixed_test)
        content = _compare_files(
            what, asked, margin, baseline, points, anytime, shared, against_published
        )
    elif len(what) == 2:
        of_file: dict[str, object] = {"--baseline": baseline, "--points": points, "--save": save}
        of_file |= {"--by": by, "--pair": pair, "--value": value, "--but": but, "--take": take}
        of_file |= {"--pattern": pattern}
        of_file |= {"--common": common, "--mean-duplicates": mean_duplicates}
        of_file |= {"--failed-as": None if failed_as is None else True}
        of_file |= {"--folds": folds, "--train-size": train_size, "--test-size": test_size}
        of_file |= {"--fixed-test": fixed_test, "--unpaired": unpaired}
        of_file |= {"--against-published": against_published}
        if lower_is_better is not None:
            of_file[f"--{'lower' if lower_is_better else 'higher'}-is-better"] = True
        refuse_given("a file", of_file)
        kept_in = store or DEFAULT_STORE
        content = _compare_kept(what[0], what[1], margin, anytime, study, kept_in)
    else:
        raise ArgumentError(
            f"compare: got {len(what)} words, expected files that are there, or two competitors'"
            " names"
        )
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
        tell(comparisons_json(analysis.comparisons, analysis.summaries, notes), nl=False)
    elif format == "text":
        show_analysis(results_console(), analysis, notes)
    else:
        tell(WRITERS[format](content), nl=False)


def _shared(
    folds: str | None, train_size: int | None, test_size: int | None, fixed_test: bool
) -> Dependence | None:
    """Return what the options say that rounds share; None if they say nothing."""
    from bakeoff.errors import ArgumentError
    from bakeoff.statistics.dependence import Dependence

    sizes = (train_size, test_size) != (None, None)
    given = {"--folds": folds is not None, "--train-size": sizes, "--fixed-test": fixed_test}
    if sum(given.values()) > 1:
        names = " and ".join(name for name, is_given in given.items() if is_given)
        raise ArgumentError(f"{names}: exclude each other; say the one that rounds are")
    if sizes and (train_size is None or test_size is None):
        given_one, other = ("--train-size", "--test-size")[:: 1 if test_size is None else -1]
        raise ArgumentError(f"{given_one}: goes with {other}; expected both, or neither")
    if sizes or fixed_test:
        return Dependence.parse(f"resplit {train_size}/{test_size}" if sizes else "fixed-test")
    return None if folds is None else Dependence.parse(f"folds {folds}")


def _compare_files(
    files: list[str],
    asked: Asked,
    margin: float | None,
    baseline: str | None,
    points: bool,
    anytime: bool,
    shared: Dependence | None,
    against_published: str | None,
) -> Content:
    from bakeoff.errors import ArgumentError
    from bakeoff.report.formats import Content
    from bakeoff.runs.judging import judge
    from bakeoff.runs.reading import read_rows, take_together
    from bakeoff.runs.roles import Asked
    from bakeoff.statistics.unpaired import Published
    from bakeoff.study.exchange import imported, is_exported, judge_imported
    from bakeoff.study.given import given_by
    from bakeoff.study.machine import this_machine
    from bakeoff.study.verdicts import Verdicts

    published = None if against_published is None else Published.parse(against_published)
    sources = [read_rows(Path(file), asked) for file in files]
    if own := [rows for rows in sources if is_exported(rows)]:
        if len(sources) > 1 or asked != Asked() or shared is not None or points:
            raise ArgumentError(
                f"{own[0].source}: says itself what its rounds are, of a study of bakeoff; compare"
                " it alone, and leave out all options but --margin, --baseline and --anytime"
            )
        results = imported(sources[0])
        margin = fraction(margin, results.study)
        analysis = judge_imported(results, baseline=baseline, margin=margin, anytime=anytime)
    else:
        reading = take_together(sources, asked)
        if shared is not None:
            reading = replace(reading, dependence=str(shared))
        points = points or reading.percent
        analysis = judge(
            reading,
            baseline=baseline,
            margin=fraction(margin) if points else margin,
            anytime=anytime,
            points=points,
            published=published.scaled(0.01) if published is not None and points else published,
        )
        results = given_by(reading, analysis)
    return Content(results, Verdicts(analysis, results.rounds, analysis.notes), this_machine())


def _compare_kept(
    a: str,
    b: str,
    margin: float | None,
    anytime: bool,
    study: str | None,
    store: Path,
) -> Content:
    import attrs

    from bakeoff.report.formats import Content
    from bakeoff.study.machine import this_machine
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
    from bakeoff.study.verdicts import judge_pair

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study, with_rounds=True)
        results, notes = results_of(opened, kept), notes_on(opened, kept)
    verdicts = judge_pair(results, a, b, margin=fraction(margin, results.study), anytime=anytime)
    # A pair is told without the table of all.
    analysis = replace(verdicts.analysis, summaries=())
    pair = attrs.evolve(
        results, study=results.study.only([a, b]), results=(*results.of(a), *results.of(b))
    )
    return Content(pair, attrs.evolve(verdicts, analysis=analysis), this_machine(), notes)
