"""`bakeoff compare`: the same verdicts for two kept competitors, or for anyone's numbers."""

from __future__ import annotations

import re
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
    from bakeoff.statistics.contrast import Contrast
    from bakeoff.statistics.table import PairedValues


LOWER_IS_BETTER = re.compile(
    "(?<![a-z])(cost|errors?|latency|loss(es)?|mae|mse|nll|perplexity|ppl|rmse|seconds|times?)(?![a-z])"
)
"""What in a file's name asks for a direction."""


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE | A B",
            help="A CSV file with the columns round, competitor and value; or two competitors"
            " whose rounds the store holds, for A minus B.",
        ),
    ],
    *,
    margin: Annotated[
        float | None,
        typer.Option(
            metavar="SIZE",
            help="Smaller differences do not matter: ask for equivalence. In points of accuracy,"
            " or in a file's own unit.",
        ),
    ] = None,
    against: Annotated[
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
            help="A file's values are losses, errors or times; or scores, as is assumed.",
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

    A file needs no training with bakeoff: any values will do, one a round and competitor, in which
    the competitors of a round share what chance gave it (data, seed).

    For example: bakeoff compare model2 model1, or bakeoff compare times.csv --lower-is-better
    """
    from bakeoff.errors import ArgumentError

    as_json = format == "json"
    if len(what) == 1:
        refuse_given("two competitors of the store", {"--study": study, "--store": store})
        _compare_file(Path(what[0]), margin, against, points, lower_is_better, anytime, as_json)
    elif len(what) == 2:
        of_file: dict[str, object] = {"--against": against, "--points": points}
        if lower_is_better is not None:
            of_file[f"--{'lower' if lower_is_better else 'higher'}-is-better"] = True
        refuse_given("a file", of_file)
        kept_in = store or DEFAULT_STORE
        _compare_kept(what[0], what[1], margin, anytime, study, kept_in, as_json)
    else:
        raise ArgumentError(
            f"compare: got {len(what)} words, expected a CSV file or two competitors' names"
        )


def _compare_file(
    file: Path,
    margin: float | None,
    against: str | None,
    points: bool,
    lower_is_better: bool | None,
    anytime: bool,
    as_json: bool,
) -> None:
    from bakeoff.cli.console import results_console
    from bakeoff.cli.tables import show_analysis
    from bakeoff.statistics.analysis import analyse
    from bakeoff.statistics.describe import clean_record
    from bakeoff.statistics.table import read_table
    from bakeoff.statistics.units import PLAIN, POINTS

    table = read_table(file)
    if points:
        _check_fractions(file, table)
    assumed = () if lower_is_better is not None else (_assumed(file),)
    analysis = analyse(
        table.values,
        table.names,
        _pairs(table.names, against),
        margin=fraction(margin) if points else margin,
        mode="anytime" if anytime else "planned",
        unit=POINTS if points else PLAIN,
        larger_is_better=not lower_is_better,
    )
    notes = (*clean_record(analysis.summaries), *analysis.notes, *assumed)
    if as_json:
        from bakeoff.report.formats import comparisons_json

        tell(comparisons_json(analysis.comparisons, analysis.summaries, notes), nl=False)
    else:
        show_analysis(results_console(), analysis, notes)


def _check_fractions(file: Path, table: PairedValues) -> None:
    """Refuse values that are no fractions, as of which points would be told a hundredfold.

    Raises:
        DataError: for a value above 1.
    """
    import numpy as np

    from bakeoff.errors import DataError

    largest = float(np.nanmax(table.values, initial=0))
    if largest > 1:
        raise DataError(
            f"{file}: --points: got a value of {largest:g}, expected fractions of at most 1; of"
            " percentages leave --points out: their differences are points as they stand"
        )


def _assumed(file: Path) -> str:
    """Return a note on the direction of a file's values, if its name speaks of no losses."""
    from bakeoff.errors import ArgumentError

    named = LOWER_IS_BETTER.search(file.stem.lower())
    if named:
        raise ArgumentError(
            f"{file}: its name speaks of {named[0]}, and nothing says which values are better;"
            " give --lower-is-better or --higher-is-better"
        )
    return "higher values are taken as better; give --lower-is-better for losses, errors or times."


def _pairs(names: tuple[str, ...], against: str | None) -> tuple[Contrast, ...]:
    from bakeoff.errors import StudyError
    from bakeoff.statistics.contrast import all_pairs, pair
    from bakeoff.study.checks import unknown

    if against is None:
        return all_pairs(names)
    if against not in names:
        raise StudyError(f"--against: {unknown('competitor', against, names)}")
    return tuple(pair(name, against) for name in names if name != against)


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
    comparison, more = judge_pair(
        results, a, b, margin=fraction(margin, results.study), anytime=anytime
    )
    if as_json:
        from bakeoff.report.formats import comparisons_json

        tell(comparisons_json([comparison], notes=(*more, *notes)), nl=False)
        return
    console = results_console()
    for sentence in comparison.sentences:
        say(console, sentence)
    for note in (*more, *notes):
        say(console, f"Note: {note}")
