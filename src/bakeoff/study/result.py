"""What one round of one competitor leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

Curves = tuple[tuple[str, tuple[float, ...]], ...]


def _curves(
    value: Mapping[str, Iterable[float]] | Iterable[tuple[str, Iterable[float]]],
) -> Curves:
    items = value.items() if isinstance(value, Mapping) else value
    return tuple(sorted((name, tuple(curve)) for name, curve in items))


@frozen
class Divergence:
    """The record of a round whose loss became NaN or infinite.

    Args:
        epoch: the epoch in which it happened, counted from 1.
        last_finite: the last finite values, name and value, for example ``("train_loss", 8.1)``.
    """

    epoch: int
    last_finite: tuple[tuple[str, float], ...] = ()


@frozen(kw_only=True)
class RoundResult:
    """One competitor trained once, on the data, initial weights and order of one round.

    Args:
        competitor: its name in the study.
        round: the round, counted from 0.
        seed: the study's seed.
        parameters: number of trained parameters.
        train_loss: for each epoch the running mean of the main output's loss, in nats for
            cross-entropy, squared errors for a regression.
        train_accuracy: for each epoch the running mean of the main output's accuracy, 0 to 1; of a
            regression R² in place of accuracy, at most 1, here and on the test set.
        test_accuracy: accuracy on the test set after each evaluated epoch
            (`Recipe.evaluated_epochs`), 0 to 1; the last entry is the round's accuracy.
        auxiliary: for each further output the running mean of its loss in each epoch; given as a
            mapping or pairs, kept as pairs.
        seconds: training plus evaluation on the test set, without the making of data and plans;
            in lockstep, the group's time divided by its rounds.
        predictions: the predicted class of each test example after the last epoch, one byte each;
            of a regression the numbers, float32 in four bytes each, the lowest byte first.
        diverged: None, or the record of a divergence; curves then hold only the epochs before it.
        weights: the trained parameters as safetensors bytes, where they are kept.
    """

    competitor: str
    round: int
    seed: int
    parameters: int
    train_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    test_accuracy: tuple[float, ...]
    auxiliary: Curves = field(default=(), converter=_curves)
    seconds: float
    predictions: bytes = field(default=b"", repr=False)
    diverged: Divergence | None = None
    weights: bytes | None = field(default=None, repr=False)


Results = tuple[RoundResult, ...]
"""Of one competitor's group of rounds, as a rule."""
