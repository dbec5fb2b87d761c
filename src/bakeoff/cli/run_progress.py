"""What a run says on stderr: what it is about to do, and how far it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console

from bakeoff.cli.console import say
from bakeoff.cli.progress import Bar, Lines, RoundsDone, progress
from bakeoff.study.command import CommandStudy
from bakeoff.study.record import Records
from bakeoff.study.run import Listener, Outcome, Prepare, RunOptions, run_study
from bakeoff.study.spec import Study
from bakeoff.study.workers import Pool
from bakeoff.training.trainers import TRAINERS

if TYPE_CHECKING:
    from bakeoff.training.fit_check import Choice


class Telling:
    """Listens to a run; used as a context manager, which takes the bar away in the end.

    Args:
        notes: where to tell.
        study: the study, or the part of it that is run.
        store: where rounds are kept; None if they are not.
        workers: how many rounds are trained at a time.
        commands: whether to tell the commands that are run.
    """

    def __init__(
        self,
        notes: Console,
        study: Study,
        store: Path | None,
        workers: int,
        *,
        commands: bool = False,
    ) -> None:
        self._notes, self._study, self._store, self._workers = notes, study, store, workers
        self._commands = commands
        self.done = RoundsDone(0)
        self._shown: Bar | Lines | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._shown.stop()
            self._shown = None

    def run(
        self,
        study: Study,
        options: RunOptions,
        pool: Pool,
        store: Path | None,
        prepare: Prepare | None = None,
    ) -> Outcome:
        """Run a study, telling of it, and stop the pool in the end; arguments as of `run_study`."""
        listener = self.listener()
        try:
            with self:
                return run_study(
                    study, options, store=store, pool=pool, listener=listener, prepare=prepare
                )
        finally:
            pool.stop()

    def listener(self) -> Listener:
        """Return the listener that a run is given."""
        return Listener(
            on_code=lambda files: tell_code(self._notes, files),
            on_choices=self._choices,
            on_start=self._start,
            on_results=self._results,
            on_waiting=lambda sentence: say(self._notes, f"{self._study.name}: {sentence}"),
            on_repeated=self._repeated,
            on_note=lambda sentence: say(self._notes, f"{self._study.name}: {sentence}"),
        )

    def sentence(self) -> str:
        """Return how far the run is, in words."""
        if self.done.total == 0:
            return "before any round began"
        return self.done.sentence() + (f", kept in {self._store}" if self._store else "")

    def _choices(self, choices: dict[str, Choice]) -> None:
        for name, choice in choices.items():
            say(self._notes, f"{name}: trained with {TRAINERS[choice.trainer]}, {choice.why}")

    def _start(self, total: int, standing: Records) -> None:
        if self._commands:
            tell_commands(self._notes, self._study)
        self.done = RoundsDone(total, standing)
        competitors = len(self._study.competitors)
        kept = f", {len(standing)} of them in {self._store}" if self._store else ""
        say(
            self._notes,
            f"{self._study.name}: {competitors} competitor{'s' * (competitors > 1)}, {total} "
            f"rounds in all{kept}",
        )
        self._show()

    def _show(self) -> None:
        if self.done.done < self.done.total:
            self._shown = progress(self._notes, self.done)
            self._shown.start()

    def _results(self, results: Records) -> None:
        if self._shown:
            self._shown.add(results)

    def _repeated(self, results: Records) -> None:
        left = self.done.total - self.done.done
        minutes = left * results[0].seconds / self._workers / 60
        say(
            self._notes,
            f"pre-flight: {results[0].competitor} round {results[0].round} trained twice, the same "
            f"bit for bit; about {max(1, round(minutes))} min for {left} rounds",
        )


class Passes(Telling):
    """Listens to a search, pass after pass over its grid.

    Args:
        notes: where to tell.
        study: the study that is tuned.
        store: where rounds are kept.
        workers: how many rounds are trained at a time.
    """

    _passed: tuple[RoundsDone, ...] = ()

    def over(self, candidates: Study) -> Listener:
        """Return the listener of a pass over these candidates."""
        self.stop()
        self._study = candidates
        return Listener(
            on_code=lambda files: tell_code(self._notes, files),
            on_start=self._start,
            on_results=self._results,
            on_waiting=lambda sentence: say(self._notes, f"{candidates.name}: {sentence}"),
        )

    def sentence(self) -> str:
        """Return how far the search is, in words."""
        total = sum(done.total for done in self._passed)
        if total == 0:
            return "before any round began"
        done = sum(done.done for done in self._passed)
        return f"{done} of {total} rounds finished so far, kept in {self._store}"

    def _start(self, total: int, standing: Records) -> None:
        self.done = RoundsDone(total, standing)
        wider = "going further for all, " if self._passed else ""
        say(
            self._notes,
            f"{self._study.name}: {wider}{len(self._study.competitors)} settings, "
            f"{total} rounds in all, {len(standing)} of them in {self._store}",
        )
        self._passed = (*self._passed, self.done)
        self._show()


def tell_code(notes: Console, files: Mapping[str, Path]) -> None:
    """Say whose code a study is about to run."""
    for name, path in files.items():
        say(notes, f"{name}: runs the Python code of {path}")


def tell_commands(notes: Console, study: Study) -> None:
    """Say which commands a study, perhaps somebody else's, is about to run."""
    if isinstance(study, CommandStudy):
        for line in dict.fromkeys(map(study.line_of, study.competitors)):
            words = line if isinstance(line, str) else shlex.join(line)
            say(notes, f"{study.name}: runs the command {words}")
