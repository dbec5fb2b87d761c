"""The store cannot be written to: it lies on a read-only disk, or is somebody else's."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from case import Case, NotHereError, not_here, recovered
from mounts import remount, small_disk
from trial import REFUSED, STOPPED, Trial, trial

REFUSES = "run refuses before it trains; show tells every kept round; no byte is changed"


@contextmanager
def protectable() -> Iterator[tuple[Trial, Callable[[bool], None]]]:
    """Give a trial and what makes its store read-only, or writable again."""
    with trial() as one, ExitStack() as stack:
        folder = one.store.parent
        if os.geteuid() == 0:  # whom no permission stops
            stack.enter_context(small_disk(folder))
        yield one, lambda on: _protect(folder, on)


def _protect(folder: Path, on: bool) -> None:
    if os.geteuid() == 0:
        remount(folder, "ro" if on else "rw")
        return
    folder.chmod(0o555 if on else 0o755)
    for file in folder.iterdir():
        file.chmod(0o444 if on else 0o644)


def at(moment: str, hold: str, nth: int, *, killed: bool) -> Case:
    """Stop a run at a step, write-protect its store, and use it."""
    with protectable() as (one, protect):
        parent = one.start(hold=hold, nth=nth)
        parent.send_signal(signal.SIGKILL if killed else signal.SIGINT)
        one.release()
        one.ends(parent, -signal.SIGKILL if killed else STOPPED)
        kept, trained = one.rows(), one.count("train begins")
        protect(True)
        before = _content(one.store.parent)
        refused = one.ends(one.start(), REFUSED, "store.sqlite: cannot be written")
        one.promise(one.count("train begins") == trained, "it trained before it refused")
        show = one.command("show", "--format", "json", "--store", str(one.store))
        shown = one.ends(show, 0)
        one.promise(_rounds(shown.out) == len(kept), f"show told {_rounds(shown.out)} rounds")
        one.promise(_content(one.store.parent) == before, "the store was changed")
        protect(False)
        return recovered(one, "read-only store", moment, f"run: {refused.words()}", REFUSES)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _rounds(document: str) -> int:
    """Return how many rounds are in what `show --format json` wrote."""
    try:
        return sum(len(each["rounds"]) for each in json.loads(document)["competitors"])
    except (ValueError, KeyError, TypeError):
        return -1


def cases() -> Iterator[Case]:
    """Try a store that was closed, and one whose run was killed."""
    try:
        yield at("after a run that was stopped", "keep ended", 4, killed=False)
        yield at("after a run that was killed", "keep ended", 4, killed=True)
    except NotHereError as error:
        yield not_here(error, "read-only store", "on a read-only tmpfs", REFUSES)
