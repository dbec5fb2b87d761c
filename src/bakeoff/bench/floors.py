"""What is promised: by how much we are to be faster, at least and if possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bakeoff.bench.measure import Measured, Row


@dataclass(frozen=True)
class Floor:
    """A promise about one rival at one piece of work.

    Attributes:
        work: name of the work.
        rival: name of the rival.
        least: the ratio of minima that must be reached.
        aim: the one to aim for.
    """

    work: str
    rival: str
    least: float
    aim: float


FLOORS = (
    Floor("model1-step", "pytorch-eager", 2.5, 4.0),
    Floor("model2-step", "pytorch-eager", 2.5, 4.0),
    Floor("model4-step", "pytorch-eager", 0.9, 1.5),
    Floor("disk-step", "pytorch-eager", 4.0, 6.0),
    Floor("disk-30", "pytorch-eager", 15.0, 40.0),
    Floor("disk-30", "torch-vmap-grad", 2.0, 4.0),
    Floor("disk-30", "torch-stacked", 1.25, 2.0),
    Floor("disk-30", "jax-vmap-scan", 1.25, 1.6),
    Floor("ablation", "pytorch-loop", 4.0, 6.0),
    Floor("ablation", "pytorch-two-workers", 2.0, 3.0),
)


def floor_of(work: str, rival: str) -> Floor | None:
    """Return what is promised about a rival at a piece of work, if anything."""
    return next((f for f in FLOORS if (f.work, f.rival) == (work, rival)), None)


def broken(measured: Iterable[Measured]) -> tuple[str, ...]:
    """Return a sentence for each promise that was not kept, or could not be seen to be kept.

    Only the pieces of work that were measured count. A rival that could not be measured breaks its
    promise: a check that quietly checks nothing protects nothing.
    """
    sentences = []
    for one in measured:
        rows = {row.rival: row for row in one.rows()}
        for floor in (f for f in FLOORS if f.work == one.work.name):
            told = _broken(floor, rows.get(floor.rival), one.missing.get(floor.rival, ""))
            sentences += [told] if told else []
    return tuple(sentences)


def _broken(floor: Floor, row: Row | None, why: str) -> str:
    where = f"{floor.work} against {floor.rival}"
    if row is None:
        return f"{where}: not measured ({why or 'left out'}), expected at least {floor.least:g}×"
    if row.ratio_of_minima < floor.least:
        return f"{where}: got {row.ratio_of_minima:.2f}×, expected at least {floor.least:g}×"
    return ""
