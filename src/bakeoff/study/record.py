"""The record: what one round of one competitor leaves, whoever made it, and its way into files.

A record that comes from a file may have been damaged, or made by anyone, and neither JSON nor
SQLite hold a value to a type: `from_plain` looks at each field before anything is calculated.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from bakeoff.errors import DataError
from bakeoff.study.checks import is_number, is_whole
from bakeoff.study.converters import Pairs

FINISHED, DIVERGED, FAILED, TIMED_OUT = "finished", "diverged", "failed", "timed_out"
STATUSES = (FINISHED, DIVERGED, FAILED, TIMED_OUT)
SECONDS = "seconds"
LOSS = "train_loss"
EPOCH = "diverged_in_epoch"
"""A fact of a round that diverged, counted from 1."""
LARGEST_ROUND = 10**9
"""One above the largest number that a round can have."""
LARGEST_FACT = 10**15


def _pairs(value: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Pairs[Any]:
    """Return a mapping as pairs in the order of their names: frozen, and one form for any order."""
    return tuple(sorted(dict(value).items()))


def _curves(
    value: Mapping[str, Iterable[float]] | Iterable[tuple[str, Iterable[float]]],
) -> Pairs[tuple[float, ...]]:
    return _pairs({name: tuple(curve) for name, curve in dict(value).items()})


@frozen(kw_only=True)
class Record:
    """What a competitor left of one round.

    The four collections are given as mappings or pairs, and kept as pairs.

    Args:
        competitor: its name in the study.
        round: the round, counted from 0.
        seed: the study's seed.
        status: one of `STATUSES`.
        scores: one number for each metric, at the end of the round; of a network the last epoch's
            ``train_loss``, ``train_accuracy`` and ``test_accuracy`` (0 to 1), or ``train_r2`` and
            ``test_r2`` (at most 1) of a regression. None where the round did not finish.
        curves: numbers for each epoch, by the names of scores, and each further output's loss as
            ``train_loss/OUTPUT``; a test score's for each evaluated epoch
            (`Recipe.evaluated_epochs`). Where a round diverged, those of the epochs before it.
        seconds: what the round took; of a network training and evaluation, without the making of
            data and plans, and in lockstep the group's time divided by its rounds.
        note: why it did not finish, in words; "" if it did.
        facts: whole numbers and texts, such as ``parameters``, the number of trained parameters.
        attachments: bytes: ``predictions``, of each test example after the last epoch its class in
            one byte, or its float32 numbers, the lowest byte first; ``weights``, safetensors.
    """

    competitor: str
    round: int
    seed: int
    status: str = FINISHED
    scores: Pairs[float] = field(default=(), converter=_pairs)
    curves: Pairs[tuple[float, ...]] = field(default=(), converter=_curves)
    seconds: float
    note: str = ""
    facts: Pairs[int | str] = field(default=(), converter=_pairs)
    attachments: Pairs[bytes] = field(default=(), converter=_pairs, repr=False)

    @property
    def finished(self) -> bool:
        """Whether the round came to its end."""
        return self.status == FINISHED

    def score(self, name: str) -> float:
        """Return a score, or the seconds; NaN if there is none, or the round did not finish."""
        if not self.finished:
            return float("nan")
        return self.seconds if name == SECONDS else dict(self.scores).get(name, float("nan"))

    def curve(self, name: str) -> tuple[float, ...]:
        """Return a curve; empty if there is none."""
        return dict(self.curves).get(name, ())

    def fact(self, name: str) -> int | str | None:
        """Return a fact; None if it is not known."""
        return dict(self.facts).get(name)

    def attachment(self, name: str) -> bytes | None:
        """Return an attachment's bytes; None if there is none."""
        return dict(self.attachments).get(name)

    @property
    def parameters(self) -> int | None:
        """The number of trained parameters; None if it is not known."""
        found = self.fact("parameters")
        return found if isinstance(found, int) else None


Records = tuple[Record, ...]


def divergence_note(epoch: int, last: Mapping[str, float]) -> str:
    """Return why a round did not finish, with the last finite figures, by name, if there are."""
    told = ", ".join(f"{name} {value:g}" for name, value in last.items())
    return f"diverged in epoch {epoch}" + (f"; last finite: {told}" if told else "")


def to_plain(record: Record, *, attachments: bool = False) -> dict[str, Any]:
    """Return a record, but for its competitor, as JSON knows values; without what is empty.

    Args:
        record: the record.
        attachments: whether to tell them too, in base64.
    """
    told: dict[str, Any] = {"round": record.round, "seed": record.seed}
    told |= {} if record.finished else {"status": record.status, "note": record.note}
    told["scores"] = dict(record.scores)
    told["curves"] = {name: list(curve) for name, curve in record.curves}
    told |= {"seconds": record.seconds, "facts": dict(record.facts)}
    if attachments and record.attachments:
        told["attachments"] = {n: b64encode(b).decode() for n, b in record.attachments}
    return told


def from_plain(told: Any, competitor: str) -> Record:
    """Return the record that `to_plain` told.

    Raises:
        DataError: for anything else.
    """
    try:
        attachments = {n: b64decode(b) for n, b in told.get("attachments", {}).items()}
        known = {name: told[name] for name in told.keys() - {"attachments"}}
        record = Record(competitor=competitor, **known, attachments=attachments)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise DataError(str(error)) from error
    check_record(record)
    return record


def check_record(record: Record) -> None:
    """Make sure that a record's fields are of the types and ranges that `Record` tells.

    Raises:
        DataError: with the first field that is not.
    """
    whole = is_whole(0)
    for name, holds in (
        ("round", whole(record.round) and record.round < LARGEST_ROUND),
        ("seed", is_whole()(record.seed)),
        ("status", record.status in STATUSES),
        ("scores", _all(record.scores, is_number)),
        ("curves", _all(record.curves, lambda curve: all(map(is_number, curve)))),
        ("seconds", is_number(record.seconds) and record.seconds >= 0),
        ("note", isinstance(record.note, str)),
        ("facts", _all(record.facts, lambda v: isinstance(v, str) or _is_small(v))),
        ("attachments", _all(record.attachments, lambda v: isinstance(v, bytes))),
    ):
        if not holds:
            raise DataError(f"{name} is not what a round has there")
    if record.finished and not record.scores:
        raise DataError("it has no score, though it finished")


def _all(pairs: Pairs[Any], test: Any) -> bool:
    return all(isinstance(name, str) and test(value) for name, value in pairs)


def _is_small(value: object) -> bool:
    return is_whole(0)(value) and value < LARGEST_FACT  # type: ignore[operator]
