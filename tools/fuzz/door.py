"""A door of bakeoff, a case that is brought to it, and what came of it.

A door is any place where content arrives that bakeoff did not make: a file, a command line, a
request. Each case must either be taken or be refused with one of `bakeoff.errors`, whose sentence a
terminal can show; and soon, and without more memory than `MOST_MEMORY`.
"""

from __future__ import annotations

import resource
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NoReturn

from bakeoff.errors import BakeoffError

MOST_SECONDS = 5.0
"""Seconds of the processor that a case may take; the usual one takes a thousandth of that."""
MOST_MEMORY = 1 << 30
"""Bytes of address space that a case may take beyond what the process has already."""
LONGEST_SENTENCE = 4000


@dataclass(frozen=True)
class Door:
    """One door.

    Attributes:
        name: a short word for it.
        title: what comes in, for a table.
        make: draws a case from a stream of random numbers: a valid one, mostly, that was damaged.
        enter: brings a case in; True if it was taken, False or a `BakeoffError` if refused.
            Anything else that it raises is a fault.
    """

    name: str
    title: str
    make: Callable[[Random], Any]
    enter: Callable[[Any], bool]


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        accepted: whether it was taken.
        seconds: of the processor.
        fault: what is wrong with how it was met, or "".
    """

    accepted: bool
    seconds: float
    fault: str = ""


class Unmet(Exception):  # noqa: N818 - a fault of the door, in a door's own words
    """A promise about a case was broken; for doors that look further than at what is raised."""


class TooLong(BaseException):  # no Exception, so that nothing on the way takes it for one
    """A case took more than `MOST_SECONDS`."""


def case_of(door: Door, number: int, seed: int = 0) -> Any:
    """Return a door's case by its number, whichever were made before."""
    return door.make(Random(f"{seed}/{door.name}/{number}"))  # noqa: S311 - no secret


def attempt(door: Door, case: Any) -> Outcome:
    """Bring a case to a door, within the limits that `limited` set."""
    started = time.process_time()
    accepted, fault = False, ""
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        accepted = door.enter(case)
    except BakeoffError as error:
        fault = fault_of(str(error))
    except (Exception, SystemExit, TooLong) as error:  # noqa: BLE001 - all others are faults
        fault = f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Outcome(accepted, time.process_time() - started, fault)


def fault_of(sentence: str) -> str:
    """Return what is wrong with an error's sentence, or ""."""
    if not sentence.strip():
        return "an error without a sentence"
    if not sentence.isprintable():
        return f"a sentence that drives the terminal or breaks the line: {sentence[:200]!r}"
    if len(sentence) > LONGEST_SENTENCE:
        return f"a sentence of {len(sentence)} characters: {sentence[:200]!r}"
    return ""


@contextmanager
def limited() -> Iterator[None]:
    """Limit time and memory of the cases in the body; warnings are faults there, too."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise TooLong(f"more than {MOST_SECONDS:g} seconds")

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGPROF, stop)
    most = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGPROF, handler)
