"""The clock is set back by a day, in the midst of a run and between two runs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from case import Case, settled
from trial import STUDY, trial

DAY = 86400
IGNORED = "nothing is lost, and the last study run is still the last one"


def in_the_midst(*, made_up: bool | None = None) -> Case:
    """Set the clock back while a run goes on, and run another study after it."""
    with trial(made_up=made_up) as one:
        parent = one.start(hold="keep begins", nth=3)
        one.strike()
        (one.folder / "clock").write_text(str(-DAY))
        one.release()
        ended = one.ends(parent, 0)
        one.promise(one.count("train begins") == one.tasks, "a round was trained twice")
        last = one.folder / "last.toml"
        last.write_text(STUDY.format(rounds=1).replace('"faults"', '"last"'))
        other = one.command("run", last.name, "--store", str(one.store), "--workers", "1")
        one.ends(other, 0)
        listed = one.command("studies", "--store", str(one.store), "--format", "json")
        names = [each["study"] for each in json.loads(one.ends(listed, 0).out)["kept"]]
        one.promise(names == ["last", "faults"], f"the studies stand in the order {names}")
        return settled(
            one, "clock set back", "by a day, between two results", ended.words(), IGNORED
        )


def cases() -> Iterator[Case]:
    """Try it."""
    yield in_the_midst()
