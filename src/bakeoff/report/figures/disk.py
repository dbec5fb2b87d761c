"""The disk in pictures: the boundary as it moves, errors over epochs and rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.report.figures.style import INK, MUTED, SERIES, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INSIDE, OUTSIDE = SERIES[0], SERIES[1]
TRAIN, TEST = SERIES[6], SERIES[0]


def draw_boundaries(
    fields: NDArray[np.float32], titles: Sequence[str], disk: tuple[float, float, float]
) -> Figure:
    """Return what a network says over the square, a panel each.

    Args:
        fields: (panels, side, side) float32, at least 1/2 where it says inside.
        titles: one a panel.
        disk: the true disk's centre and radius, drawn dashed.
    """
    columns = min(3, len(fields))
    rows = -(-len(fields) // columns)
    figure = new_figure(2.4 * columns, 2.55 * rows)
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, field, title in zip(every, fields, titles, strict=False):
        _draw_field(axes, field, disk)
        axes.set_title(title)
    for axes in every[len(fields) :]:
        axes.set_axis_off()
    return figure


def draw_points(
    field: NDArray[np.float32],
    disk: tuple[float, float, float],
    points: NDArray[np.float32],
    inside: NDArray[np.bool_],
    predicted: NDArray[np.bool_],
) -> Figure:
    """Return what a network says over the square, test points, and those on the wrong side.

    Args:
        field: as a panel of `draw_boundaries`.
        disk: as there.
        points: (n, 2) float32 in [0, 1]².
        inside: (n,) bool, which of them lie inside the disk.
        predicted: (n,) bool, which of them the network says do.
    """
    figure = new_figure(5.6, 5.9)
    axes = figure.add_subplot()
    _draw_field(axes, field, disk)
    for chosen, colour, marker, name in (
        (inside, INSIDE, "o", "inside"),
        (~inside, OUTSIDE, "s", "outside"),
    ):
        x, y = points[chosen].T
        axes.plot(x, y, marker, color=colour, markersize=2, markeredgewidth=0, label=name)
    x, y = points[inside != predicted].T
    axes.plot(
        x, y, "o", color=INK, fillstyle="none", markersize=9, label=f"wrong side ({len(x):,})"
    )
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _draw_field(axes: Any, field: NDArray[np.float32], disk: tuple[float, float, float]) -> None:
    from matplotlib.patches import Circle

    steps = np.linspace(0, 1, len(field))
    low, high = min(float(field.min()), 0.5) - 1, max(float(field.max()), 0.5) + 1
    colours = [OUTSIDE, INSIDE]
    axes.contourf(steps, steps, field, levels=[low, 0.5, high], colors=colours, alpha=0.22)
    if field.min() < 0.5 <= field.max():
        axes.contour(steps, steps, field, levels=[0.5], colors=[INK], linewidths=1.2)
    x, y, radius = disk
    axes.add_patch(
        Circle((x, y), radius, fill=False, edgecolor=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    )
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])


def draw_errors_by_epoch(train: NDArray[np.float64], test: NDArray[np.float64]) -> Figure:
    """Return mean and standard deviation of the error per epoch, on a logarithmic axis.

    Args:
        train: (epochs, rounds) float64, in percent.
        test: the same of the test points.
    """
    figure = new_figure(7.2, 3.4)
    axes = figure.add_subplot()
    epochs = np.arange(1, len(train) + 1)
    least = min(float(errors[errors > 0].min(initial=100.0)) for errors in (train, test))
    for errors, colour, dashes, name in (
        (test, TEST, "-", "test"),
        (train, TRAIN, (0, (4, 2)), "train"),
    ):
        mean = np.maximum(errors.mean(1), least / 2)
        spread = errors.std(1, ddof=1) if errors.shape[1] > 1 else np.zeros(len(mean))
        low = np.maximum(mean - spread, least / 2)
        axes.fill_between(epochs, low, mean + spread, color=colour, alpha=0.18, linewidth=0)
        axes.plot(epochs, mean, color=colour, linestyle=dashes, linewidth=1.2)
        axes.annotate(
            name,
            (epochs[-1], mean[-1]),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )
    axes.set_yscale("log")
    axes.set_xlim(1, max(len(train), 2))
    axes.set_xlabel("epoch")
    axes.set_ylabel("points on the wrong side, %")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y")
    return figure


def draw_errors_by_round(train: NDArray[np.float64], test: NDArray[np.float64]) -> Figure:
    """Return each round's errors after the last epoch, and their mean.

    Args:
        train: (rounds,) float64, in percent.
        test: the same of the test points.
    """
    figure = new_figure(7.2, 2.9)
    axes = figure.add_subplot()
    rounds = np.arange(len(test))
    for errors, colour, marker, name in ((test, TEST, "o", "test"), (train, TRAIN, "s", "train")):
        mean = float(errors.mean())
        axes.axhline(mean, color=colour, linewidth=0.9)
        axes.plot(rounds, errors, marker, color=colour, markersize=4.5, clip_on=False)
        axes.annotate(
            f"{name}, mean {mean:.2f} %",
            (1.0, mean),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlabel("round")
    axes.set_ylabel("points on the wrong side, %")
    axes.locator_params(axis="x", integer=True)
    axes.grid(axis="y")
    return figure
