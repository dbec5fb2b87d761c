"""The ablation of the simple networks: weight sharing × auxiliary outputs."""

from __future__ import annotations

from bakeoff.study.shipped.outputs import DIGITS, TARGET
from bakeoff.study.spec import Competitor, Study


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
