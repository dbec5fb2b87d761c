"""The digits themselves: sample pairs, the images that are hardest, digits taken for another.

Which pairs were answered wrongly is told by predictions, and data that are drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray

from bakeoff import rng
from bakeoff.data import load_mnist, pair_indices
from bakeoff.errors import BakeoffError
from bakeoff.report.figures.digits import draw_confusion, draw_confusions, draw_hardest, draw_pairs
from bakeoff.report.page import Exhibit, Section
from bakeoff.study.record import Record
from bakeoff.study.results import StudyResults
from bakeoff.tables import Column, Table
from bakeoff.training.data_sets import ACCURACY
from bakeoff.training.spec import NetworkStudy

TARGETS = {0: "the first digit is larger", 1: "the second digit is larger"}
CLASSES = 10
PREDICTIONS = "predictions"


def samples(
    results: StudyResults, study: NetworkStudy, data_dir: str | None
) -> tuple[Section, ...]:
    """Return sample pairs of each target, from the study's own data; nothing for other data."""
    if study.data_sets != ("pairs",):
        return ()
    title = "Sample pairs"
    found = sample_pairs(results, study, data_dir=data_dir)
    if isinstance(found, str):
        return (Section("samples", title, (f"There are none here: {found}",)),)
    exhibits = []
    for target, (pixels, digits) in found.items():
        name = f"samples-target-{target}"
        pairs = ", ".join(f"{first} and {second}" for first, second in digits.tolist())
        exhibits.append(
            Exhibit.of(
                name,
                draw_pairs(pixels, digits, larger=target),
                f"Training pairs of target {target}, {TARGETS[target]}: {pairs}.",
                f"Target {target}: {TARGETS[target]}.",
            )
        )
    text = "The first training pairs of the study's first round, as the networks see them: 14×14."
    return (Section("samples", title, (text,), tuple(exhibits)),)


def mistakes(
    results: StudyResults, study: NetworkStudy, data_dir: str | None
) -> tuple[Section, ...]:
    """Return the images most often in wrong pairs, and the wrong answers by digit pair.

    Nothing for other data than pairs.
    """
    if study.data_sets != ("pairs",):
        return ()
    titles = {"hardest": "Hardest images", "confusion": "Confusion by digit pair"}
    found = answers(results, study, data_dir)
    if isinstance(found, str):
        return (Section("hardest", "Mistakes", (f"Left out: {found}",)),)
    return (
        _hardest(found, titles["hardest"], data_dir),
        _confusion(results, found, titles["confusion"]),
    )


def _hardest(found: Answers, title: str, data_dir: str | None) -> Section:
    worst = hardest(found, data_dir=data_dir)
    if not worst:
        return Section("hardest", title, ("Every answer to every test pair was right.",))
    captions = [f"{h.digit}: {h.wrong} of {h.seen}" for h in worst]
    figure = draw_hardest(np.stack([h.pixels for h in worst]), captions)
    told = "; ".join(captions)
    alt = f"Test images most often in wrongly answered pairs, the digit and how often: {told}."
    text = (
        "Test images most often in pairs that were answered wrongly, over all rounds and "
        "competitors. Below each: its digit, and how many of the answers on pairs with it were "
        "wrong."
    )
    table = Table.of(
        ("image", "digit", "wrong", "answers"),
        [(str(h.number), h.digit, h.wrong, h.seen) for h in worst],
        name="hardest",
        caption="Test images most often in wrong pairs",
        folded=True,
    )
    return Section("hardest", title, (text,), (Exhibit.of("hardest", figure, alt),), (table,))


def _confusion(results: StudyResults, found: Answers, title: str) -> Section:
    names = results.study.competitor_names
    present = sorted(set(found.competitor.tolist()))
    pooled = confusion(found)
    each = [(names[i], confusion(found, i)) for i in present]
    cells = [(i, j) for i in range(10) for j in range(i) if not math.isnan(pooled[i, j])]
    worst = sorted(cells, key=lambda cell: -pooled[cell])[:5]
    most = "; ".join(f"{j} and {i}: {100 * pooled[i, j]:.1f} %" for i, j in worst)
    overall = "; ".join(
        f"{names[i]} {100 * found.wrong[found.competitor == i].mean():.1f} %" for i in present
    )
    exhibits = (
        Exhibit.of(
            "confusion",
            draw_confusion(pooled),
            f"Wrong answers by the two digits, all competitors; most for {most}.",
            "All competitors together, in %.",
        ),
        Exhibit.of(
            "confusion-each",
            draw_confusions(each),
            f"Wrong answers by the two digits, for each competitor; over all pairs: {overall}.",
            "Each competitor, all on one scale; the table has the numbers.",
        ),
    )
    columns = [Column("digits", [f"{j} and {i}" for i, j in cells])]
    for name, shares in (("all", pooled), *each):
        columns.append(Column(name, [100 * float(shares[cell]) for cell in cells]))
    caption = "Wrong answers in %, by the two digits"
    table = Table("confusion", caption, tuple(columns), folded=True)
    text = "The share of test pairs answered wrongly, by the two digits in either order."
    return Section("confusion", title, (text,), exhibits, (table,))


# ---- which answers were wrong --------------------------------------------------------------------


@frozen(eq=False)
class Answers:
    """Every answer to every test pair."""

    images: NDArray[np.int64]  # (pairs, 2) int64, the number of each image in the test set
    digits: NDArray[np.int64]  # (pairs, 2) int64, what they show, never equal
    wrong: NDArray[np.bool_]  # (pairs,) bool, whether the answer was wrong
    # (pairs,) int64, whose answer it is: the place in the study's order.
    competitor: NDArray[np.int64]


@frozen(eq=False)
class Hard:
    """A test image that is often in wrongly answered pairs."""

    number: int  # its place in the test set
    pixels: NDArray[np.float32]  # (14, 14) float32, 0 to 255
    digit: int  # what it shows
    wrong: int  # how many answers on pairs with it were wrong
    seen: int  # how many answers there were


def answers(
    results: StudyResults, study: NetworkStudy, data_dir: str | None = None
) -> Answers | str:
    """Draw each round's test pairs again and hold the predictions against them.

    Whether the data are those of the study is not taken on trust: every round's recorded test
    accuracy must come out again, exactly. A sentence says why there are no answers.
    """
    kept = [r for r in results.results if r.attachment(PREDICTIONS) and r.finished]
    if not kept:
        return (
            "no predictions came with these rounds; a store keeps them, the JSON of a run does not."
        )
    try:
        drawn = _test_pairs(study, {r.round for r in kept}, data_dir)
    except BakeoffError as error:
        return f"the test pairs could not be drawn again: {error}."
    place = {name: i for i, name in enumerate(results.study.competitor_names)}
    parts = []
    for result in kept:
        images, digits = drawn[result.round]
        predicted = np.frombuffer(result.attachment(PREDICTIONS) or b"", dtype=np.uint8)
        target = digits[:, 1] > digits[:, 0]
        if len(predicted) != len(target):
            return _not_those(result)
        wrong = predicted != target
        if int((~wrong).sum()) / len(wrong) != result.score(ACCURACY.score):
            return _not_those(result)
        owner = np.full(len(wrong), place[result.competitor], dtype=np.int64)
        parts.append((images, digits, wrong, owner))
    return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _not_those(result: Record) -> str:
    return (
        f"the test pairs drawn again are not those of the study: round {result.round} of "
        f"{result.competitor} comes to another accuracy with them; name its data by --data DIR."
    )


def _test_pairs(
    study: NetworkStudy, rounds: Iterable[int], data_dir: str | None
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the image numbers (n, 2) and digits (n, 2) of each round's test pairs."""
    mnist = load_mnist(data_dir)
    found = {}
    for round_ in rounds:
        streams = {k: rng.generator(study.seed, round_, "data", k) for k in ("train", "test")}
        # The trainer draws as many test pairs as training pairs.
        indices = pair_indices(mnist, study.train_size, **streams).test
        found[round_] = (indices.numpy(), mnist.test.labels[indices].numpy())
    return found


def confusion(found: Answers, competitor: int | None = None) -> NDArray[np.float64]:
    """Return the share of wrong answers by the two digits, (10, 10) float64, 0 to 1.

    Row i and column j hold the pairs of the digits i and j in either order, so the matrix is
    symmetric; NaN where there was none, as on the diagonal. It is of one competitor, by its place
    in the study, or of all.
    """
    mine = np.ones(len(found.wrong), bool) if competitor is None else found.competitor == competitor
    wrong, seen = np.zeros((CLASSES, CLASSES)), np.zeros((CLASSES, CLASSES))
    first, second = found.digits[mine].T
    np.add.at(seen, (first, second), 1)
    np.add.at(wrong, (first, second), found.wrong[mine])
    seen, wrong = seen + seen.T, wrong + wrong.T
    shares: NDArray[np.float64] = np.where(seen > 0, wrong / np.maximum(seen, 1), np.nan)
    return shares


def hardest(found: Answers, count: int = 24, data_dir: str | None = None) -> tuple[Hard, ...]:
    """Return the test images most often in wrongly answered pairs, the worst first.

    Among images that are equally often in wrong pairs, that which was seen less often is worse.
    """
    test = load_mnist(data_dir).test
    size = len(test.labels)
    seen = np.bincount(found.images.ravel(), minlength=size)
    wrong = np.bincount(found.images[found.wrong].ravel(), minlength=size)
    order = np.lexsort((np.arange(size), seen, -wrong))[:count]
    return tuple(
        Hard(i, test.images[i].numpy(), int(test.labels[i]), int(wrong[i]), int(seen[i]))
        for i in order.tolist()
        if wrong[i] > 0
    )


def sample_pairs(
    results: StudyResults, study: NetworkStudy, count: int = 10, data_dir: str | None = None
) -> dict[int, tuple[NDArray[np.float32], NDArray[np.int64]]] | str:
    """Return the first training pairs of each target, of the study's first round.

    Returns:
        For the targets 0 and 1 pixels (count, 2, 14, 14) float32 from 0 to 255, and digits
        (count, 2); or a sentence that says why there are none.
    """
    round_ = min(results.rounds, default=0)
    try:
        mnist = load_mnist(data_dir)
        streams = {k: rng.generator(study.seed, round_, "data", k) for k in ("train", "test")}
        indices = pair_indices(mnist, study.train_size, **streams).train
    except BakeoffError as error:
        return f"the pairs could not be drawn again: {error}."
    digits = mnist.train.labels[indices]
    target = (digits[:, 1] > digits[:, 0]).long()
    samples = {}
    for wanted in (0, 1):
        rows = torch.nonzero(target == wanted).flatten()[:count]
        samples[wanted] = (mnist.train.images[indices[rows]].numpy(), digits[rows].numpy())
    return samples
