"""The store is moved, removed, replaced, truncated or overwritten while a run writes to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from case import Case, recovered
from trial import REFUSED, trial

PROMISED = "the run ends in a sentence; what is kept lies in a store beside it, to be merged"
OTHERS = "a shopping list\n"


def move(store: Path) -> None:
    """Give it another name, as one puts a result aside; its log stays."""
    store.rename(store.with_name("aside"))


def remove(store: Path) -> None:
    """Remove it with its log."""
    for path in store.parent.glob(f"{store.name}*"):
        path.unlink()


def replace(store: Path) -> None:
    """Put another file in its place."""
    other = store.with_name("other")
    other.write_text(OTHERS)
    other.replace(store)


def truncate(store: Path) -> None:
    """Make it empty, as a redirected output does."""
    store.write_bytes(b"")


def overwrite(store: Path) -> None:
    """Copy another file over it."""
    other = store.with_name("other")
    other.write_text(OTHERS)
    shutil.copyfile(other, store)


MOMENTS: tuple[tuple[str, Callable[[Path], None], str], ...] = (
    ("moved", move, "was moved or removed"),
    ("removed", remove, "was moved or removed"),
    ("replaced", replace, "was replaced by another file"),
    ("truncated", truncate, "was truncated or overwritten"),
    ("overwritten", overwrite, "was truncated or overwritten"),
)


def at(
    moment: str, harm: Callable[[Path], None], words: str, *, made_up: bool | None = None
) -> Case:
    """Do that to the store when two results are kept; then merge what the run has saved."""
    with trial(made_up=made_up) as one:
        parent = one.start(hold="keep begins", nth=3)
        harm(one.store)
        standing = one.store.read_bytes() if one.store.exists() else None
        one.release()
        ended = one.ends(parent, REFUSED, words, "store.saved.sqlite")
        still = one.store.read_bytes() if one.store.exists() else None
        one.promise(still == standing, "what stands in the store's place was changed")
        one.store.unlink(missing_ok=True)
        saved = one.store.with_name("store.saved.sqlite")
        if one.made_up:
            saved.rename(one.store)  # a merge would not believe made-up keys
        else:
            one.ends(one.command("merge", str(one.store), str(saved)), 0)
        return recovered(one, "store taken away", moment, ended.words(), PROMISED)


def cases() -> Iterator[Case]:
    """Try every kind."""
    for moment in MOMENTS:
        yield at(*moment)
