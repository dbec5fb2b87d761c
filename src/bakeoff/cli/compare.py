"""`bakeoff compare`: the same verdicts for two kept competitors, or for anyone's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyFormat,
    AnyStoreFile,
    Careful,
    FigureFile,
    FigureWidth,
    Methods,
    Rope,
    figure_writer,
    fraction,
    refuse_given,
)

if TYPE_CHECKING:
    from bakeoff.report.formats import Content
    from bakeoff.runs.rows import Asked
    from bakeoff.statistics.dependence import Anytime, Dependence
    from bakeoff.statistics.unpaired import Published

COLUMNS = "COLUMN[,COLUMN]"
ENDINGS = frozenset(
    (".csv", ".json", ".jsonl", ".npy", ".npz", ".parquet", ".tsv", ".txt", ".xlsx")
)
WITH_BOTH = {"anytime", "careful", "figure", "format", "margin", "methods", "rope", "store"}
WITH_BOTH |= {"study", "what", "width"}
"""The options that do not go with files alone."""


def _is(told: str, *names: str, of: str | None = None) -> Any:
    """Return an option with its help; `of` is what its value is called there."""
    return typer.Option(*names, metavar=of, help=told)


def compare(
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... | A B",
            help="Results that any tool wrote, a table or a folder of runs; or two competitors"
            " whose rounds the store holds, for A minus B.",
        ),
    ],
    *,
    by: Annotated[str | None, _is("What names the competitors.", of=COLUMNS)] = None,
    pair: Annotated[str | None, _is("What names the round they share.", of=COLUMNS)] = None,
    value: Annotated[
        str | None,
        _is("What is compared; of a table with a column for each competitor, all.", of=COLUMNS),
    ] = None,
    task: Annotated[
        str | None, _is("Which data set or environment a row is of; each is judged.", of=COLUMNS)
    ] = None,
    but: Annotated[
        str | None,
        _is("Competitors are told apart by all parameters except these.", of=COLUMNS),
    ] = None,
    take: Annotated[
        str | None, _is("Of a curve: last, best, or mean:20, of the last 20.", of="WHICH")
    ] = None,
    common: Annotated[bool, _is("Leave out rounds that a competitor lacks.", "--common")] = False,
    mean_duplicates: Annotated[
        bool, _is("Average several values in one round.", "--mean-duplicates")
    ] = False,
    failed_as: Annotated[
        float | None, _is("What a run without a number counts as; nan: failed.", of="NUMBER")
    ] = None,
    pattern: Annotated[
        str | None, _is("How folders are named, as in '{method}_seed{seed}'.", of="NAMES")
    ] = None,
    folds: Annotated[
        str | None, _is("Rounds are ten folds of the same examples, ten times.", of="10x10")
    ] = None,
    train_size: Annotated[
        int | None, _is("Each round cuts the same examples anew: so many to train on.")
    ] = None,
    test_size: Annotated[int | None, _is("With --train-size: so many to test on.")] = None,
    fixed_test: Annotated[bool, _is("All rounds are tested on one set.", "--fixed-test")] = False,
    unpaired: Annotated[
        bool, _is("Rounds of different competitors have nothing in common.", "--unpaired")
    ] = False,
    against_published: Annotated[
        str | None,
        _is(
            "Compare all with a paper's mean ± standard deviation of n rounds.",
            of="NAME=86.6±1.3,n=30",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        _is(
            "Smaller differences do not matter: ask for equivalence. In points of accuracy, or in a"
            " file's own unit.",
            of="SIZE",
        ),
    ] = None,
    rope: Rope = False,
    baseline: Annotated[
        str | None, _is("Of a file, compare all others with this one, not all pairs.", of="NAME")
    ] = None,
    points: Annotated[bool, _is("A file's values are fractions: tell points.", "--points")] = False,
    lower_is_better: Annotated[
        bool | None,
        _is(
            "Of a file whose column does not say so, as loss and accuracy do.",
            "--lower-is-better/--higher-is-better",
        ),
    ] = None,
    anytime: Annotated[
        bool, _is("The number of rounds was not fixed before the first look.", "--anytime")
    ] = False,
    careful: Careful = False,
    study: Annotated[
        str | None,
        _is("Of the store; by default, the one run last. Of MLflow, an experiment.", of="STUDY"),
    ] = None,
    format: AnyFormat = "text",
    figure: FigureFile = None,
    width: FigureWidth = None,
    methods: Methods = False,
    save: Annotated[
        Path | None, _is("Keep a file's rounds, for show, report and plan.", of="STORE")
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
    from bakeoff.runs.rows import Asked
    from bakeoff.statistics.looks import rope_notes
    from bakeoff.statistics.unpaired import Published

    if format != "text":
        refuse_given("text", {"--methods": methods})
    if margin is None:
        refuse_given("--margin", {"--rope": rope})
    draw = figure_writer(figure, width)
    looks: Anytime = "careful" if careful else anytime
    files = study is None and store is None and all(map(_may_be_a_file, what))
    if "" in what:
        raise ArgumentError("compare: got an empty word, expected a file or a competitor's name")
    if len(what) == 1 or files:
        refuse_given("two competitors of the store", {"--store": store})
        published = None
        if against_published is not None:
            refuse_given("other competitors of the file", {"--baseline": baseline})
            published = Published.parse(against_published)
        if unpaired or published:
            refuse_given("rounds that are pairs", {"--save": save, "--rope": rope})
        asked = Asked(
            *(by, pair, value, but, take, common, mean_duplicates, failed_as, lower_is_better),
            *(pattern, study, unpaired or published is not None),
            dependence=_shared(folds, train_size, test_size, fixed_test),
            fewest=1 if published else 2,
            task=task,
        )
        content = _compare_files(what, asked, margin, baseline, points, looks, published)
    elif len(what) == 2:
        given = {n: value for n, value in context.params.items() if n not in WITH_BOTH}
        if given.pop("lower_is_better") is not None:
            given["lower_is_better" if lower_is_better else "higher_is_better"] = True
        refuse_given("a file", {f"--{n.replace('_', '-')}": value for n, value in given.items()})
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


def _may_be_a_file(word: str) -> bool:
    """Tell whether a word is a file, or was meant to be one."""
    return Path(word).exists() or "/" in word or Path(word).suffix.lower() in ENDINGS


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


def _shared(
    folds: str | None, train_size: int | None, test_size: int | None, fixed_test: bool
) -> Dependence | None:
    """Return what the options say that rounds share."""
    from bakeoff.errors import ArgumentError
    from bakeoff.statistics.dependence import Dependence

    if (train_size is None) != (test_size is None):
        one, other = ("--train-size", "--test-size")[:: 1 if test_size is None else -1]
        raise ArgumentError(f"{one}: goes with {other}; expected both, or neither")
    told = {
        "--folds": None if folds is None else f"folds {folds}",
        "--train-size": None if train_size is None else f"resplit {train_size}/{test_size}",
        "--fixed-test": "fixed-test" if fixed_test else None,
    }
    given = {name: text for name, text in told.items() if text}
    if len(given) > 1:
        raise ArgumentError(f"{' and '.join(given)}: exclude each other; say which rounds are")
    return Dependence.parse(*given.values()) if given else None


def _compare_files(
    files: list[str],
    asked: Asked,
    margin: float | None,
    baseline: str | None,
    points: bool,
    anytime: Anytime,
    published: Published | None,
) -> Content:
    from bakeoff.report.formats import Content
    from bakeoff.runs.judging import judge
    from bakeoff.study.exchange import judge_imported, read_files
    from bakeoff.study.given import given_by
    from bakeoff.study.machine import this_machine
    from bakeoff.study.results import StudyResults
    from bakeoff.study.verdicts import Verdicts

    reading = read_files(files, asked, more=points)
    if isinstance(reading, StudyResults):
        results, margin = reading, fraction(margin, reading.study)
        analysis = judge_imported(results, baseline=baseline, margin=margin, anytime=anytime)
    else:
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
    anytime: Anytime,
    study: str | None,
    store: Path,
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
