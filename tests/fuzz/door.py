"""A door of bakeoff, a case that is brought to it, and what came of it.

A door is any place where content arrives that bakeoff did not make: a file, a command line, a
request. Each case must either be taken or be refused with one of `bakeoff.errors`, whose sentence a
terminal can show; and soon, and without more memory than `MOST_MEMORY`.
"""

import resource
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        title: what comes in, for a table.
        make: draws a case: a valid one, mostly, that was damaged. Its argument draws as
            `random.Random` does, but Hypothesis chooses, and makes what fails as simple as it can.
        enter: brings a case in; True if it was taken, a `BakeoffError` or False if refused.
            Anything else that it raises is a fault.
    """

    title: str
    make: Callable[[Any], Any]
    enter: Callable[[Any], bool]


@dataclass(frozen=True)
class Outcome:
    """What came of a case: taken or not, seconds of the processor, and what is wrong, or ""."""

    accepted: bool
    seconds: float
    fault: str = ""


class Unmet(Exception):
    """A promise about a case was broken; for doors that look further than at what is raised."""


class TooLong(BaseException):  # no Exception, so that nothing on the way takes it for one
    """A case took more than `MOST_SECONDS`."""


def attempt(door, case):
    """Bring a case to a door, within limits of time and memory; a warning is a fault, too."""
    accepted, fault = False, ""
    with limited():
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        try:
            accepted = door.enter(case)
        except BakeoffError as error:
            fault = fault_of(str(error))
        except (Exception, SystemExit, TooLong) as error:  # noqa: BLE001 - all others are faults
            fault = f"{type(error).__name__}: {error}"[:300]
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        seconds = time.process_time() - started
    return Outcome(accepted, seconds, fault)


def fault_of(sentence):
    """Return what is wrong with an error's sentence, or ""."""
    if not sentence.strip():
        return "an error without a sentence"
    if not sentence.isprintable():
        return f"a sentence that drives the terminal or breaks the line: {sentence[:200]!r}"
    if len(sentence) > LONGEST_SENTENCE:
        return f"a sentence of {len(sentence)} characters: {sentence[:200]!r}"
    return ""


@contextmanager
def limited():
    def stop(number, frame):
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
