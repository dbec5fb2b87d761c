"""`bakeoff compare`: the same verdicts for two kept competitors, or for anyone's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyStoreFile,
    Format,
    fraction,
    refuse_given,
)

if TYPE_CHECKING:
    from bakeoff.runs.roles import Asked


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
        typer.Option(metavar="STUDY", help="Of the store; by default, the one run last."),
    ] = None,
    format: Format = "text",
    store: AnyStoreFile = None,
) -> None:
    """Compare competitors round by round; nothing is trained.

    Results that any tool wrote will do: a value a run, in which the competitors of a round share
    what chance gave it (data, seed). What was taken for what is told; what fits two ways is asked.

    For example: bakeoff compare model2 model1, or bakeoff compare runs.csv --value loss
    """
    from bakeoff.errors import ArgumentError
    from bakeoff.runs.roles import Asked

    as_json = format == "json"
    asked = Asked(by, pair, value, but, take, common, mean_duplicates, failed_as, lower_is_better)
    files = study is None and store is None and all(Path(word).exists() for word in what)
    if len(what) == 1 or files:
        refuse_given("two competitors of the store", {"--study": study, "--store": store})
        _compare_files(what, asked, margin, baseline, points, anytime, as_json)
    elif len(what) == 2:
        of_file: dict[str, object] = {"--baseline": baseline, "--points": points}
        of_file |= {"--by": by, "--pair": pair, "--value": value, "--but": but, "--take": take}
        of_file |= {"--common": common, "--mean-duplicates": mean_duplicates}
        of_file |= {"--failed-as": None if failed_as is None else True}
        if lower_is_better is not None:
            of_file[f"--{'lower' if lower_is_better else 'higher'}-is-better"] = True
        refuse_given("a file", of_file)
        kept_in = store or DEFAULT_STORE
        _compare_kept(what[0], what[1], margin, anytime, study, kept_in, as_json)
    else:
        raise ArgumentError(
            f"compare: got {len(what)} words, expected files that are there, or two competitors'"
            " names"
        )


def _compare_files(
    files: list[str],
    asked: Asked,
    margin: float | None,
    baseline: str | None,
    points: bool,
    anytime: bool,
    as_json: bool,
) -> None:
    from bakeoff.cli.console import results_console
    from bakeoff.cli.tables import show_analysis
    from bakeoff.runs.reading import judge, read

    reading = read(files, asked)
    points = points or reading.percent
    margin = fraction(margin) if points else margin
    analysis = judge(reading, baseline=baseline, margin=margin, anytime=anytime, points=points)
    if as_json:
        from bakeoff.report.formats import comparisons_json

        told = comparisons_json(analysis.comparisons, analysis.summaries, analysis.notes)
        tell(told, nl=False)
    else:
        show_analysis(results_console(), analysis, analysis.notes)


def _compare_kept(
    a: str,
    b: str,
    margin: float | None,
    anytime: bool,
    study: str | None,
    store: Path,
    as_json: bool,
) -> None:
    from bakeoff.cli.console import results_console, say
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
    from bakeoff.study.verdicts import judge_pair

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study, with_rounds=True)
        results, notes = results_of(opened, kept), notes_on(opened, kept)
    verdicts = judge_pair(results, a, b, margin=fraction(margin, results.study), anytime=anytime)
    told = (*verdicts.notes, *notes)
    (comparison,) = verdicts.analysis.comparisons
    if as_json:
        from bakeoff.report.formats import comparisons_json

        tell(comparisons_json([comparison], notes=told), nl=False)
        return
    console = results_console()
    for sentence in comparison.sentences:
        say(console, sentence)
    for note in told:
        say(console, f"Note: {note}")
