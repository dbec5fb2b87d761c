"""The steps of a run, logged as they happen; a run can be held at one of them.

A step is a line of the file `log` in the folder that the environment names: the process, the step,
and what it was about. Appending is atomic, so parents and workers share the log.

A file `hold` there names a step and how often it must come: the process that comes to it then tells
its number in a file `held` and waits for a file `go`. Whoever holds it can meanwhile kill it, press
Ctrl-C, fill the disk or whatever the fault is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from bakeoff.study.experiment import Experiment, Key
from bakeoff.study.record import Record, Records
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

FOLDER = "BAKEOFF_FAULTS"
"""The variable of the environment that names the folder."""
PATIENCE = 600.0
"""Seconds after which something does not happen any more, on the busiest machine."""


def folder() -> Path:
    """Return the folder of the log."""
    return Path(os.environ[FOLDER])


def step(name: str, about: str = "") -> None:
    """Log a step of this process, and wait there if it is to be held."""
    _write("log", os.O_APPEND, f"{os.getpid()}\t{name}\t{about}\n")
    with suppress(FileNotFoundError, FileExistsError):
        at, _, nth = (folder() / "hold").read_text().partition("\t")
        if at == name and count(folder(), name) >= int(nth):
            # Of several processes that come to the step, the first one alone can make this file.
            _write("held", os.O_EXCL, f"{os.getpid()}\n")
            deadline = time.monotonic() + PATIENCE
            while not (folder() / "go").exists() and time.monotonic() < deadline:
                time.sleep(0.005)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something to come true.

    Raises:
        TimeoutError: if it does not.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.02)


def log(folder: Path) -> list[list[str]]:
    """Return the steps so far: process, step, what it was about."""
    path = folder / "log"
    return [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []


def count(folder: Path, name: str) -> int:
    """Return how often a step came so far, in any process."""
    return sum(step[1] == name for step in log(folder))


def _write(name: str, flag: int, text: str) -> None:
    descriptor = os.open(folder() / name, os.O_WRONLY | os.O_CREAT | flag)
    os.write(descriptor, text.encode())
    os.close(descriptor)


@frozen
class Stepped:
    """An experiment whose begin and end are steps; goes to the workers."""

    inner: Experiment

    @property
    def key(self) -> Key:
        """The inner one's."""
        return self.inner.key

    @property
    def rounds_per_group(self) -> int:
        """The inner one's."""
        return self.inner.rounds_per_group

    def run(self, rounds: range) -> Records:
        """Make a group of rounds."""
        about = f"{self.key.text[:6]} {rounds[0] // self.rounds_per_group}"
        step("train begins", about)
        results = self.inner.run(rounds)
        step("train ended", about)
        return results


@frozen
class MadeUp:
    """Records as large as real ones, after some milliseconds or at once, without torch."""

    study: NetworkStudy
    at_once: bool = False

    @property
    def key(self) -> Key:
        """One that needs no sources."""
        return Key("{}", self.study.networks[0].name, "embedded")

    @property
    def rounds_per_group(self) -> int:
        """As of a network."""
        return self.study.networks[0].recipe.rounds_per_group or 1

    def run(self, rounds: range) -> Records:
        """Make a group of rounds."""
        competitor = self.study.networks[0]
        group = rounds[0] // self.rounds_per_group
        if not self.at_once:
            time.sleep(0.01 + (group * 7 + len(competitor.name)) % 5 / 100)
        return tuple(_record(self.study, competitor, r) for r in rounds)


def made_up(study: NetworkStudy, *, at_once: bool = False) -> dict[str, MadeUp]:
    """Return who makes up each competitor's records."""
    return {name: MadeUp(study.only([name]), at_once) for name in study.competitor_names}


def _record(study: NetworkStudy, competitor: NetworkCompetitor, r: int) -> Record:
    curves = {
        "train_loss": (r / 7,) * competitor.recipe.epochs,
        "train_accuracy": (r % 11 / 11,) * competitor.recipe.epochs,
        "test_accuracy": ((r % 5 + len(competitor.name)) / 100,)
        * len(competitor.recipe.evaluated_epochs()),
    }
    attached = {"predictions": bytes([r % 2] * study.test_size)}
    return Record(
        competitor=competitor.name,
        round=r,
        seed=study.seed,
        scores={name: curve[-1] for name, curve in curves.items()},
        curves=curves,
        seconds=0.5,
        facts={"parameters": len(competitor.name)},
        attachments=attached | ({"weights": bytes(1000)} if r == 0 else {}),
    )
