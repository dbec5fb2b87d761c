"""The networks that answer: those of a study in the store, and those that come with bakeoff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as decode_tensors

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.data import Standardiser, fit_standardiser, load_mnist
from bakeoff.data.mnist import EMBEDDED
from bakeoff.data.pairs import deal_unequal_pairs
from bakeoff.demo.shipped import RECORD, SHIPPED, UNCHANGED, load_record, load_shipped
from bakeoff.errors import BakeoffError, ModelFileError
from bakeoff.nn import Module, count_parameters
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.store import Store, StoredStudy
from bakeoff.study.store.stored_study import find_kept
from bakeoff.training.data_sets import PAIRS
from bakeoff.training.learner import MAIN
from bakeoff.training.trainer import make_network

BLANK = torch.zeros(2, 14, 14)
DIGITS = ("first", "second")


@dataclass(frozen=True)
class Answer:
    """What a network says of a pair.

    Attributes:
        larger: probabilities that the first and that the second digit is the larger one.
        digits: probabilities of 0 to 9 for the first and for the second; None if it reads none.
    """

    larger: tuple[float, ...]
    digits: tuple[tuple[float, ...], ...] | None


@dataclass(frozen=True)
class PairReader:
    """A trained network that answers for one pair of pictures at a time.

    Attributes:
        name: what the page calls it.
        origin: where it comes from, for people to read.
        network: out of training.
        standardiser: of its inputs.
        card: what is known of its training, texts and numbers by name.
    """

    name: str
    origin: str
    network: Module
    standardiser: Standardiser
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Its number of trained parameters."""
        return count_parameters(self.network)

    def answer(self, pictures: torch.Tensor) -> Answer:
        """Answer for two pictures (2, 14, 14), grey values 0 to 255.

        Raises:
            ModelFileError: if the network gives something else than finite numbers.
        """
        with no_grad():
            given = self.network(self.standardiser(pictures)[None])
        outputs = given if isinstance(given, Mapping) else {MAIN: given}
        named = {name: outputs[name].data[0] for name in (MAIN, *DIGITS) if name in outputs}
        if MAIN not in named or not all(bool(torch.isfinite(x).all()) for x in named.values()):
            raise ModelFileError(
                f"network {self.name!r}: gives no finite answer for a pair of pictures"
            )
        shares = {name: tuple(x.double().softmax(0).tolist()) for name, x in named.items()}
        both = all(name in shares for name in DIGITS)
        return Answer(shares[MAIN], tuple(shares[name] for name in DIGITS) if both else None)


def shipped_networks() -> list[PairReader]:
    """Return those that come with bakeoff: in the order of `SHIPPED`, and the record's.

    Raises:
        ModelFileError: if a file that is there cannot be read.
    """
    loaded = [(name, load_shipped(path)) for name, path in SHIPPED if path.exists()]
    return [
        PairReader(name, "comes with bakeoff", *found)
        for name, found in (*loaded, (RECORD, load_record()))
    ]


def stored_networks(path: Path, study: str | None = None) -> tuple[list[PairReader], list[str]]:
    """Return the networks of a study's first round that a store holds.

    Args:
        path: the store.
        study: its name or the beginning of its identity; the one run last if None.

    Returns:
        The networks in the study's order, and a sentence for each that is left out.

    Raises:
        StoreError: if there is no store, or it cannot be read.
        StudyError: if it holds no such study.
    """
    with Store(path, read_only=True) as store:
        kept = find_kept(store, study, with_rounds=True)
        weights = {
            r.competitor: r.attachment("weights") for r in store.results(kept.keys, range(1))
        }
        elsewhere = {name for name, key in kept.keys.items() if not _of_mnist(store, key)}
    networks, notes = [], []
    measured: dict[bool, Standardiser] = {}
    for competitor in kept.study.competitors:
        try:
            if kept.study.data not in PAIRS:
                raise ModelFileError(f"it takes {kept.study.data!r}, not pairs of digits")
            if competitor.name in elsewhere:
                raise ModelFileError("it was trained on other data than MNIST")
            standardised = competitor.recipe.standardise
            if standardised not in measured:
                measured[standardised] = _standardiser(kept.study, standardised)
            found = _stored(kept, competitor, weights.get(competitor.name), measured[standardised])
        except (BakeoffError, SafetensorError) as error:
            notes.append(f"{competitor.name} of study {kept.study.name!r} is left out: {error}")
        else:
            networks.append(found)
    return networks, notes


def _of_mnist(store: Store, key: str) -> bool:
    """Tell whether rounds were trained on the embedded MNIST, as drawings are framed for it."""
    return [row[0] for row in store.read("SELECT data FROM keys WHERE key = ?", key)] == [
        "embedded"
    ]


def _standardiser(study: Study, standardised: bool) -> Standardiser:
    """Return what the inputs of a study's first round went through."""
    if not standardised:
        return UNCHANGED
    digits = load_mnist(EMBEDDED).train
    # Of whatever else is drawn along with them, a round's training pairs are the deck's first.
    deck = deal_unequal_pairs(digits.labels, rng.generator(study.seed, 0, "data", "train"))
    return fit_standardiser(digits.images[deck[: study.train_size]], per_feature=False)


def _stored(
    kept: StoredStudy, competitor: Competitor, weights: bytes | None, standardiser: Standardiser
) -> PairReader:
    if weights is None:
        raise ModelFileError("the store holds no weights of its first round")
    network = make_network(competitor)
    network.load_state_dict(decode_tensors(weights))
    reader = PairReader(
        competitor.name, f"study {kept.study.name!r}, round 0", network.eval(), standardiser
    )
    reader.answer(BLANK)  # better found out now than when someone draws
    return reader
