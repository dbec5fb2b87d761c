"""What `bakeoff tune` says on stderr: each pass over the grid, and how far it is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from bakeoff.cli.console import say
from bakeoff.cli.progress import Bar, Lines, RoundsDone, progress
from bakeoff.cli.run_progress import tell_code
from bakeoff.study.record import Records
from bakeoff.study.run import Listener
from bakeoff.study.spec import Study


class Passes:
    """Listens to a search; used as a context manager, which takes the bar away in the end.

    Args:
        notes: where to tell.
        store: where rounds are kept.
    """

    def __init__(self, notes: Console, store: Path) -> None:
        self._notes, self._store = notes, store
        self._done: list[RoundsDone] = []
        self._shown: Bar | Lines | None = None

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def listener(self, candidates: Study) -> Listener:
        """Return the listener of a pass over these candidates."""
        self.stop()
        self._candidates = candidates
        return Listener(
            on_code=lambda files: tell_code(self._notes, files),
            on_start=self._start,
            on_results=self._results,
            on_waiting=lambda sentence: say(self._notes, f"{candidates.name}: {sentence}"),
        )

    def stop(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._shown.stop()
            self._shown = None

    def sentence(self) -> str:
        """Return how far the search is, in words."""
        total = sum(done.total for done in self._done)
        if total == 0:
            return "before any round began"
        done = sum(done.done for done in self._done)
        return f"{done} of {total} rounds finished so far, kept in {self._store}"

    def _start(self, total: int, standing: Records) -> None:
        done = RoundsDone(total, standing)
        wider = "going further for all, " if self._done else ""
        say(
            self._notes,
            f"{self._candidates.name}: {wider}{len(self._candidates.competitors)} settings, "
            f"{total} rounds in all, {len(standing)} of them in {self._store}",
        )
        self._done.append(done)
        if done.done < total:
            self._shown = progress(self._notes, done)
            self._shown.start()

    def _results(self, results: Records) -> None:
        if self._shown:
            self._shown.add(results)
