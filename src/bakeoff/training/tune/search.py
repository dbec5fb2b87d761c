"""The search: train the candidates, and widen the grid for all while anyone's best is at its edge.

Every competitor is tried at the same places, for the same rounds. So the budget is equal to the
end: one competitor at the edge has the grid widened for every one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attrs import define, evolve, field, frozen

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.machine import Machine
from bakeoff.study.metric import Judging
from bakeoff.study.record import Record
from bakeoff.study.results import StudyResults
from bakeoff.study.run import Listener, Prepare, RunOptions, run_study
from bakeoff.study.workers import LocalPool, Pool
from bakeoff.training.data_spec import form_of
from bakeoff.training.keys import keys_of
from bakeoff.training.sources import ALWAYS, BY_USE, sources_hash
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.tune.evidence import Tuned, Tuning
from bakeoff.training.tune.grid import FIRST, FURTHEST, tuning_seed, tuning_study

ROUNDS = 5


def _silent(part: NetworkStudy) -> Listener:
    return Listener()


@frozen(kw_only=True)
class TuneOptions:
    """What of a study is tuned, and how.

    Attributes:
        rounds: rounds that each candidate is trained for, at least 2.
        epochs: the epochs of a tuning round; each recipe's own if None. The recipe keeps its own.
        choose_epochs: numbers of epochs to choose among as well, instead of `epochs`.
        only: names of the competitors; all if empty.
        data_dir: folder of the data files; None for BAKEOFF_DATA's, else the embedded MNIST.
        prepare: as of `run_study`.
    """

    rounds: int = ROUNDS
    epochs: int | None = None
    choose_epochs: tuple[int, ...] = ()
    only: tuple[str, ...] = ()
    data_dir: str | None = None
    prepare: Prepare | None = None

    def __attrs_post_init__(self) -> None:
        if self.rounds < 2:
            raise ArgumentError(
                f"tuning rounds: got {self.rounds}, expected at least 2, as a standard error needs"
            )
        for epochs in self.tried_epochs:
            if epochs < 1:
                raise ArgumentError(f"tuning epochs: got {epochs}, expected at least 1")
        if self.epochs is not None and self.choose_epochs:
            raise ArgumentError(
                "tuning epochs: got both a number to tune with and numbers to choose among, "
                "expected one of them"
            )

    @property
    def tried_epochs(self) -> tuple[int, ...]:
        """The numbers of epochs to try, ascending; empty for each recipe's own."""
        return tuple(sorted({*self.choose_epochs, *([] if self.epochs is None else [self.epochs])}))


def tune_study(
    study: NetworkStudy,
    options: TuneOptions | None = None,
    *,
    store: Path | str | None = None,
    pools: Callable[[], Pool] = LocalPool,
    listeners: Callable[[NetworkStudy], Listener] = _silent,
) -> Tuning:
    """Choose each competitor's step size by the rule of `bakeoff.training.tune.choice`.

    The same study and options give the same choice with any number of workers, interrupted or not.

    Args:
        study: the study.
        options: what of it, and how.
        store: file in which finished rounds are kept and found; in memory if None.
        pools: makes the workers of each pass over the grid; they are stopped after it.
        listeners: makes, for the study of a pass's candidates, whom to tell what happens.

    Raises:
        KeyboardInterrupt: after Ctrl-C; finished rounds are kept.
        StudyError: for an unknown name, or data without training examples that no round tests on.
        StoreError, WorkerError, DataError: as `run_study`.
    """
    options = options or TuneOptions()
    part = study.only(options.only) if options.only else study
    judging, wrong = evolve(part, metrics=()).judging(), ""
    if part.tasks:
        wrong = "several tasks"
    elif part.data == "tuning-pairs" or part.held_out:
        wrong = "what is judged by training examples already"
    elif judging.dependence.test_ratio is not None:
        wrong = "one set that each round cuts anew"
    if wrong:
        raise StudyError(
            f"study {part.name!r}: data: got {wrong}, expected one data set with training examples"
            " that no round tests on"
        )
    search = _Search(part, judging, options, store, pools, listeners)
    places, wider = range(0), FIRST
    while wider != places:
        search.train([place for place in wider if place not in places])
        places = wider
        tuned = search.tuned(places)
        wider = widened(places, [t.best.setting.place for t in tuned])
    return search.tuning(tuned, places)


def widened(places: range, bests: Iterable[int]) -> range:
    """Return the grid, a place wider on each side where a best one lies, up to `FURTHEST`.

    Args:
        places: the grid so far.
        bests: each competitor's best place.
    """
    found = set(bests)
    low, high = places[0], places[-1]
    return range(
        max(low - (low in found), min(low, -FURTHEST)),
        min(high + (high in found), max(high, FURTHEST)) + 1,
    )


@define
class _Search:
    """Trains candidates, and keeps what came out."""

    study: NetworkStudy
    judging: Judging
    options: TuneOptions
    store: Path | str | None
    pools: Callable[[], Pool]
    listeners: Callable[[NetworkStudy], Listener]
    results: list[Record] = field(factory=list)
    machines: Counter[Machine] = field(factory=Counter)

    def candidates(self, places: Sequence[int]) -> NetworkStudy:
        """Return the study of the candidates at some places."""
        return tuning_study(self.study, places, self.options.rounds, self.options.tried_epochs)

    def train(self, places: Sequence[int]) -> None:
        """Train the candidates at some places."""
        candidates = self.candidates(places)
        outcome = run_study(
            candidates,
            RunOptions(data_dir=self.options.data_dir),
            store=self.store,
            pool=self.pools(),
            listener=self.listeners(candidates),
            prepare=self.options.prepare,
        )
        self.results += outcome.results.results
        self.machines.update(outcome.machines)

    def tuned(self, places: range) -> tuple[Tuned, ...]:
        """Choose for every competitor, from what was trained at all of these places."""
        study, rounds = self.candidates(places), self.results
        results = StudyResults.of_rounds(study, rounds, judging=self.judging)
        epochs = self.options.tried_epochs
        return tuple(
            Tuned.of_results(competitor, results, places, epochs)
            for competitor in self.study.networks
        )

    def tuning(self, tuned: tuple[Tuned, ...], places: range) -> Tuning:
        """Return what was found."""
        study = self.candidates(FIRST[:1])
        keys = keys_of(study, self.options.data_dir, form=form_of(study))
        return Tuning(
            study=self.study,
            tuned=tuned,
            places=places,
            rounds=self.options.rounds,
            seed=tuning_seed(self.study.seed),
            epochs=self.options.choose_epochs,
            machines=dict(self.machines),
            sources=sources_hash(ALWAYS + BY_USE),
            data=keys[study.competitor_names[0]].data,
            metric=self.judging.metric,
            seconds=sum(result.seconds for result in self.results),
        )
