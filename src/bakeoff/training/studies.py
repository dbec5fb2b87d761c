"""The studies that ship with bakeoff, by their names."""

from __future__ import annotations

from types import MappingProxyType

from bakeoff.study.checks import find
from bakeoff.training.shipped.disk import DISK
from bakeoff.training.shipped.pairs import ABLATION, DEEP, DIGIT_HEADS, FIRST
from bakeoff.training.shipped.published import PUBLISHED_DEEP, PUBLISHED_SIMPLE
from bakeoff.training.shipped.record import RECORD
from bakeoff.training.spec import NetworkStudy

__all__ = [
    "ABLATION",
    "DEEP",
    "DIGIT_HEADS",
    "DISK",
    "FIRST",
    "PUBLISHED_DEEP",
    "PUBLISHED_SIMPLE",
    "RECORD",
    "STUDIES",
]

STUDIES = MappingProxyType(
    {
        study.name: study
        for study in (
            *(FIRST, ABLATION, DIGIT_HEADS, DEEP),
            *(PUBLISHED_SIMPLE, PUBLISHED_DEEP, RECORD, DISK),
        )
    }
)


def find_study(name: str) -> NetworkStudy:
    """Return the study of that name.

    Raises:
        StudyError: if there is none, with the nearest name.
    """
    return find("study", name, STUDIES)
