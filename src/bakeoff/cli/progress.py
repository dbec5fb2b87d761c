"""How far a run is: a live bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bakeoff.study.record import Records

SECONDS_BETWEEN_LINES = 15.0


class RoundsDone:
    """Counts finished rounds and estimates the time left.

    Args:
        total: how many rounds there are to be.
        standing: those that stood already; they say nothing about the pace.
        clock: gives seconds since some fixed moment.
    """

    def __init__(
        self, total: int, standing: Records = (), clock: Callable[[], float] = monotonic
    ) -> None:
        self.total, self._clock, self._began = total, clock, clock()
        self.finished: Counter[str] = Counter()
        self.add(standing)
        self._standing = len(standing)

    def add(self, results: Records) -> None:
        """Count a group's rounds."""
        self.finished.update(result.competitor for result in results)

    @property
    def done(self) -> int:
        """How many rounds are finished."""
        return self.finished.total()

    def time_left(self) -> str:
        """Return the time left at the mean pace so far, in words; empty where none can be told."""
        trained = self.done - self._standing
        if trained == 0 or self.done >= self.total:
            return ""
        left = (self._clock() - self._began) / trained * (self.total - self.done)
        return f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left"

    def sentence(self) -> str:
        """Return what is finished, in words."""
        each = ", ".join(f"{name} {count}" for name, count in dict(self.finished).items())
        return f"{self.done} of {self.total} rounds finished" + (f" ({each})" if each else "")


class Bar:
    """A live bar, for a terminal."""

    def __init__(self, console: Console, done: RoundsDone) -> None:
        self._done = done
        self._bar = Progress(
            TextColumn("{task.completed} of {task.total} rounds"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("rounds", total=done.total, completed=done.done, left="")

    def start(self) -> None:
        """Show the bar."""
        self._bar.start()

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def add(self, results: Records) -> None:
        """Show a group's rounds as finished."""
        self._done.add(results)
        self._bar.update(self._task, completed=self._done.done, left=self._done.time_left())


class Lines:
    """A line now and then, for a log."""

    def __init__(
        self, console: Console, done: RoundsDone, clock: Callable[[], float] = monotonic
    ) -> None:
        self._console, self._done, self._clock = console, done, clock
        self._told = clock()

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""

    def add(self, results: Records) -> None:
        """Count a group's rounds, and tell if the last line is some time ago."""
        self._done.add(results)
        now = self._clock()
        if now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            left = self._done.time_left()
            tail = f", {left}" if left else ""
            self._console.print(f"{self._done.done} of {self._done.total} rounds finished{tail}")


def progress(console: Console, done: RoundsDone) -> Bar | Lines:
    """Return what suits the console."""
    lively = console.is_terminal and not console.is_dumb_terminal
    return Bar(console, done) if lively else Lines(console, done)


@contextmanager
def steps_bar(console: Console, total: int, what: str) -> Iterator[Callable[[str], None]]:
    """Give a function to call after each step, with what to show; a terminal shows a bar.

    Args:
        console: where; nothing is shown on anything but a lively terminal.
        total: how many steps there are to be.
        what: what is counted, before the number.
    """
    with Progress(
        TextColumn(what),
        MofNCompleteColumn(),
        BarColumn(bar_width=30),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[told]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal or console.is_dumb_terminal,
    ) as bar:
        task = bar.add_task(what, total=total, told="")
        yield lambda told: bar.update(task, advance=1, told=told)
