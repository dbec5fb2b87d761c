"""The front door in Python: run a study, read its verdicts, write its page; compare any numbers.

For example::

    import bakeoff as bo

    run = bo.run("ablation", rounds=6, store="bakeoff.sqlite")
    print(run.verdicts)
    run.report("page")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from bakeoff.checks import check_choice, check_installed
from bakeoff.errors import ArgumentError
from bakeoff.statistics.dependence import Anytime
from bakeoff.statistics.shown import in_short
from bakeoff.study.metric import Metric
from bakeoff.study.results import StudyResults
from bakeoff.study.run import Outcome, Prepare, RunOptions, rounds_to_train, workers_for
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.verdicts import Verdicts, divergence_notes, judge

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bakeoff.report.page import Page
    from bakeoff.report.source import Source
    from bakeoff.statistics.analysis import Analysis


@frozen
class Run:
    """A study that was run: its rounds, its verdicts, its page.

    Attributes:
        study: the study, with all of its questions.
        results: the rounds that count; a data frame by `results.to_frame()`.
        verdicts: what they say of each question; `print(run.verdicts)` tells it in sentences.
    """

    study: Study
    verdicts: Verdicts
    _outcome: Outcome
    _options: RunOptions

    @property
    def results(self) -> StudyResults:
        """The rounds that count."""
        return evolve(self._outcome.results, study=self._outcome.judged)

    def report(self, folder: str | PathLike[str]) -> Path:
        """Write the study's page with its figures and tables; return the page's path.

        Raises:
            OutputError: for a folder that cannot be written.
            MissingExtraError: without the extra `report`.
        """
        from bakeoff.report.page import check_report
        from bakeoff.report.study_page import write_study_page

        out = Path(fspath(folder))
        check_report(out)
        write_study_page(self._source(), out, **self._asked())
        return out / "index.html"

    def page(self) -> Page:
        """Return the page that `report` writes, to look at in a notebook.

        `run.page().part("curves")` is one part of it, with its figures; the page names its parts.

        Raises:
            MissingExtraError: without the extra `report`.
        """
        check_installed("page", "drawing", "report", "matplotlib")
        from bakeoff.report.study_page import study_page

        return study_page(self._source(), **self._asked())

    def _source(self) -> Source:
        from bakeoff.report.source import Source

        outcome = self._outcome
        return Source(self.results, Path("bakeoff.run"), outcome.planned, outcome.machines)

    def _asked(self) -> dict[str, Any]:
        return {name: getattr(self._options, name) for name in ("margin", "anytime", "data_dir")}

    def __repr__(self) -> str:
        """Return the study's name, the first lines of its verdicts, and how to go on."""
        going_on = '.verdicts tells all; .results.to_frame(), .page(), .report("page")'
        return in_short(f"{self.study.name}: {self.study.question}\n{self.verdicts}", going_on)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a table, each round as a dot, and the verdicts."""
        from bakeoff.study.notebook import results_html

        return results_html(self.results, self.verdicts)


def run(
    study: Study | str | PathLike[str],
    *,
    rounds: int | None = None,
    only: Iterable[str] = (),
    store: str | PathLike[str] | None = None,
    workers: int | None = None,
    until_decided: bool = False,
    margin: float | None = None,
    careful: bool = False,
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
        careful: use the test that takes no shape of differences for granted; for accuracies.
        data_dir: folder of other IDX files than MNIST's.

    Raises:
        StudyError: for a study that is unknown or faulty, or a competitor that is not there.
        ArgumentError: for a number outside its range.
        StoreError: if the store cannot be used.
        StatisticsError: for a study that the careful test cannot judge, if it is asked for.
        KeyboardInterrupt: after Ctrl-C, when finished rounds are kept.
    """
    from bakeoff.training.files import find_study

    chosen = study if isinstance(study, Study) else find_study(fspath(study))
    options = RunOptions(
        rounds=rounds_to_train(chosen, 0, rounds),
        only=tuple(only),
        data_dir=data_dir,
        until_decided=until_decided,
        margin=margin,
        careful=careful,
    )
    return _run(chosen, options, store, workers)


def _run(
    study: Study,
    options: RunOptions,
    store: str | PathLike[str] | None,
    workers: int | None,
    prepare: Prepare | None = None,
) -> Run:
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.run_progress import Telling
    from bakeoff.study.workers import LocalPool

    part = study.only(options.only) if options.only else study
    pool = LocalPool(workers_for(study, workers), needs=study.needs)
    path = None if store is None else Path(fspath(store))
    telling = Telling(notes_console(), part, path, pool.workers)
    outcome = telling.run(study, options, pool, path, prepare)
    results = evolve(outcome.results, study=outcome.judged)
    verdicts = judge(results, margin=options.margin, anytime=options.anytime)
    told = evolve(verdicts, notes=(*divergence_notes(results), *verdicts.notes, *outcome.notes))
    return Run(study, told, outcome, options)


def race(
    function: Callable[..., float | Mapping[str, float]] | str,
    competitors: Mapping[str, Mapping[str, Any]],
    *,
    seeds: int = 30,
    metric: str | Metric = "score",
    better: str = "higher",
    name: str = "race",
    workers: int | None = None,
    store: str | PathLike[str] | None = None,
    until: str | None = None,
    margin: float | None = None,
    timeout: float | None = None,
    failed: str | float = "worst",
    reuse: bool = False,
) -> Run:
    """Call a function with the same seeds for each competitor, and judge what it returns.

    Each round has a fresh process, unless `reuse`. A function of a module is imported there; one
    of a notebook, of the script that runs, or a lambda is sent by cloudpickle.

    Args:
        function: takes a seed, 0 to 2**31 - 1, and the competitor's options as keyword arguments;
            returns a number, or a mapping of numbers by name of which `metric` is one. Or its
            name, "module:function".
        competitors: the options of each, by its name; the first is the baseline.
        seeds: how many rounds, each with a seed of its own; with `until`, the most.
        metric: what the number is called, or a `Metric`.
        better: "higher" or "lower" values; of a `Metric` that says so itself, left alone.
        name: what the store calls the race.
        workers: how many rounds are made at a time; as many as there are cores if None.
        store: the file in which rounds are kept and found; none is kept if None.
        until: "decided" stops at the first number of rounds that decides every comparison.
        margin: differences smaller than this do not matter, in the metric's unit.
        timeout: seconds after which a round is ended and counts as failed.
        failed: what a failed round counts as: "worst", a number, or "stop" to end the race.
        reuse: call it in one process again and again.

    Raises:
        StudyError: for competitors or a function that cannot race, or rounds that all fail.
        ArgumentError: for an option outside its range.
        MissingExtraError: if cloudpickle is needed and not installed.
    """
    from bakeoff.study.function import FunctionStudy, sent

    if until not in (None, "decided"):
        raise ArgumentError(f"until: got {until!r}, expected 'decided' or None")
    names = tuple(competitors)
    where, pickled, sources = (function, b"", "") if isinstance(function, str) else sent(function)
    study = FunctionStudy(
        name,
        f"Which options of {where.partition(':')[2]} are better?",
        [Competitor(each, options=dict(competitors[each])) for each in names],
        [(other, names[0]) for other in names[1:]],
        rounds=seeds,
        metrics=[Metric(metric, better) if isinstance(metric, str) else metric],
        function=where,
        timeout=timeout,
        failed=failed,
        reuse=reuse,
    )
    options = RunOptions(
        rounds=rounds_to_train(study, 0, seeds), until_decided=until is not None, margin=margin
    )
    made = None if not pickled else (lambda *_: study.experiments(pickled, sources))
    return _run(study, options, store, workers, made)


def race_estimators(
    estimators: Mapping[str, Any],
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    margin: float | None = None,
    seed: int = 0,
    workers: int | None = None,
) -> Analysis:
    """Judge scikit-learn's estimators on the same splits of one set of examples.

    Rounds that cut one set anew are not independent: they are judged by the corrected resampled
    t test (Nadeau and Bengio 2003). ``random_state`` is set, to another number for each split,
    wherever an estimator has one that is None.

    Args:
        estimators: by name; the first is the baseline.
        X: (n, features), whatever the estimators take.
        y: (n,) targets.
        cv: a splitter, or a number of folds; 10 times 10 folds if None.
        scoring: as of `sklearn.model_selection.cross_val_score`; larger is better.
        margin: differences smaller than this do not matter.
        seed: of the splits where `cv` is None, and of the estimators.
        workers: how many splits are fitted at a time; as many as there are cores if None.

    Raises:
        ArgumentError: for no estimators.
        MissingExtraError: without the extra `sklearn`.
        StatisticsError: for scores that cannot be compared.
    """
    if not estimators:
        raise ArgumentError("race_estimators: got no estimators, expected two or more, by name")
    check_installed("race_estimators", "its estimators", "sklearn", "sklearn")
    from bakeoff.runs.estimators import scores_of
    from bakeoff.statistics.analysis import analyse
    from bakeoff.statistics.contrast import pair
    from bakeoff.statistics.units import PLAIN

    names = tuple(estimators)
    values, ratio = scores_of(estimators, X, y, cv=cv, scoring=scoring, seed=seed, workers=workers)
    pairs = [pair(other, names[0]) for other in names[1:]]
    return analyse(
        values, names, pairs, margin=margin, mode="resampled", unit=PLAIN, test_ratio=ratio
    )


def compare(
    values: ArrayLike | str | PathLike[str],
    *,
    names: Sequence[str] | None = None,
    baseline: str | None = None,
    margin: float | None = None,
    anytime: bool = False,
    careful: bool = False,
    dependence: str | None = None,
    larger_is_better: bool | None = None,
    **columns: Any,
) -> Analysis:
    """Judge anyone's numbers, or results that any tool wrote; `print` tells it in sentences.

    Args:
        values: (rounds, competitors) numbers, NaN where a competitor did not finish; or a file or
            folder of results, as `bakeoff compare` takes it, or a list of files.
        names: of the competitors, in the order of the columns; of an array alone.
        baseline: the competitor with which all others are compared; all pairs if None.
        margin: differences smaller than this do not matter, in the values' unit; None for no such
            claim.
        anytime: use the anytime-valid test, as rounds were added after a look.
        careful: use the one that takes no shape of differences for granted, only that values are
            fractions, of which a failed one counts as the worst (see `bakeoff.statistics.betting`).
        dependence: what the rounds share: nothing, unless it is "fixed-test", "folds 10x10" or
            "resplit 800/200" (see `bakeoff.statistics.dependence`).
        larger_is_better: False for losses, errors and times. None for True of an array, and of a
            file for what the value's name says.
        columns: of files alone, the options of `bakeoff compare` by name: `by`, `pair`, `value`
            and the others of `bakeoff.runs.rows.Asked`; several columns may be a list.

    Raises:
        ArgumentError: for arguments that do not go together, or a column that is not there.
        DataError: for a file that cannot be read, or can in two ways.
        StatisticsError: for values or names that contradict each other, a margin below 0, or what
            `careful` does not allow: values outside 0 to 1, rounds that share examples.
    """
    import numpy as np

    from bakeoff.runs.judging import judge
    from bakeoff.runs.rows import Asked
    from bakeoff.statistics.analysis import analyse
    from bakeoff.statistics.contrast import against
    from bakeoff.statistics.dependence import FRESH, Dependence
    from bakeoff.statistics.units import PLAIN
    from bakeoff.study.exchange import judge_imported, read_files

    looks: Anytime = "careful" if careful else anytime
    shared = None if dependence is None else Dependence.parse(dependence)
    told: Any = values
    files = told if isinstance(told, list | tuple) and told else [told]
    if all(isinstance(each, str | PathLike) for each in files):
        if names is not None:
            raise ArgumentError(
                "compare: got names with a file, which names its competitors itself"
            )
        for name in columns:
            check_choice("compare", "argument", name, (each.name for each in fields(Asked)))
        lower = None if larger_is_better is None else not larger_is_better
        said: dict[str, Any] = {
            n: ",".join(c) if isinstance(c, list | tuple) else c for n, c in columns.items()
        }
        asked = Asked(lower_is_better=lower, dependence=shared, **said)
        reading = read_files([fspath(file) for file in files], asked)
        if isinstance(reading, StudyResults):
            return judge_imported(reading, baseline=baseline, margin=margin, anytime=looks)
        return judge(reading, baseline=baseline, margin=margin, anytime=looks, points=careful)
    if names is None or columns:
        raise ArgumentError("compare: of an array give names, and no options of a file")
    shared = shared or FRESH
    shared.check(len(np.asarray(told)), "compare")
    analysis = analyse(
        told,
        tuple(names),
        against(tuple(names), baseline),
        margin=margin,
        mode=shared.mode(anytime=looks),
        unit=PLAIN,
        larger_is_better=larger_is_better is not False,
        test_ratio=shared.test_ratio,
        failure_counts_as=float(larger_is_better is False) if careful else None,
    )
    return replace(analysis, notes=(*shared.notes, *analysis.notes))
