"""What a user's function gives as a round's data: looked at closely before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from bakeoff.errors import StudyError
from bakeoff.training.learner import MAIN
from bakeoff.training.round_data import RoundData
from bakeoff.training.scoring import is_regression, is_yes_or_no

PARTS = ("train_input", "train_target", "test_input", "test_target")
MOST_CLASSES = 256
"""As many as one byte can tell apart: a round keeps a byte for each answer."""


def checked(where: str, given: Any, sizes: Mapping[str, int]) -> RoundData:
    """Return what a user's function gave as a round's data.

    Args:
        where: the data and the round, for the errors.
        given: what the function returned.
        sizes: train_size and test_size of the study.

    Raises:
        StudyError: for anything but four parts of fitting shapes, types and sizes.
    """
    if not isinstance(given, tuple | list) or len(given) != len(PARTS):
        got = f"{len(given)} parts" if isinstance(given, tuple | list) else type(given).__name__
        raise StudyError(f"{where}: got {got}, expected the four {', '.join(PARTS)}, in this order")
    train_input, train_target, test_input, test_target = given
    inputs = [
        _input(f"{where}: {name}", part)
        for name, part in (("train_input", train_input), ("test_input", test_input))
    ]
    labels = [
        _labels(f"{where}: {name}", part)
        for name, part in (("train_target", train_target), ("test_target", test_target))
    ]
    if inputs[0].shape[1:] != inputs[1].shape[1:]:
        shapes = " and ".join(str(tuple(part.shape[1:])) for part in inputs)
        raise StudyError(
            f"{where}: got training and test examples of the shapes {shapes}, expected one shape;"
            f" the four parts are {', '.join(PARTS)}, in this order"
        )
    for part, rows, (name, size) in zip(inputs, labels, sizes.items(), strict=True):
        _check_sizes(where, name, size, len(part), rows)
    _check_alike(where, *labels)
    for name, part in _by_name(train_target).items():
        if is_regression(labels[0][str(name)]) and torch.as_tensor(part).ndim == 1:
            _refuse_classes(f"{where}: train_target", labels[0][str(name)])
    return RoundData(inputs[0], labels[0], inputs[1], labels[1])


def _tensor(where: str, part: Any) -> torch.Tensor:
    try:
        tensor = torch.as_tensor(part).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        got = type(part).__name__
        raise StudyError(f"{where}: got {got}, expected a tensor or an array of numbers") from error
    if tensor.is_complex():
        raise StudyError(
            f"{where}: got {tensor.dtype}, expected floating-point numbers or integers; write .real"
        )
    if tensor.is_floating_point():
        tensor = tensor.float()  # so that what overflows float32 is found too
        if not bool(torch.isfinite(tensor).all()):
            raise StudyError(
                f"{where}: got {int((~torch.isfinite(tensor)).sum())} values that are infinite or"
                " not a number, expected finite ones; fill them in, or drop their examples"
            )
    return tensor.contiguous()


def _input(where: str, part: Any) -> torch.Tensor:
    tensor = _tensor(where, part)
    if tensor.ndim < 2 or tensor.numel() == 0:
        raise StudyError(
            f"{where}: got shape {tuple(tensor.shape)}, expected (n, ...) with at least one example"
            f" and one number in each; the four parts are {', '.join(PARTS)}, in this order"
        )
    return tensor.float()


def _by_name(part: Any) -> dict[Any, Any]:
    return dict(part) if isinstance(part, Mapping) else {MAIN: part}


def _labels(where: str, part: Any) -> dict[str, torch.Tensor]:
    named = _by_name(part)
    if MAIN not in named:
        raise StudyError(f"{where}: got {', '.join(map(str, named))}, expected a target {MAIN!r}")
    return {str(name): _target(where, target) for name, target in named.items()}


def _target(where: str, part: Any) -> torch.Tensor:
    tensor = _tensor(where, part)
    if tensor.is_floating_point():
        if tensor.ndim == 1:
            tensor = tensor.unsqueeze(1)
        if tensor.ndim != 2 or tensor.numel() == 0:
            raise StudyError(
                f"{where}: got shape {tuple(tensor.shape)}, expected (n,) or (n, k) numbers"
            )
        return tensor
    if tensor.ndim != 1 or tensor.numel() == 0:
        raise StudyError(
            f"{where}: got {tensor.dtype} of shape {tuple(tensor.shape)}, expected classes, or yes"
            " or no, (n,); numbers to predict are floating point"
        )
    if is_yes_or_no(tensor):
        return tensor
    low, high = int(tensor.min()), int(tensor.max())
    if low < 0 or high >= MOST_CLASSES:
        raise StudyError(
            f"{where}: got class {low if low < 0 else high}, expected 0 to {MOST_CLASSES - 1};"
            " numbers to predict are floating point"
        )
    return tensor.long()


def _refuse_classes(where: str, target: torch.Tensor) -> None:
    """Refuse floating-point targets that look like classes, which only their user can tell."""
    values = target.unique()  # type: ignore[no-untyped-call]
    whole = len(values) > 1 and bool((values == values.round()).all())
    low, high = float(values[0]), float(values[-1])
    if whole and (len(values) == 2 or (low >= 0 and high < MOST_CLASSES)):
        raise StudyError(
            f"{where}: got whole numbers from {low:g} to {high:g} as floating point, (n,), which"
            " may be classes or numbers to predict; for classes, from 0, give integers (.long()),"
            " and for numbers the shape (n, 1) (.unsqueeze(1))"
        )


def _check_sizes(
    where: str, name: str, size: int, examples: int, labels: Mapping[str, torch.Tensor]
) -> None:
    kind = "training" if name == "train_size" else "test"
    for target in labels.values():
        if len(target) != examples:
            raise StudyError(
                f"{where}: got {examples} {kind} examples and {len(target)} targets, expected as"
                " many of both"
            )
    if examples != size:
        raise StudyError(
            f"{where}: got {examples} {kind} examples, but the study's {name} is {size}, expected"
            f" one number; write {name} = {examples} in the study"
        )


def _check_alike(
    where: str, train: Mapping[str, torch.Tensor], test: Mapping[str, torch.Tensor]
) -> None:
    if train.keys() != test.keys():
        raise StudyError(
            f"{where}: got the training targets {', '.join(train)} and the test targets"
            f" {', '.join(test)}, expected the same names"
        )
    for name in train:
        one, other = train[name], test[name]
        if one.dtype != other.dtype or one.shape[1:] != other.shape[1:]:
            raise StudyError(
                f"{where}: target {name!r}: got {_kind(one)} to train on and {_kind(other)} to test"
                " on, expected one kind"
            )
    for kind, target in (("training", train[MAIN]), ("test", test[MAIN])):
        if is_regression(target) and bool((target == target[0]).all()):
            raise StudyError(
                f"{where}: got {kind} targets that are all {target[0].tolist()}, expected different"
                " ones: R² is measured against their variance"
            )


def _kind(target: torch.Tensor) -> str:
    if is_regression(target):
        return f"{target.shape[1]} numbers each"
    return "yes or no" if is_yes_or_no(target) else "classes"
