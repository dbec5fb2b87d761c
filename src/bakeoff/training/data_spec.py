"""What a study's data ask of a network: an example's shape, and the answers that are scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from attrs import field, frozen

from bakeoff.autodiff import Tensor
from bakeoff.errors import StudyError
from bakeoff.study.user_code import is_own
from bakeoff.training.data_sets import facts
from bakeoff.training.learner import MAIN
from bakeoff.training.scoring import is_regression, is_yes_or_no
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.torch_state import known_state


@frozen
class Target:
    """What an output is scored against.

    Attributes:
        size: how many classes, or numbers.
        numbers: whether it is numbers, and not a class.
        at_least: whether there may be more classes than were seen.
        yes_or_no: whether one number can say which of the two classes it is.
    """

    size: int
    numbers: bool = False
    at_least: bool = False
    yes_or_no: bool = False

    @classmethod
    def of(cls, train: torch.Tensor, test: torch.Tensor) -> Target:
        """Return what a user's own labels are, of which these were seen."""
        if is_regression(train):
            return cls(train.shape[1], numbers=True)
        if is_yes_or_no(train):
            return cls(2, yes_or_no=True)
        return cls(int(max(train.max(), test.max())) + 1, at_least=True)

    def expected(self, samples: int) -> str:
        """Return in words what an output must be for a batch of so many examples."""
        if self.at_least:
            return f"logits of shape ({samples}, C), C being at least {self.size}"
        one = f", or numbers of shape {(samples, 1)}" * self.yes_or_no
        return f"{'numbers' if self.numbers else 'logits'} of shape {(samples, self.size)}{one}"

    def fits(self, out: Any, samples: int) -> bool:
        """Tell whether an output for so many examples can be scored."""
        if not isinstance(out, Tensor | torch.Tensor) or out.ndim != 2 or len(out.data) != samples:
            return False
        size = int(out.shape[1])
        if self.at_least:
            return size >= self.size
        return size == self.size or (self.yes_or_no and size == 1)

    def example(self, samples: int, size: int) -> torch.Tensor:
        """Return targets for so many examples and an output of that size: class 0, or zeros."""
        if self.numbers or (self.yes_or_no and size == 1):
            return torch.zeros(samples, size)
        return torch.zeros(samples, dtype=torch.int64)


@frozen
class DataSpec:
    """What a network takes and gives.

    Attributes:
        shape: of one example.
        targets: what each label is, by name.
        facts: what is not as usual, see `data_sets.facts`.
        digest: of the data of the study's first round; "" where their source is hashed anyway.
    """

    shape: tuple[int, ...]
    targets: Mapping[str, Target]
    facts: Mapping[str, str] = field(factory=dict)
    digest: str = ""


PAIRS = DataSpec((2, 14, 14), {MAIN: Target(2), "first": Target(10), "second": Target(10)})
FORMS: Mapping[str, DataSpec] = {
    "pairs": PAIRS,
    "tuning-pairs": PAIRS,
    "digits": DataSpec((1, 14, 14), {MAIN: Target(10)}),
    "digits-28": DataSpec((1, 28, 28), {MAIN: Target(10)}),
    "disk": DataSpec((2,), {MAIN: Target(2, yes_or_no=True)}),
}


@known_state()
def form_of(study: NetworkStudy) -> DataSpec:
    """Return the form of a study's data; a user's own are drawn for it, which runs their code.

    Raises:
        StudyError: for a user's own data that cannot be used, see
            `bakeoff.training.user_code.data`.
    """
    if not is_own(study.data):
        return FORMS[study.data]
    from bakeoff.training.user_code.data import check_repeats, digest, load_make_round

    _, resplit = load_make_round(study.data)
    data = check_repeats(study, 0)
    targets = {
        name: Target.of(label, data.test_labels[name]) for name, label in data.train_labels.items()
    }
    told = facts(targets[MAIN].numbers, resplit)
    return DataSpec(tuple(data.train_input.shape[1:]), targets, told, digest(data))


def check_output(where: str, label: str, out: Any, samples: int, form: DataSpec) -> None:
    """Raise unless an output can be scored against its label.

    Raises:
        StudyError: for a label that the data do not have, or another shape.
    """
    if label not in form.targets:
        raise StudyError(
            f"{where}: is scored against no label, expected a name of {', '.join(form.targets)}, or"
            f" {'one of these' if len(form.targets) > 1 else 'this'} and a dot and more"
        )
    target = form.targets[label]
    if not target.fits(out, samples):
        got = tuple(out.shape) if hasattr(out, "shape") else type(out).__name__
        raise StudyError(f"{where}: got {got}, expected {target.expected(samples)}")
