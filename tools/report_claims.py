"""What the report says, as it prints it, and which competitors stand for it here."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """An accuracy that the report prints, and who stands for it here: by its recipe, and right."""

    what: str
    printed: str
    again: tuple[str, str]
    right: tuple[str, str]


class Claim(NamedTuple):
    """A difference that the report concludes from: a minus b, here as there, and done right."""

    what: str
    printed: str
    again: tuple[str, str, str]
    defects: str
    right: tuple[str, str, str]


class Cost(NamedTuple):
    """What one defect costs: a comparison of two competitors that differ in it alone."""

    defect: str
    study: str
    a: str
    b: str


class TimeClaim(NamedTuple):
    """A claim on time, and the two networks that are timed for it."""

    what: str
    printed: str
    study: str
    a: str
    b: str


FIGURES = (
    Figure("model 1", "85 ± 1.54", ("published", "report-model1"), ("ablation", "model1")),
    Figure("model 2", "86 ± 1.36", ("published", "report-model2"), ("ablation", "model2")),
    Figure(
        "model 1, longer", "85.81 ± 1.50", ("published", "report-model1-60"), ("ablation", "model1")
    ),
    Figure("model 3", "85.51 ± 1.27", ("published", "report-model3"), ("ablation", "model3")),
    Figure(
        "model 4, 125 epochs",
        "87.70 ± 1.21",
        ("published-deep", "report-model4"),
        ("deep", "model4"),
    ),
    Figure(
        "model 4 with classifiers, 125 epochs",
        "87.11 ± 1.07",
        ("published-deep", "report-model4+target"),
        ("deep", "model4+target"),
    ),
    Figure(
        "model 4 beside model 5, 50 or 60 epochs",
        "87.36 ± 0.88",
        ("published-deep", "report-model4"),
        ("deep", "model4"),
    ),
    Figure(
        "model 5, 400 epochs",
        "86.56 ± 1.32",
        ("published-deep", "report-model5"),
        ("deep", "model5"),
    ),
)

CLAIMS = (
    Claim(
        "sharing weights helps",
        "+1",
        ("published", "report-model2", "report-model1"),
        "raw grey values",
        ("ablation", "model2", "model1"),
    ),
    Claim(
        "auxiliary classifiers do not help a simple network",
        "−0.30",
        ("published", "report-model3", "report-model1-60"),
        "layers drawn anew, a smaller step, raw grey values",
        ("ablation", "model3", "model1"),
    ),
    Claim(
        "a deeper network is better by about 2 points",
        "+1.89",
        ("published-deep", "report-model4", "report-model1-60"),
        "raw grey values",
        ("published-deep", "model4", "model1"),
    ),
    Claim(
        "auxiliary classifiers do not help a deep network",
        "−0.59",
        ("published-deep", "report-model4+target", "report-model4"),
        "layers drawn anew, a fifth of the step, raw grey values",
        ("deep", "model4+target", "model4"),
    ),
    Claim(
        "the digits' classes do not help a deep network",
        "−0.80",
        ("published-deep", "report-model5", "report-model4"),
        "digit losses overwritten, a thirtieth of the step, raw grey values",
        ("deep", "model5", "model4"),
    ),
)

COSTS = (
    Cost("first layers drawn anew", "published", "model3-redrawn", "model3"),
    Cost(
        "the same, mended in the report's recipe",
        "published",
        "report-model3-trained",
        "report-model3",
    ),
    Cost("digit losses overwritten", "published", "model1+digits-overwritten", "model1+digits"),
    Cost("NLL on sigmoids", "published", "model1+digits-sigmoid", "model1+digits"),
    Cost("one layer for both digits", "published", "model1+digits-one-layer", "model1+digits"),
    Cost("raw grey values", "published", "model1-raw", "model1"),
    Cost(
        "the same, mended in the report's recipe",
        "published",
        "report-model1-standardised",
        "report-model1",
    ),
    Cost(
        "unequal steps, mended in the report's recipe",
        "published",
        "report-model3-equal",
        "report-model3",
    ),
    Cost("the whole recipe, mended", "published", "model1", "report-model1"),
    Cost("", "published", "model2", "report-model2"),
    Cost("", "published", "model3", "report-model3"),
    Cost("", "published-deep", "model4", "report-model4"),
    Cost("", "published-deep", "model4+target", "report-model4+target"),
    Cost("", "published-deep", "model5", "report-model5"),
)

TIMES = (
    TimeClaim(
        "sharing weights", "−1 % (9.8 s to 9.7 s)", "published", "report-model2", "report-model1"
    ),
    TimeClaim("", "", "deep", "model4-shared", "model4"),
    TimeClaim(
        "two auxiliary classifiers",
        "+26 % (11.25 s to 14.16 s)",
        "published",
        "report-model3",
        "report-model1-60",
    ),
    TimeClaim("the same, trained", "", "ablation", "model3", "model1"),
    TimeClaim(
        "three auxiliary classifiers",
        "+30 % (33.65 s to 43.89 s)",
        "published-deep",
        "report-model4+target",
        "report-model4",
    ),
    TimeClaim("the same, trained", "", "deep", "model4+target", "model4"),
)
