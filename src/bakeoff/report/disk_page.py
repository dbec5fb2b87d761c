"""The page of the report's disk."""

from __future__ import annotations

from dataclasses import asdict

from bakeoff.data.disk import CENTRE, RADIUS
from bakeoff.disk import DiskRecipe
from bakeoff.disk.history import History
from bakeoff.report.figures.disk import (
    draw_boundaries,
    draw_errors_by_epoch,
    draw_errors_by_round,
    draw_points,
)
from bakeoff.report.figures.style import drawing, picture
from bakeoff.report.page import Exhibit, Page, Section
from bakeoff.statistics.describe import describe
from bakeoff.statistics.units import count
from bakeoff.study.machine import Machine
from bakeoff.tables import Column, Table

NETWORK = "2-25-25-25-1"
QUESTION = (
    "Is a point of the unit square inside the disk of half its area? A network with three hidden "
    "layers of 25 units, as the report asks for, learns it from {points:,} points."
)
AGAIN = (
    "The command below makes this page again; on one kind of processor with one release of PyTorch "
    "it gives the same numbers."
)


def disk_page(history: History, machine: Machine) -> Page:
    """Return the page of some rounds of the disk.

    Args:
        history: how they went.
        machine: where.
    """
    with drawing():
        sections = (
            _boundary(history),
            _by_epoch(history),
            _by_round(history),
            _making(history, machine),
        )
    test = describe(100 * history.test_errors[-1].numpy(), "test")
    spread = "" if test.std is None else f" ± {test.std:.2f}"
    interval = (
        ""
        if test.interval is None
        else f" (95 % interval of the mean {test.interval.low:.2f} to {test.interval.high:.2f})"
    )
    return Page(
        f"disk, {NETWORK}",
        QUESTION.format(points=history.recipe.points),
        f"The network puts {test.mean or 0:.2f}{spread} % of unseen points on the wrong side over "
        f"{count(test.rounds, 'round')}{interval}.",
        sections,
    )


def _boundary(history: History) -> Section:
    disk = (*CENTRE, RADIUS)
    fields = history.fields.numpy()
    titles = [f"epoch {epoch}" for epoch in history.snapshots]
    shares = [100 * float((field >= 0.5).mean()) for field in fields]
    wrong = int((history.inside != history.predicted).sum())
    moved = "; ".join(f"{t}: {s:.0f} % inside" for t, s in zip(titles, shares, strict=True))
    return Section(
        "boundary",
        "Decision boundary over the epochs",
        ("What the first round's network says everywhere in the square, after some epochs.",),
        (
            Exhibit(
                "boundary",
                picture(draw_boundaries(fields, titles, disk), "boundary"),
                f"The part of the square that the network calls inside, by epoch: {moved}; the disk"
                " itself fills 50 %.",
                "Line: the network's boundary; dashed: the disk's true edge.",
            ),
            Exhibit(
                "points",
                picture(
                    draw_points(
                        fields[-1],
                        disk,
                        history.points.numpy(),
                        history.inside.numpy(),
                        history.predicted.numpy(),
                    ),
                    "points",
                ),
                f"The trained network's boundary with {count(len(history.points), 'test point')}, "
                f"{wrong} of them on the wrong side.",
                f"After the last epoch, with the round's test points: {wrong} on the wrong side.",
            ),
        ),
    )


def _by_epoch(history: History) -> Section:
    train, test = 100 * history.train_errors.numpy(), 100 * history.test_errors.numpy()
    at = sorted({1, len(test) // 10, len(test) // 2, len(test)} - {0})
    told = "; ".join(
        f"epoch {e}: test {test[e - 1].mean():.2f}, train {train[e - 1].mean():.2f}" for e in at
    )
    epochs = range(1, len(test) + 1)
    return Section(
        "epochs",
        "Error over the epochs",
        exhibits=(
            Exhibit(
                "errors-by-epoch",
                picture(draw_errors_by_epoch(train, test), "errors-by-epoch"),
                f"Mean share of points on the wrong side in %, by epoch: {told}.",
                "Mean over the rounds and one standard deviation up and down.",
            ),
        ),
        tables=(
            Table(
                "errors-by-epoch",
                "Points on the wrong side in %, mean over the rounds",
                (
                    Column("epoch", tuple(epochs)),
                    Column("test mean", tuple(test.mean(1).tolist())),
                    Column("train mean", tuple(train.mean(1).tolist())),
                ),
                folded=True,
            ),
        ),
    )


def _by_round(history: History) -> Section:
    train, test = 100 * history.train_errors[-1].numpy(), 100 * history.test_errors[-1].numpy()
    return Section(
        "rounds",
        "Error over the rounds",
        ("Each round draws its own points and first weights.",),
        (
            Exhibit(
                "errors-by-round",
                picture(draw_errors_by_round(train, test), "errors-by-round"),
                f"Points on the wrong side in {count(len(test), 'round')}: test "
                f"{test.min():.2f} to {test.max():.2f} %, mean {test.mean():.2f}; train "
                f"{train.min():.2f} to {train.max():.2f} %, mean {train.mean():.2f}.",
                "After the last epoch; lines are means.",
            ),
        ),
        (
            Table(
                "errors-by-round",
                "Points on the wrong side in %, after the last epoch",
                (
                    Column("round", tuple(range(len(test)))),
                    Column("test", tuple(test.tolist())),
                    Column("train", tuple(train.tolist())),
                ),
                folded=True,
            ),
        ),
    )


def _making(history: History, machine: Machine) -> Section:
    recipe = asdict(history.recipe)
    rounds = history.test_errors.shape[1]
    epochs = history.recipe.epochs
    options = f" --epochs {epochs}" if epochs != DiskRecipe().epochs else ""
    options += f" --seed {history.seed}" if history.seed else ""
    versions = {"processor": machine.cpu, **machine.versions()}
    return Section(
        "making",
        "How it was made",
        (AGAIN,),
        tables=(
            Table(
                "recipe",
                "Recipe and versions",
                (
                    Column("field", (*recipe, *versions)),
                    Column("value", (*map(str, recipe.values()), *versions.values())),
                ),
            ),
        ),
        code=f"bakeoff report disk --rounds {rounds}{options}",
    )
