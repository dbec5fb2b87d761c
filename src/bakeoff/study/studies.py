"""The studies that ship with bakeoff."""

from __future__ import annotations

from types import MappingProxyType

from bakeoff.errors import StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.spec import Competitor, Study

ABLATION = Study(
    name="ablation",
    question="Does it help to share the weights between the two images of a pair?",
    competitors=(
        Competitor("model1"),
        Competitor("model2"),
    ),
    comparisons=(("model2", "model1"),),
)

STUDIES = MappingProxyType({study.name: study for study in (ABLATION,)})


def find_study(name: str) -> Study:
    """Return the study of that name.

    Raises:
        StudyError: if there is none, with the nearest name.
    """
    if name not in STUDIES:
        raise StudyError(unknown("study", name, STUDIES))
    return STUDIES[name]
