"""The disk is full: a small file system of its own, filled to the last byte."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case, NotHereError, not_here, recovered
from mounts import fill, small_disk
from trial import REFUSED, Trial, trial

PROMISED = "the run ends in a sentence; what is kept stays; with room again it goes on"
MOMENTS = (
    ("while the store is made", "open begins", 1),
    ("while the study is noted", "record: BEGIN", 1),
    ("while a task is claimed", "claim: BEGIN", 4),
    ("while a result is kept", "keep: INSERT rounds", 2),
    ("at the commit of it", "keep: COMMIT", 4),
)


@contextmanager
def on_a_small_disk() -> Iterator[Trial]:
    """Give a trial whose store is on a small file system."""
    with trial() as one, small_disk(one.store.parent):
        yield one


def at(moment: str, hold: str, nth: int) -> Case:
    """Fill the disk while the run is at a step."""
    with on_a_small_disk() as one:
        parent = one.start(hold=hold, nth=nth)
        filler = fill(one.store.parent)
        one.release()
        ended = one.ends(parent, REFUSED, "store.sqlite: cannot be written")
        filler.unlink()
        return recovered(one, "disk full", moment, ended.words(), PROMISED)


def while_json_is_written() -> Case:
    """Fill the disk before the rounds are written to a JSON file; the one that stood stays."""
    with on_a_small_disk() as one:
        file = one.store.parent / "out.json"
        file.write_text("before")
        parent = one.start("--json", str(file), hold="json begins")
        filler = fill(one.store.parent)
        one.release()
        ended = one.ends(parent, REFUSED, "out.json: cannot be written")
        one.promise(file.read_text() == "before", "the file that stood is gone")
        filler.unlink()
        file.unlink()
        return recovered(one, "disk full", "while --json is written", ended.words(), PROMISED)


def file_too_large() -> Case:
    """Have the kernel refuse to let the store's files grow, which needs no rights to mount."""
    with trial() as one:
        parent = one.start(hold="keep: INSERT rounds", nth=2)
        most = max(path.stat().st_size for path in one.store.parent.iterdir())
        resource.prlimit(parent.pid, resource.RLIMIT_FSIZE, (most, most))
        one.release()
        ended = one.ends(parent, REFUSED, "store.sqlite: cannot be written")
        return recovered(one, "disk full", "a limit on the file's size", ended.words(), PROMISED)


def cases() -> Iterator[Case]:
    """Try every moment."""
    yield file_too_large()
    try:
        for moment in MOMENTS:
            yield at(*moment)
        yield while_json_is_written()
    except NotHereError as error:
        yield not_here(error, "disk full", "on a full tmpfs", PROMISED)
