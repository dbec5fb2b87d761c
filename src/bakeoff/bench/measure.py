"""Timings, ratios, rows: plain numbers that know nothing of how they were taken."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from bakeoff.bench.work import OURS, RIVALS, Work


@dataclass(frozen=True)
class Timing:
    """Samples of one contender at one piece of work.

    Attributes:
        samples: seconds a unit of work, in the order taken, at least one.
        start_seconds: seconds until the first result: making it, capture or compilation, first
            call.
    """

    samples: tuple[float, ...]
    start_seconds: float

    @property
    def minimum(self) -> float:
        """Seconds a unit at best: what the work costs when nothing else disturbs it."""
        return min(self.samples)

    @property
    def median(self) -> float:
        """Seconds a unit, typically."""
        return median(self.samples)


@dataclass(frozen=True)
class Row:
    """One rival beside us.

    Attributes:
        work: name of the work.
        rival: name of the rival.
        ours_seconds: our minimum, seconds a unit.
        rival_seconds: the rival's minimum.
        ratio_of_minima: how many times faster we are, by the minima.
        ratio_of_medians: and by the medians.
    """

    work: str
    rival: str
    ours_seconds: float
    rival_seconds: float
    ratio_of_minima: float
    ratio_of_medians: float


@dataclass(frozen=True)
class Measured:
    """What was measured of one piece of work.

    Attributes:
        work: the work.
        timings: by contender; ours is always there.
        missing: why a rival could not be measured, by rival.
        flops: operations in the matrix products of a unit; None where they are not counted.
    """

    work: Work
    timings: dict[str, Timing]
    missing: dict[str, str]
    flops: int | None = None

    def rows(self) -> tuple[Row, ...]:
        """Return a row for each rival that was measured, in the work's order."""
        ours = self.timings[OURS]
        return tuple(
            Row(
                self.work.name,
                rival,
                ours.minimum,
                theirs.minimum,
                theirs.minimum / ours.minimum,
                theirs.median / ours.median,
            )
            for rival in self.work.rivals
            if (theirs := self.timings.get(rival)) is not None
        )

    def share_of_peak(self, contender: str, peak: float) -> float | None:
        """Return which share of the peak, in operations a second, a contender reaches at best."""
        if self.flops is None:
            return None
        return self.flops / self.timings[contender].minimum / peak


def title_of(contender: str) -> str:
    """Return what people read for a contender."""
    return RIVALS[contender]
