"""A user's own data in a study: `data = "mymodule:make_round"`, a function that draws a round.

    from bakeoff.data import resplit

    @resplit
    def make_round(generator):
        ...
        return train_input, train_target, test_input, test_target

It gets a `torch.Generator` at the start of the round's own stream, and must draw all that is random
from it; ``generator.initial_seed()`` suits what wants a number, such as scikit-learn's
``random_state``. If it has parameters `train_size` and `test_size`, these are the study's.

Inputs are (n, ...) of any numbers. Targets are integers (n,), classes from 0, or floating (n,) or
(n, k), numbers to predict, which are (n, 1) where all are whole: (n,) might be meant as classes. A
mapping of targets by name has the main one under "target". numpy's arrays do as well as tensors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import torch

from bakeoff import rng
from bakeoff.data.decorators import DECLARATION, FRESH, RESPLIT
from bakeoff.errors import StudyError
from bakeoff.study.user_code import load_own, told
from bakeoff.training.round_data import RoundData
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.torch_state import known_state
from bakeoff.training.user_code.validate_round import checked


def load_make_round(name: str) -> tuple[Callable[..., Any], bool]:
    """Return a user's function, and whether its rounds cut one set anew; this runs their module.

    Raises:
        StudyError: if there is no such function, or it does not declare how it draws.
    """
    with known_state():
        function = load_own(name, "data", "a function that draws a round")
    declared = getattr(function, DECLARATION, None)
    if declared not in (FRESH, RESPLIT):
        got = "no declaration" if declared is None else f"{DECLARATION} = {declared!r}"
        raise StudyError(
            f"data {name!r}: got {got}, expected @bakeoff.data.fresh above the function if each"
            " round draws from a pool too large to matter, or @bakeoff.data.resplit if each cuts"
            " one set anew"
        )
    return function, declared == RESPLIT


def draw_own(study: NetworkStudy, round_: int) -> RoundData:
    """Draw a round with a study's own function, and make sure that it is one.

    Raises:
        StudyError: if the function fails, or gives something else.
    """
    function, _ = load_make_round(study.data)
    where = f"data {study.data!r}, round {round_}"
    seed = rng.stream_seed(study.seed, round_, "data")
    sizes = {"train_size": study.train_size, "test_size": study.test_size}
    # What draws from PyTorch's global generator all the same is drawn from the round's seed.
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False):
        torch.default_generator.manual_seed(seed)
        try:
            accepted = inspect.signature(function).parameters
            if study.held_out and "train_size" in accepted:
                sizes["train_size"] += study.test_size  # which is cut off for it
            given = function(
                torch.Generator().manual_seed(seed),
                **{name: size for name, size in sizes.items() if name in accepted},
            )
        except (Exception, SystemExit) as error:  # whatever a user's code may raise
            raise StudyError(f"{where}: {study.data} failed: {told(error)}") from error
        data = checked(where, given, sizes)
    if study.held_out:  # in any order, as theirs may go by class
        stream = rng.generator(study.seed, round_, "data", "held out")
        order = torch.randperm(len(data.train_input), generator=stream)
        labels = {name: label[order] for name, label in data.train_labels.items()}
        data = replace(data, train_input=data.train_input[order], train_labels=labels)
    return data


def check_repeats(study: NetworkStudy, round_: int) -> RoundData:
    """Return a round's data, after making sure that they repeat and that the next round's differ.

    Raises:
        StudyError: if the function draws from elsewhere than its generator, or not at all.
    """
    first, again, other = (draw_own(study, r) for r in (round_, round_, round_ + 1))
    if digest(first) != digest(again):
        raise StudyError(
            f"data {study.data!r}, round {round_}: got other data from the same generator when"
            " called twice, expected the same; draw all that is random from the generator, or from"
            " generator.initial_seed()"
        )
    if digest(first) == digest(other):
        raise StudyError(
            f"data {study.data!r}: got the same data for the rounds {round_} and {round_ + 1},"
            " expected each round to draw its own; use the generator that the function gets"
        )
    return first


def digest(data: RoundData) -> str:
    """Return 32 hexadecimal digits: BLAKE2b of all tensors, their names and shapes."""
    hashed = blake2b(digest_size=16)
    parts = {"train": data.train_input, "test": data.test_input}
    parts |= {f"train {name}": target for name, target in data.train_labels.items()}
    parts |= {f"test {name}": target for name, target in data.test_labels.items()}
    for name, tensor in parts.items():
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        hashed.update(tensor.numpy().tobytes())
    return hashed.hexdigest()
