"""From a study to its results: check everything first, then train what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen

from bakeoff.errors import ArgumentError
from bakeoff.statistics.dependence import Anytime
from bakeoff.study.early_stopping import Failures, StoppingRule, raced
from bakeoff.study.experiment import Experiment
from bakeoff.study.machine import Machine
from bakeoff.study.metric import Judging
from bakeoff.study.queue import TaskQueue
from bakeoff.study.record import LARGEST_ROUND, SECONDS, Records
from bakeoff.study.repeatability import LONG, pairing_notes, trained_twice
from bakeoff.study.results import StudyResults
from bakeoff.study.runner import finish
from bakeoff.study.spec import MOST_ROUNDS, Study
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.stored_study import identity_of, judged, part_notes, registration_of
from bakeoff.study.user_code import check_not_importing
from bakeoff.study.workers import LocalPool, Pool

ALPHA = 0.05
"""As of `judge`: a number of rounds that cannot reach it decides nothing."""


@frozen
class Outcome:
    """What a run ends with.

    Attributes:
        results: the rounds asked for, or those up to the decision; with a store, those that earlier
            runs asked for too.
        planned: the rounds planned at the study's first run; empty if that was to stop as soon
            as all was decided.
        machines: the machines that trained its rounds, and how many each.
        settings: what each competitor's key tells of how its rounds were made.
        judged: what verdicts are on: the study, or the part of it that alone was ever asked for.
        notes: a sentence on that, if it is such a part or was one before.
    """

    results: StudyResults
    planned: range
    machines: dict[Machine, int]
    settings: dict[str, Mapping[str, Any]]
    judged: Study
    notes: tuple[str, ...]


def _ignore(*told: object) -> None:
    pass


@frozen(kw_only=True)
class Listener:
    """Functions that a run calls as things happen, all of them in the parent process.

    Attributes:
        on_code: told of the files of users' own code, before it is run.
        on_choices: told, by competitor, how a user's own network will be trained and why.
        on_start: told of the rounds to train, and of the results that stand already.
        on_results: told of each group's results, after they are kept.
        on_waiting: told of another run that holds all that is left to do, in a sentence.
        on_repeated: told of the group that gave the same bits when trained twice.
        on_note: told what was found out of a study's pairing, in a sentence.
    """

    on_code: Callable[[dict[str, Path]], None] = _ignore
    on_choices: Callable[[dict[str, Any]], None] = _ignore
    on_start: Callable[[int, Records], None] = _ignore
    on_results: Callable[[Records], None] = _ignore
    on_waiting: Callable[[str], None] = _ignore
    on_repeated: Callable[[Records], None] = _ignore
    on_note: Callable[[str], None] = _ignore


@frozen(kw_only=True)
class RunOptions:
    """What of a study is to be trained, and how.

    Attributes:
        rounds: the rounds, consecutive; the study's planned ones if None.
        only: names of the competitors; all if empty.
        data_dir: of networks, the folder of the data files; None for BAKEOFF_DATA's, else the
            embedded MNIST.
        trainer: of networks, "bakeoff" or "torch".
        plan: of networks, whether our own trainer replays captured steps.
        until_decided: stop at the first number of rounds that decides every comparison, or when the
            rounds left can hardly decide; who is decided, or cannot be the best, leaves before.
        margin: differences smaller than this fraction do not matter; for `until_decided`.
        careful: the rounds are for the careful test of `judge`; `until_decided` goes by it.
        repeat_first: make the first group twice and compare; None to do so for long studies.
        retry_failed: make rounds again that failed.
    """

    rounds: range | None = None
    only: tuple[str, ...] = ()
    data_dir: str | None = None
    trainer: str = "bakeoff"
    plan: bool = True
    until_decided: bool = False
    margin: float | None = None
    careful: bool = False
    repeat_first: bool | None = None
    retry_failed: bool = False

    @property
    def anytime(self) -> Anytime:
        """As `judge` takes it."""
        return "careful" if self.careful else False


def workers_for(study: Study, workers: int | None) -> int | None:
    """Return how many workers a study is made by: one where time is what it is judged by.

    Raises:
        ArgumentError: for more than one then.
    """
    if not study.metrics or study.metrics[0].score != SECONDS or study.kind == "network":
        return workers
    if workers not in (None, 1):
        raise ArgumentError(
            f"--workers: got {workers} for a metric of seconds, expected 1: what runs at the same"
            " time slows each other down"
        )
    return 1


Prepare = Callable[[Any, RunOptions, Listener], dict[str, Experiment]]
"""Checks all that may be refused of a study, and returns who makes each competitor's rounds."""


def rounds_to_train(study: Study, first_round: int = 0, rounds: int | None = None) -> range:
    """Return the rounds asked for: as many as the study plans unless told, from `first_round`.

    Raises:
        ArgumentError: for less than one round or more than `MOST_ROUNDS`, or a first round below 0
            or so high that a store would not take the last one.
    """
    count = study.rounds if rounds is None else rounds
    if not 1 <= count <= MOST_ROUNDS:
        raise ArgumentError(f"rounds: got {count}, expected 1 to {MOST_ROUNDS:,}")
    if not 0 <= first_round < LARGEST_ROUND - count:
        largest = LARGEST_ROUND - count - 1
        raise ArgumentError(f"first round: got {first_round}, expected 0 to {largest:,}")
    if study.seeds and first_round + count > len(study.seeds):
        raise ArgumentError(
            f"rounds: got {count} from {first_round}, expected at most the {len(study.seeds)} for"
            " which the study lists a seed"
        )
    return range(first_round, first_round + count)


def run_study(
    study: Study,
    options: RunOptions | None = None,
    *,
    store: Path | str | None = None,
    pool: Pool | None = None,
    listener: Listener | None = None,
    prepare: Prepare | None = None,
) -> Outcome:
    """Train what is missing of a study's rounds in worker processes, and return them all.

    Args:
        study: the study.
        options: what of it; all planned rounds of all competitors if None.
        store: file in which finished rounds are kept and found; in memory if None.
        pool: the workers; as many processes as cores if None. They are stopped in the end.
        listener: told what happens.
        prepare: returns who makes each competitor's rounds; the study's own way if None.

    Raises:
        KeyboardInterrupt: after Ctrl-C; the listener was told of all finished rounds.
        StudyError: for an unknown name, or a round that gives other bits when trained again.
        StoreError: if the store cannot be used.
        WorkerError: if workers died again and again over one task.
        DataError: for faulty data files.
        StatisticsError: for rounds that the careful test cannot judge, if they are for it.
    """
    check_not_importing()
    options, listener = options or RunOptions(), listener or Listener()
    part = study.only(options.only) if options.only else study
    asked = rounds_to_train(study) if options.rounds is None else options.rounds

    # All that may be refused is refused before any work; here users' code runs for the first time.
    experiments = (prepare or type(study).prepare)(study, options, listener)
    keys = {name: experiment.key for name, experiment in experiments.items()}
    wanted = {name: keys[name].text for name in part.competitor_names}
    settings = {name: json.loads(keys[name].training) for name in wanted}
    judging = study.judging(next(iter(settings.values())))
    rule = _rule(study, asked, options, judging)
    planned = range(0) if rule else _planned(part, asked)

    pool = pool or LocalPool(needs=study.needs)
    with Store(IN_MEMORY if store is None else store) as opened:
        before = next((k.only for k in opened.studies(identity_of(study))), ())
        keep = partial(opened.record, study, keys, planned, only=options.only, race=_race(rule))
        kept = keep(asked=range(0) if rule else asked)
        rule = _rule(judged(opened, kept), asked, options, judging)
        if options.retry_failed:
            opened.delete_failed(wanted.values())
        queue = TaskQueue(
            opened,
            {name: experiments[name] for name in wanted},
            asked,
            machine=pool.machine or study.machine(),
            on_waiting=listener.on_waiting,
        )
        train_all = partial(finish, experiments=experiments, pool=pool)

        failures = Failures(study, asked)

        def tell(results: Records) -> None:
            failures.add(results)
            _follow(rule, queue, results)
            listener.on_results(_of(asked, results))

        _follow(rule, queue, queue.standing)
        listener.on_start(len(asked) * len(part.competitors), _of(asked, queue.standing))
        try:
            if queue.missing >= LONG if options.repeat_first is None else options.repeat_first:
                if not study.exact:
                    for note in pairing_notes(queue, train_all, study):
                        listener.on_note(note)
                elif twice := trained_twice(queue, train_all):
                    listener.on_repeated(twice)
            with closing(train_all(queue)) as finished:
                for results in finished if not (rule and rule.decided_at) else ():
                    tell(results)
                    failures.check()
                    if rule and rule.decided_at:
                        break
        finally:
            pool.stop()
            queue.close()
            for results in queue.news():
                tell(results)
        if rule:
            kept = keep(asked=rule.rounds)
        stand = raced(
            StudyResults.of_rounds(
                part,
                opened.results(wanted, kept.asked),
                judging=judging,
                planned=kept.planned,
                registered=registration_of(opened, kept),
                race=rule.race if rule else None,
            )
        )
        opened.check_place()
        return Outcome(
            stand,
            kept.planned,
            opened.machines(wanted.values(), kept.asked),
            settings,
            judged(opened, kept),
            part_notes(opened, kept, before),
        )


def _follow(rule: StoppingRule | None, queue: TaskQueue, results: Records) -> None:
    """Let the rule see results; of whoever leaves then, no more rounds are made."""
    if rule:
        rule.add(results)
        queue.leave_out(rule.left)


def _race(rule: StoppingRule | None) -> str:
    return str(rule.race) if rule else ""


def _of(rounds: range, results: Records) -> Records:
    return tuple(result for result in results if result.round in rounds)


def _rule(study: Study, asked: range, options: RunOptions, judging: Judging) -> StoppingRule | None:
    """Return what stops the run early, if asked for; refuse what the careful test cannot judge."""
    if options.careful:
        from bakeoff.study.verdicts import check_careful

        check_careful(study, judging)
    if not options.until_decided:
        return None
    only, margin, careful = options.only, options.margin, options.careful
    return StoppingRule(study, asked, only=only, margin=margin, careful=careful)


def _planned(study: Study, asked: range) -> range:
    """Return what a first run plans: the rounds asked for, if they can decide anything.

    A smaller number is a look at whether all works, and no plan: the study's own then stands.
    """
    if len(asked) >= study.rounds:
        return asked
    from bakeoff.statistics.power import rounds_to_reach
    from bakeoff.study.verdicts import questions

    enough = len(asked) >= rounds_to_reach(ALPHA, max(1, len(questions(study))))
    return asked if enough else range(study.rounds)
