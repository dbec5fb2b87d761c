"""A case: one fault at one moment, what was promised, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from attrs import field, frozen
from trial import WORKERS, Trial, trial

KEPT = "nothing kept is lost; the same command goes on"


class NotHereError(RuntimeError):
    """This machine does not let the fault be made; says why."""


@frozen(kw_only=True)
class Case:
    """A fault at a moment, and what became of it.

    Attributes:
        fault: the fault.
        moment: when it struck.
        promised: what bakeoff promises then.
        happened: how the run ended.
        kept: rounds that stood in the store after the fault.
        lost: rounds that had been kept and did not stand any more.
        in_flight: rounds that were being trained, and had to be trained again.
        same: whether in the end all rounds were those of an undisturbed run, bit for bit.
        broken: the promises that were broken, in words.
        not_here: why the fault could not be made on this machine; then nothing else holds.
    """

    fault: str
    moment: str
    promised: str
    happened: str = ""
    kept: int = 0
    lost: int = 0
    in_flight: int = 0
    same: bool = False
    broken: Iterable[str] = field(default=(), converter=tuple)
    not_here: str = ""

    @property
    def passed(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken and not self.not_here


def not_here(error: NotHereError, fault: str, moment: str, promised: str) -> Case:
    """Tell that a fault cannot be made on this machine."""
    return Case(fault=fault, moment=moment, promised=promised, not_here=str(error))


@cache
def undisturbed(
    rounds: int, study: str, network: str, made_up: bool
) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the rounds of a run that nothing happens to."""
    with trial(rounds, study=study, network=network, made_up=made_up) as one:
        one.ends(one.start(), 0)
        if one.broken:
            raise RuntimeError(f"the undisturbed run failed: {one.broken}")
        return one.rows()


def recovered(
    one: Trial, fault: str, moment: str, happened: str, promised: str = KEPT, *, faults: int = 1
) -> Case:
    """Give the command again without the fault, and tell what became of the trial.

    It has one worker then, not two: that may change no bit, and begins sooner. Each fault may have
    cut off as many rounds as there were workers.
    """
    one.strike()
    kept, begun = one.struck
    cut_off, most = begun - kept, faults * WORKERS
    one.promise(cut_off <= most, f"{cut_off} rounds were cut off, at most {most} were in flight")
    one.ends(one.start("--workers", "1"), 0)
    trained, missing = one.count("train begins") - begun, one.tasks - kept
    one.promise(trained == missing, f"{trained} rounds were trained then, {missing} were missing")
    return settled(one, fault, moment, happened, promised)


def settled(one: Trial, fault: str, moment: str, happened: str, promised: str) -> Case:
    """Tell what became of a trial that has come to its end; see `Case`."""
    lost, rows = one.lost(), one.rows()
    same = rows == undisturbed(one.rounds, one.study, one.network, one.made_up)
    one.promise(lost == 0, f"{lost} kept rounds were lost")
    one.promise(same, "the rounds are not those of an undisturbed run")
    one.promise(one.claims() == 0, "claims are left")
    left = sorted(path.name for path in one.store.parent.glob(f"{one.store.name}?*"))
    one.promise(not left, f"files are left: {', '.join(left)}")
    kept, begun = one.struck
    return Case(
        fault=fault,
        moment=moment,
        promised=promised,
        happened=happened,
        kept=kept,
        lost=lost,
        in_flight=begun - kept,
        same=same,
        broken=one.broken,
    )
