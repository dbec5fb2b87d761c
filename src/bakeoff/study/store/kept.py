"""A study as a store remembers it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import frozen

from bakeoff.errors import DataError
from bakeoff.study.canonical import digest, plain
from bakeoff.study.spec import Competitor, Recipe, Study


@frozen
class Kept:
    """A study that was run with this store.

    Attributes:
        identity: hash of what makes it this study; the planned rounds and the question do not.
        study: the study, as last run.
        planned: the rounds that its first run asked for, before anyone could look.
        keys: key of each competitor at the last run.
        last_run: when that was, UTC, ISO 8601.
    """

    identity: str
    study: Study
    planned: range
    keys: Mapping[str, str]
    last_run: str


def identity_of(study: Study) -> str:
    """Return the hash of a study without its question and its planned number of rounds.

    A plan that is raised after a look stays the same study, so that it cannot pass for a new one.
    """
    told = plain(study)
    del told["question"], told["rounds"]
    return digest(json.dumps(told, sort_keys=True))


def study_from_plain(told: Mapping[str, object]) -> Study:
    """Return the study that `canonical.plain` turned into dictionaries and lists.

    Raises:
        DataError: for anything else.
    """
    try:
        competitors = [
            Competitor(**(competitor | {"recipe": Recipe(**competitor["recipe"])}))
            for competitor in told["competitors"]  # type: ignore[attr-defined]
        ]
        return Study(**(dict(told) | {"competitors": competitors}))  # type: ignore[arg-type]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DataError(f"holds no study ({error})") from error
