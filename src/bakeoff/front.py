"""The front door in Python: run a study, read its verdicts, write its page; compare any numbers.

For example::

    import bakeoff as bo

    run = bo.run("ablation", rounds=6, store="bakeoff.sqlite")
    print(run.verdicts)
    run.report("page")
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from bakeoff.study.results import StudyResults
from bakeoff.study.run import Outcome, RunOptions, rounds_to_train, run_study
from bakeoff.study.spec import Study
from bakeoff.study.verdicts import Verdicts, divergence_notes, judge

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bakeoff.statistics.analysis import Analysis


@frozen
class Run:
    """A study that was run: its rounds, its verdicts, its page.

    Attributes:
        study: the study, with all of its questions.
        results: the rounds that count; a data frame by `results.to_frame()`.
        verdicts: what they say of each question; `print(run.verdicts)` tells it in sentences.
    """

    study: Study = field(repr=lambda study: repr(study.name))
    verdicts: Verdicts = field(repr=False)
    _outcome: Outcome = field(repr=False)
    _options: RunOptions = field(repr=False)

    @property
    def results(self) -> StudyResults:
        """The rounds that count."""
        return evolve(self._outcome.results, study=self.study)

    def report(self, folder: str | PathLike[str]) -> Path:
        """Write the study's page with its figures and tables; return the page's path.

        Raises:
            OutputError: for a folder that cannot be written.
            MissingExtraError: without the extra `report`.
        """
        from bakeoff.report.page import check_report
        from bakeoff.report.source import Source
        from bakeoff.report.study_page import write_study_page

        out = Path(fspath(folder))
        check_report(out)
        outcome, options = self._outcome, self._options
        source = Source(self.results, Path("bakeoff.run"), outcome.planned, outcome.machines)
        write_study_page(source, out, margin=options.margin, data_dir=options.data_dir)
        return out / "index.html"

    def _repr_html_(self) -> str:
        return self.results._repr_html_()


def run(
    study: Study | str | PathLike[str],
    *,
    rounds: int | None = None,
    only: Iterable[str] = (),
    store: str | PathLike[str] | None = None,
    workers: int | None = None,
    until_decided: bool = False,
    margin: float | None = None,
    data_dir: str | None = None,
) -> Run:
    """Train what is missing of a study's rounds, and judge them; a bar on stderr shows how far.

    Args:
        study: the study, the name of one that bakeoff has, or a TOML file.
        rounds: how many; as many as the study plans if None. With `until_decided`, the most.
        only: names of the competitors to train; all if empty.
        store: the file in which rounds are kept and found; none is kept if None.
        workers: how many rounds are trained at a time; as many as there are cores if None.
        until_decided: stop at the first number of rounds that decides every comparison.
        margin: differences smaller than this fraction do not matter; None for no such claim.
        data_dir: folder of other IDX files than MNIST's.

    Raises:
        StudyError: for a study that is unknown or faulty, or a competitor that is not there.
        ArgumentError: for a number outside its range.
        StoreError: if the store cannot be used.
        KeyboardInterrupt: after Ctrl-C, when finished rounds are kept.
    """
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.run_progress import Telling
    from bakeoff.study.workers import LocalPool
    from bakeoff.training.files import find_study

    chosen = study if isinstance(study, Study) else find_study(fspath(study))
    options = RunOptions(
        rounds=rounds_to_train(chosen, 0, rounds),
        only=tuple(only),
        data_dir=data_dir,
        until_decided=until_decided,
        margin=margin,
    )
    part = chosen.only(options.only) if options.only else chosen
    pool, path = LocalPool(workers), None if store is None else Path(fspath(store))
    telling = Telling(notes_console(), part, path or Path("memory"), pool.workers)
    try:
        with telling:
            outcome = run_study(chosen, options, store=path, pool=pool, listener=telling.listener())
    finally:
        pool.stop()
    results = evolve(outcome.results, study=chosen)
    verdicts = judge(results, margin=margin)
    told = evolve(verdicts, notes=(*divergence_notes(results), *verdicts.notes))
    return Run(chosen, told, outcome, options)


def compare(
    values: ArrayLike,
    *,
    names: Sequence[str],
    margin: float | None = None,
    anytime: bool = False,
    larger_is_better: bool = True,
) -> Analysis:
    """Judge all pairs of competitors by anyone's numbers; `print` tells it in sentences.

    Args:
        values: (rounds, competitors) numbers; NaN where a competitor did not finish.
        names: of the competitors, in the order of the columns.
        margin: differences smaller than this do not matter, in the values' unit; None for no such
            claim.
        anytime: use the anytime-valid test, as rounds were added after a look.
        larger_is_better: False for losses, errors and times.

    Raises:
        StatisticsError: for values or names that contradict each other, or a margin below 0.
    """
    from bakeoff.statistics.analysis import analyse
    from bakeoff.statistics.contrast import all_pairs
    from bakeoff.statistics.units import PLAIN

    return analyse(
        values,
        tuple(names),
        all_pairs(tuple(names)),
        margin=margin,
        mode="anytime" if anytime else "planned",
        unit=PLAIN,
        larger_is_better=larger_is_better,
    )
