"""Results that any tool wrote, at the command line: what of them is what, and what they say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bakeoff.cli.options import fraction, refuse_given

if TYPE_CHECKING:
    from bakeoff.report.formats import Content
    from bakeoff.statistics.dependence import Anytime, Dependence

COLUMNS = "COLUMN[,COLUMN]"
ENDINGS = frozenset(
    (".csv", ".json", ".jsonl", ".npy", ".npz", ".parquet", ".tsv", ".txt", ".xlsx")
)


def _is(told: str, *names: str, of: str | None = None) -> Any:
    """Return an option with its help; `of` is what its value is called there."""
    return typer.Option(*names, metavar=of, help=told)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What is said of results on the command line, an option each."""

    by: Annotated[str | None, _is("What names the competitors.", of=COLUMNS)] = None
    pair: Annotated[str | None, _is("What names the round they share.", of=COLUMNS)] = None
    value: Annotated[
        str | None,
        _is("What is compared; of a table with a column for each competitor, all.", of=COLUMNS),
    ] = None
    task: Annotated[
        str | None, _is("Which data set or environment a row is of; each is judged.", of=COLUMNS)
    ] = None
    but: Annotated[
        str | None, _is("Competitors are told apart by all parameters except these.", of=COLUMNS)
    ] = None
    take: Annotated[
        str | None, _is("Of a curve: last, best, or mean:20, of the last 20.", of="WHICH")
    ] = None
    common: Annotated[bool, _is("Leave out rounds that a competitor lacks.", "--common")] = False
    mean_duplicates: Annotated[
        bool, _is("Average several values in one round.", "--mean-duplicates")
    ] = False
    failed_as: Annotated[
        float | None, _is("What a run without a number counts as; nan: failed.", of="NUMBER")
    ] = None
    pattern: Annotated[
        str | None, _is("How folders are named, as in '{method}_seed{seed}'.", of="NAMES")
    ] = None
    folds: Annotated[
        str | None, _is("Rounds are ten folds of the same examples, ten times.", of="10x10")
    ] = None
    train_size: Annotated[
        int | None, _is("Each round cuts the same examples anew: so many to train on.")
    ] = None
    test_size: Annotated[int | None, _is("With --train-size: so many to test on.")] = None
    fixed_test: Annotated[bool, _is("All rounds are tested on one set.", "--fixed-test")] = False
    unpaired: Annotated[
        bool, _is("Rounds of different competitors have nothing in common.", "--unpaired")
    ] = False
    against_published: Annotated[
        str | None,
        _is(
            "Compare all with a paper's mean ± standard deviation of n rounds.",
            of="NAME=86.6±1.3,n=30",
        ),
    ] = None
    baseline: Annotated[
        str | None, _is("Of a file, compare all others with this one, not all pairs.", of="NAME")
    ] = None
    points: Annotated[bool, _is("A file's values are fractions: tell points.", "--points")] = False
    lower_is_better: Annotated[
        bool | None,
        _is(
            "Of a file whose column does not say so, as loss and accuracy do.",
            "--lower-is-better/--higher-is-better",
        ),
    ] = None
    study: Annotated[
        str | None,
        _is("Of the store; by default, the one run last. Of MLflow, an experiment.", of="STUDY"),
    ] = None

    def given(self) -> dict[str, object]:
        """Return the options that were given, by name."""
        told = {n: v for n, v in asdict(self).items() if v is not None and v is not False}
        if self.lower_is_better is False:
            told["higher_is_better"] = True
        return {f"--{name.replace('_', '-')}": value for name, value in told.items()}

    def judged(self, files: Sequence[str], margin: float | None, looks: Anytime) -> Content:
        """Read files, and judge what they hold.

        Raises:
            ArgumentError: for options that exclude each other, or do not fit the files.
            DataError: for what cannot be read, or can in two ways.
            StatisticsError: for values that cannot be compared so.
        """
        from bakeoff.report.formats import Content
        from bakeoff.runs.judging import judge
        from bakeoff.runs.rows import Asked
        from bakeoff.statistics.unpaired import Published
        from bakeoff.study.exchange import judge_imported, read_files
        from bakeoff.study.given import given_by
        from bakeoff.study.machine import this_machine
        from bakeoff.study.results import StudyResults
        from bakeoff.study.verdicts import Verdicts
        from bakeoff.system.files import standard_input

        published = None
        if self.against_published is not None:
            refuse_given("other competitors of the file", {"--baseline": self.baseline})
            published = Published.parse(self.against_published)
        paths = [standard_input() if file == "-" else file for file in files]
        asked = Asked(
            *(self.by, self.pair, self.value, self.but, self.take, self.common),
            *(self.mean_duplicates, self.failed_as, self.lower_is_better, self.pattern),
            *(self.study, self.unpaired or published is not None, self._dependence()),
            *(1 if published else 2, self.task),
        )
        reading = read_files(paths, asked, more=self.points)
        if isinstance(reading, StudyResults):
            results, margin = reading, fraction(margin, reading.study)
            analysis = judge_imported(results, baseline=self.baseline, margin=margin, anytime=looks)
        else:
            points = self.points or reading.percent
            analysis = judge(
                reading,
                baseline=self.baseline,
                margin=fraction(margin) if points else margin,
                anytime=looks,
                points=points,
                published=published.scaled(0.01) if published is not None and points else published,
            )
            results = given_by(reading, analysis)
        return Content(results, Verdicts(analysis, results.rounds, analysis.notes), this_machine())

    def _dependence(self) -> Dependence | None:
        """Return what the options say that rounds share."""
        from bakeoff.errors import ArgumentError
        from bakeoff.statistics.dependence import Dependence

        if (self.train_size is None) != (self.test_size is None):
            one, other = ("--train-size", "--test-size")[:: 1 if self.test_size is None else -1]
            raise ArgumentError(f"{one}: goes with {other}; expected both, or neither")
        told = {
            "--folds": None if self.folds is None else f"folds {self.folds}",
            "--train-size": None
            if self.train_size is None
            else f"resplit {self.train_size}/{self.test_size}",
            "--fixed-test": "fixed-test" if self.fixed_test else None,
        }
        given = {name: text for name, text in told.items() if text}
        if len(given) > 1:
            raise ArgumentError(f"{' and '.join(given)}: exclude each other; say which rounds are")
        return Dependence.parse(*given.values()) if given else None


def may_be_results(word: str, *, folders: bool = True) -> bool:
    """Tell whether a word is a file or folder, or was meant to be one; - is standard input."""
    path = Path(word)
    there = path.exists() if folders else path.is_file()
    there = there or word == "-" or not {"/", os.sep}.isdisjoint(word)
    return there or path.suffix.lower() in ENDINGS
