"""How cost grows with the batch, the width of the layers and the number of rounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bakeoff.bench.measure import Measured
from bakeoff.bench.work import Work

GROWTH = "growth"
_DISK_RIVALS = ("pytorch-eager", "torch-stacked", "jax-vmap-scan")
_STEPS = 10


@dataclass(frozen=True)
class Axis:
    """One number that grows while the others stay.

    Attributes:
        name: of the axis, as in "disk-width".
        title: what people read.
        unit: what a time is given for.
        works: by value, in growing order.
    """

    name: str
    title: str
    unit: str
    works: tuple[tuple[int, Work], ...]


def _disk(axis: str, value: int, *, rounds: int = 1, batch: int = 50, width: int = 25) -> Work:
    return Work(
        f"disk-{axis}-{value}",
        f"disk network, {axis} {value}",
        "train",
        "disk",
        _DISK_RIVALS,
        rounds=rounds,
        batch=batch,
        width=width,
        steps=_STEPS,
    )


def _model2(batch: int) -> Work:
    name, title = f"model2-batch-{batch}", f"model 2, batch {batch}"
    rivals = ("pytorch-eager", "pytorch-channels-last", "jax-jit")
    return Work(name, title, "train", "model2", rivals, batch=batch, steps=4)


AXES = (
    Axis(
        "disk-batch",
        "disk network, points a step",
        "step",
        tuple((n, _disk("batch", n, batch=n)) for n in (10, 50, 250, 1000)),
    ),
    Axis(
        "disk-width",
        "disk network, hidden units a layer",
        "step",
        tuple((n, _disk("width", n, width=n)) for n in (10, 25, 100, 400)),
    ),
    Axis(
        "disk-rounds",
        "disk network, rounds in lockstep",
        "step of one round",
        tuple((n, _disk("rounds", n, rounds=n)) for n in (1, 3, 10, 30, 100)),
    ),
    Axis(
        "model2-batch",
        "model 2, pairs a step",
        "step",
        tuple((n, _model2(n)) for n in (10, 50, 250, 1000)),
    ),
)


@dataclass(frozen=True)
class Curve:
    """An axis, measured.

    Attributes:
        axis: the axis.
        points: what was measured at each value of the axis.
    """

    axis: Axis
    points: tuple[tuple[int, Measured], ...]

    def seconds(self, contender: str) -> list[tuple[int, float]]:
        """Return a contender's minimum, in seconds a unit, by value, where it was measured."""
        return [
            (value, found.timings[contender].minimum)
            for value, found in self.points
            if contender in found.timings
        ]

    @property
    def contenders(self) -> tuple[str, ...]:
        """Those that were measured anywhere, ours first."""
        names: dict[str, None] = {}
        for _, found in self.points:
            names |= dict.fromkeys(found.timings)
        return tuple(names)


def curve(axis: Axis, measured: Iterable[Measured]) -> Curve:
    """Return an axis with what was measured at its values, in their order."""
    values = (value for value, _ in axis.works)
    return Curve(axis, tuple(zip(values, measured, strict=True)))
