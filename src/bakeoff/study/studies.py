"""The studies that ship with bakeoff."""

from __future__ import annotations

from types import MappingProxyType

from bakeoff.errors import StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.spec import Competitor, Study

TARGET = {"target.conv1": 1.0, "target.pool": 1.0}
DIGITS = {"first": 1.0, "second": 1.0}


def _cell(name: str, sharing: str, auxiliary: str, weights: dict[str, float]) -> Competitor:
    levels = {"sharing": sharing, "auxiliary": auxiliary}
    return Competitor(name, loss_weights=weights, levels=levels)


ABLATION = Study(
    name="ablation",
    question=(
        "Which of two digits is larger: does it help to share the weights between the two images,"
        " and to train auxiliary outputs?"
    ),
    competitors=(
        _cell("model1", "no", "none", {}),
        _cell("model2", "yes", "none", {}),
        _cell("model3", "no", "target", TARGET),
        _cell("model2+target", "yes", "target", TARGET),
        _cell("model1+digits", "no", "digits", DIGITS),
        _cell("model2+digits", "yes", "digits", DIGITS),
    ),
    comparisons=(
        ("model2", "model1"),
        ("model3", "model1"),
        ("model2+target", "model2"),
        ("model1+digits", "model1"),
        ("model2+digits", "model2"),
        ("model2+digits", "model1+digits"),
    ),
)

DIGIT_HEADS = Study(
    name="digit-heads",
    question="Where should the two digits be read: from the joined features, or image by image?",
    competitors=(
        Competitor("model1+digits", loss_weights=DIGITS),
        Competitor("model1+digits-per-image", loss_weights=DIGITS),
        Competitor("model2+digits", loss_weights=DIGITS),
        Competitor("model2+digits-per-image", loss_weights=DIGITS),
    ),
    comparisons=(
        ("model1+digits-per-image", "model1+digits"),
        ("model2+digits-per-image", "model2+digits"),
    ),
)

STUDIES = MappingProxyType({study.name: study for study in (ABLATION, DIGIT_HEADS)})


def find_study(name: str) -> Study:
    """Return the study of that name.

    Raises:
        StudyError: if there is none, with the nearest name.
    """
    if name not in STUDIES:
        raise StudyError(unknown("study", name, STUDIES))
    return STUDIES[name]
