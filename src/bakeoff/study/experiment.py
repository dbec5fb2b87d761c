"""Who makes a competitor's rounds: a command, a function, the training of a network."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from bakeoff.study.record import Records
from bakeoff.study.serialise import digest


@frozen
class Key:
    """What a competitor's rounds are kept under, and what it was made of.

    Whatever changes there begins new rounds; whatever does not (a rival, a title, the number of
    rounds) keeps the old ones.

    Attributes:
        training: canonical JSON of what of the study shapes the competitor's rounds.
        sources: hash of the code that makes them.
        data: what they are made from: "embedded", "generated", or a hash.
    """

    training: str
    sources: str
    data: str

    @property
    def text(self) -> str:
        """The key itself, 32 hexadecimal digits."""
        return digest(self.training, self.sources, self.data)


class Experiment(Protocol):
    """Makes the rounds of one competitor; travels to workers, so it holds values alone.

    Attributes:
        key: of all that shapes its records.
        rounds_per_group: how many rounds it makes at once; 1 but for networks in lockstep.
    """

    @property
    def key(self) -> Key:
        """What its records are kept under."""

    @property
    def rounds_per_group(self) -> int:
        """How many rounds it makes at once."""

    def run(self, rounds: range) -> Records:
        """Make a group of rounds, in a worker. Pure: the same rounds give the same records.

        Raises:
            BakeoffError: for what went wrong in a user's code.
        """


def rounds_of(group: int, together: int) -> range:
    """Return the rounds of a group (from 0), so many to a group."""
    return range(group * together, (group + 1) * together)


def run_group(experiment: Experiment, group: int) -> Records:
    """Make a group of rounds; what a worker is asked to do."""
    return experiment.run(rounds_of(group, experiment.rounds_per_group))
