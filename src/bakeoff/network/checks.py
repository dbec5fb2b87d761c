"""What the front refuses, and in which words: always before anything has changed."""

from __future__ import annotations

import math

import torch

from bakeoff.errors import ArgumentError, DTypeError, ShapeError


def check_dtype(where: str, x: torch.Tensor, expected: torch.dtype) -> None:
    """Raise a DTypeError unless x has the dtype expected."""
    if x.dtype != expected:
        raise DTypeError(
            f"NeuralNetwork.{where}: got {x.dtype}, expected {expected}; convert with"
            f" .to({expected})"
        )


def check_samples(where: str, x: torch.Tensor, dtype: torch.dtype) -> None:
    """Raise a DTypeError or ShapeError unless x is (N, ...) of that dtype with N at least 1."""
    check_dtype(where, x, dtype)
    if x.ndim < 2 or x.shape[0] == 0:
        raise ShapeError(
            f"NeuralNetwork.{where}: got shape {tuple(x.shape)}, expected (N, ...), at least one"
            " sample along the first axis"
        )


def check_targets(where: str, got: torch.Size, output: torch.Size) -> None:
    """Raise a ShapeError unless targets have the output's shape."""
    if got != output:
        raise ShapeError(
            f"NeuralNetwork.{where}: got shape {tuple(got)}, expected {tuple(output)}, the shape"
            " of the output"
        )


def check_finite(where: str, x: torch.Tensor) -> None:
    """Raise an ArgumentError that names the first sample with NaN or infinity."""
    good = torch.isfinite(x.reshape(len(x), -1)).all(1)
    if not bool(good.all()):
        raise ArgumentError(
            f"NeuralNetwork.{where}: got NaN or infinity in sample {int(good.int().argmin())},"
            " expected finite numbers"
        )


def check_whole(where: str, value: int, least: int) -> None:
    """Raise an ArgumentError unless value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(
            f"NeuralNetwork.{where}: got {value!r}, expected a whole number of at least {least}"
        )


def check_training_arguments(
    batch_size: int, epochs: int, training_step: float, grad_accumulate: int
) -> None:
    """Raise an ArgumentError for a number that `NeuralNetwork.train` cannot take."""
    check_whole("train: batch_size", batch_size, 1)
    check_whole("train: epochs", epochs, 1)
    check_whole("train: grad_accumulate", grad_accumulate, 0)
    if not 0.0 < training_step < math.inf:
        raise ArgumentError(
            f"NeuralNetwork.train: training_step: got {training_step!r}, expected above 0"
        )


def check_classes(y: torch.Tensor, classes: int) -> None:
    """Raise a DTypeError or ArgumentError unless y holds classes from 0 to `classes` - 1."""
    check_dtype("accuracy: y", y, torch.int64)
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise ArgumentError(
            f"NeuralNetwork.accuracy: y: got class {low if low < 0 else high}, expected 0 to"
            f" {classes - 1}"
        )


def check_truth(y: torch.Tensor) -> None:
    """Raise an ArgumentError unless y holds nothing but 0 and 1."""
    if not bool(((y == 0) | (y == 1)).all()):
        raise ArgumentError(
            "NeuralNetwork.accuracy: y: got other targets than 0 and 1, expected those of a network"
            " with one output"
        )
