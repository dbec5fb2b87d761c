"""A plan that was registered: what a study was to answer, told beside what its verdicts are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from bakeoff.errors import DataError
from bakeoff.statistics.units import Unit, count
from bakeoff.study.record import LARGEST_ROUND
from bakeoff.study.serialise import plain
from bakeoff.study.spec import Study


@frozen
class Registration:
    """What was registered of a study.

    Attributes:
        study: as it was then.
        time: when, UTC, ISO 8601.
        stood: how many of the rounds any competitor had by then.
        rounds: on which the verdicts are to be.
        margin: as the analysis takes it; None for none.
        keys: of the competitors.
        changed: competitors that are made by other code or from other data by now.
    """

    study: Study
    time: str
    stood: int
    rounds: range
    margin: float | None
    keys: Mapping[str, str]
    changed: tuple[str, ...] = ()

    @classmethod
    def of_plain(cls, study: Study, told: object) -> Registration:
        """Return what a store keeps of one; raise a DataError for anything else."""
        match told:
            case {
                "time": str(time),
                "stood": int(stood),
                "rounds": [int(first), int(stop)],
                "margin": int() | float() | None as margin,
                "keys": dict(keys),
            } if 0 <= first < stop < LARGEST_ROUND:
                return cls(study, time, stood, range(first, stop), margin, keys)
        raise DataError(f"registers {told!r}")

    def to_toml(self, unit: Unit) -> str:
        """Return the study's own file, below what it does not tell."""
        metric = self.study.judging().metric
        rule = self.study.failed_counts_as
        if rule is None:
            rule = "the worst that a share can be" if metric.unit == "points" else "lost"
        lines = [
            f"{self.when[:1].upper()}{self.when[1:]}; verdicts tell whether they follow this.",
            f"rounds: {self.rounds.start} to {self.rounds.stop - 1}",
            f"metric: {metric.name}, {metric.better} is better",
            f"margin: {_shown(self.margin, unit)}",
            f"a failed round counts as: {rule}",
            *(f"key of {name}: {key}" for name, key in self.keys.items()),
        ]
        return "".join(f"# {line}\n" for line in lines) + self.study.to_toml()

    @property
    def when(self) -> str:
        """When it was registered, and how many rounds stood."""
        stood = f" when {self.stood} of {len(self.rounds)} rounds stood" if self.stood else ""
        return f"registered on {self.time[:16].replace('T', ' ')} UTC{stood}"

    def note(self, study: Study, rounds: Sequence[int], margin: float | None, unit: Unit) -> str:
        """Return a sentence on whether verdicts on these rounds follow it, or where not."""
        first, second = plain(self.study), plain(study)
        names = sorted((first | second).keys() - {"name", "question", "rounds"})
        left = [f"other {n}" for n in names if first.get(n) != second.get(n)]
        left += [f"other code or data of {name}" for name in self.changed]
        if more := sum(round_ not in self.rounds for round_ in rounds):
            left.append(f"{count(more, 'round')} more than the {len(self.rounds)} of the plan")
        if (inside := len(rounds) - more) < len(self.rounds):
            left.append(f"looked at after {inside} of {count(len(self.rounds), 'round')}")
        if margin != self.margin:
            left.append(f"a margin of {_shown(margin, unit)}, not {_shown(self.margin, unit)}")
        if left:
            return f"these verdicts leave the plan that was {self.when}: {'; '.join(left)}."
        return f"these verdicts follow the plan that was {self.when}."


def _shown(margin: float | None, unit: Unit) -> str:
    return "none" if margin is None else unit.plain(margin)
