"""The digits themselves: sample pairs, the images that are hardest, digits taken for another."""

from __future__ import annotations

import math

import numpy as np

from bakeoff.report.figures.digits import draw_confusion, draw_confusions, draw_hardest, draw_pairs
from bakeoff.report.misclassified import Answers, answers, confusion, hardest, sample_pairs
from bakeoff.report.page_model import Exhibit, Section
from bakeoff.study.results import StudyResults
from bakeoff.tables import Column, Table

TARGETS = {0: "the first digit is larger", 1: "the second digit is larger"}


def samples(results: StudyResults, data_dir: str | None) -> tuple[Section, ...]:
    """Return sample pairs of each target, from the study's own data; nothing for other data."""
    if results.study.data != "pairs":
        return ()
    title = "Sample pairs"
    found = sample_pairs(results, data_dir=data_dir)
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


def mistakes(results: StudyResults, data_dir: str | None) -> tuple[Section, ...]:
    """Return the images most often in wrong pairs, and the wrong answers by digit pair.

    Nothing for other data than pairs.
    """
    if results.study.data != "pairs":
        return ()
    titles = {"hardest": "Hardest images", "confusion": "Confusion by digit pair"}
    found = answers(results, data_dir)
    if isinstance(found, str):
        hard, confused = (
            Section(name, title, (f"Left out: {found}",)) for name, title in titles.items()
        )
        return hard, confused
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
