"""Scores per epoch, mean and standard deviation, test and train; or against a sweep's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bakeoff.report.figures.style import INK, MUTED, colour_of, marker_of, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Rows = NDArray[np.float64]
DASHED: MappingProxyType[str, Any] = MappingProxyType({"ls": (0, (4, 2)), "linewidth": 1.2})


@frozen(eq=False)
class Band:
    """A curve over several rounds."""

    epochs: NDArray[np.int64]  # (epochs,) int64, counted from 1
    mean: NDArray[np.float64]  # (epochs,) float64
    # (epochs,) float64, the sample standard deviation; NaN for a single round.
    std: NDArray[np.float64]

    @classmethod
    def of(cls, epochs: Sequence[int], curves: Sequence[Sequence[float]]) -> Band:
        """Return the band of some rounds' curves, each as long as `epochs`."""
        values = np.asarray(curves, dtype=np.float64).reshape(len(curves), len(epochs))
        spread = values.std(0, ddof=1) if len(values) > 1 else np.full(len(epochs), np.nan)
        return cls(np.asarray(epochs), values.mean(0), spread)


@frozen(eq=False)
class Competitor:
    """One competitor's two curves."""

    name: str  # what to call it
    place: int  # its place in the study, which gives its colour
    test: Band  # accuracy on the test set, in percent; or another metric in its unit
    train: Band  # its running mean in training


def draw_curves(competitors: Sequence[Competitor], axis: str = "accuracy, %") -> Figure:
    """Return the figure. The parts of the competitor in place i have identities `series-i-...`.

    Its height is that of the curves after the first fifth of the epochs, in which they rise.
    """
    from matplotlib.lines import Line2D

    figure = new_figure(7.2, 3.9)
    axes = figure.add_subplot()
    for competitor in competitors:
        _draw(axes, competitor)
    last = max((int(c.train.epochs[-1]) for c in competitors if len(c.train.epochs)), default=1)
    late = [
        band.mean[band.epochs > last / 5] + sign * np.nan_to_num(band.std)[band.epochs > last / 5]
        for c in competitors
        for band in (c.test, c.train)
        for sign in (-1, 1)
    ]
    if (ends := np.hstack([*late, np.empty(0)])).size and (size := float(np.ptp(ends))):
        axes.set_ylim(ends.min() - 0.05 * size, ends.max() + 0.05 * size)
    handles = [
        *(Line2D([], [], color=colour_of(c.place), label=short(c.name)) for c in competitors),
        Line2D([], [], color=MUTED, label="test"),
        Line2D([], [], color=MUTED, label="train", **DASHED),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
    axes.set_xlim(1 if last > 1 else 0.5, max(last, 1.5))
    axes.set_xlabel("epoch")
    axes.set_ylabel(axis)
    axes.locator_params(axis="x", integer=True)
    axes.grid(axis="y")
    return figure


def draw_sweep(
    lines: Mapping[str, Rows], level: float, base: str, named: tuple[str, str], width: float
) -> Figure:
    """Return mean scores against a factor's values, with the differences to a level as bands.

    Each line is (values, 6) float64, ascending: the value, the mean, its interval, and the interval
    of the difference to the level, added to it. The level, `base`, is a dashed line.
    """
    from matplotlib.transforms import ScaledTranslation

    figure = new_figure(width, 0.62 * width)
    axes = figure.add_subplot()
    axes.axhline(level, color=INK, label=short(base), **DASHED)
    for i, (name, line) in enumerate(lines.items()):
        (at, mean, low, high, *band), colour = line.T, colour_of(i)
        axes.fill_between(at, *band, color=colour, alpha=0.17, linewidth=0, gid=f"sweep-{i}-band")
        # A little aside, so that no line's intervals hide another's.
        aside = ScaledTranslation((i - (len(lines) - 1) / 2) / 24, 0, figure.dpi_scale_trans)
        how: dict[str, Any] = {"color": colour, "transform": axes.transData + aside}
        axes.plot(at, mean, f"{marker_of(i)}-", markersize=4.4, label=name, **how)
        axes.plot([at, at], [low, high], **how)
    ticks = np.unique(np.concatenate([line[:, 0] for line in lines.values()]))
    if 0 < 4 * ticks[0] <= ticks[-1]:
        axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set(xlabel=named[0], ylabel=named[1])
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _draw(axes: Any, competitor: Competitor) -> None:
    colour = colour_of(competitor.place)
    few = "o" if len(competitor.test.epochs) == 1 else None
    plain: Mapping[str, Any] = {}
    kinds = (("test", competitor.test, 0.17, plain), ("train", competitor.train, 0.09, DASHED))
    for kind, band, alpha, _ in kinds:
        std = np.nan_to_num(band.std)
        gid = f"series-{competitor.place}-{kind}-band"
        axes.fill_between(
            band.epochs,
            band.mean - std,
            band.mean + std,
            color=colour,
            alpha=alpha,
            linewidth=0,
            gid=gid,
        )
    for kind, band, _, dashes in kinds:
        gid = f"series-{competitor.place}-{kind}"
        axes.plot(band.epochs, band.mean, marker=few, color=colour, gid=gid, **dashes)
