"""What the rounds of a study or file share, which decides how they may be judged.

- **fresh**: nothing; each draws its examples from a pool too large to matter. They are independent.
- **resplit**: one set of examples that each round cuts anew, by the corrected resampled t test
  (Nadeau and Bengio 2003, see `estimate`), with n2/n1 examples tested on over trained on.
- **folds**: k-fold cross-validation, repeated or not. A fold tests on 1/k of the examples and
  trains on the rest, so n2/n1 = 1/(k - 1) (Bouckaert and Frank 2004, "Evaluating the replicability
  of significance tests for comparing learning algorithms").
- **fixed-test**: one test set. Given that set, rounds of other seeds are independent; the verdict
  is about it, and not about others drawn like it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bakeoff.errors import StatisticsError

Mode = Literal["planned", "anytime", "careful", "resampled"]
Anytime = bool | Literal["careful"]  # whether one may look at any time, and by which test
Kind = Literal["fresh", "resplit", "folds", "fixed-test"]
FORMS = '"fresh", "fixed-test", "folds 10x10" or "resplit 800/200"'


@dataclass(frozen=True, slots=True)
class Dependence:
    """What rounds share.

    Attributes:
        kind: one of `Kind`.
        numbers: of resplit, how many examples are trained and tested on; of folds, how many folds
            and how often they are drawn.

    Raises:
        StatisticsError: for numbers that the kind has not.
    """

    kind: Kind = "fresh"
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        least = {"resplit": (1, 1), "folds": (2, 1)}.get(self.kind, ())
        if len(self.numbers) != len(least) or any(
            number < few for number, few in zip(self.numbers, least, strict=True)
        ):
            raise StatisticsError(
                f"what rounds share: got {self.kind} {self.numbers}, expected numbers of examples"
                " of at least 1, or of at least 2 folds"
            )

    @classmethod
    def parse(cls, text: str) -> Dependence:
        """Return what `str` wrote.

        Raises:
            StatisticsError: for another text.
        """
        if text in ("fresh", "fixed-test"):
            return FIXED_TEST if text == "fixed-test" else FRESH
        if found := re.fullmatch(r"folds ([0-9]{1,9})(?:x([0-9]{1,9}))?", text):
            return cls("folds", (int(found[1]), int(found[2] or 1)))
        if found := re.fullmatch(r"resplit ([0-9]{1,9})/([0-9]{1,9})", text):
            return cls("resplit", (int(found[1]), int(found[2])))
        raise StatisticsError(f"what rounds share: got {text!r}, expected {FORMS}")

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        sign = "x" if self.kind == "folds" else "/"
        return f"{self.kind} {sign.join(map(str, self.numbers))}".strip()

    @property
    def test_ratio(self) -> float | None:
        """Examples tested on over examples trained on; None where rounds are independent."""
        if self.kind == "resplit":
            return self.numbers[1] / self.numbers[0]
        return 1 / (self.numbers[0] - 1) if self.kind == "folds" else None

    @property
    def rounds(self) -> int | None:
        """How many rounds there must be; None for any number."""
        return self.numbers[0] * self.numbers[1] if self.kind == "folds" else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, a sentence or none."""
        if self.kind == "fixed-test":
            told = (
                "all rounds share one test set: the verdict is about that set, and says nothing of"
                " how another one would come out."
            )
            return (told,)
        if self.kind == "fresh":
            return ()
        first, second = self.numbers
        shared = (
            f"each round cuts the same examples anew, {first} to train and {second} to test,"
            if self.kind == "resplit"
            else f"the rounds are {first} folds of the same examples"
            f"{f', drawn {second} times' if second > 1 else ''},"
        )
        told = (
            f"{shared} so rounds are not independent: intervals and p-values are by the corrected"
            " resampled t test (Nadeau and Bengio 2003), which allows for that approximately."
        )
        return (told,)

    def mode(self, *, anytime: Anytime) -> Mode:
        """Return the test to judge by, as of `analyse`.

        Raises:
            StatisticsError: for looks at any time at rounds that are not independent.
        """
        if self.test_ratio is None:
            return "careful" if anytime == "careful" else "anytime" if anytime else "planned"
        if anytime:
            raise StatisticsError(
                f"{'careful' if anytime == 'careful' else 'anytime'}: got rounds that share"
                f" examples ({self}), for which no test allows looks at any time; leave it out"
            )
        return "resampled"

    def check(self, rounds: int, where: str) -> None:
        """Refuse another number of rounds than folds give.

        Raises:
            StatisticsError: for it; the sentence begins with `where`.
        """
        if self.rounds not in (None, rounds):
            raise StatisticsError(
                f"{where}: got {rounds} rounds, expected {self.rounds}, one for each of"
                f" {self.numbers[0]} folds, {self.numbers[1]} times"
            )


FRESH = Dependence()
FIXED_TEST = Dependence("fixed-test")
