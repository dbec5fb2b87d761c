"""The networks that answer: those of a study in the store, and those that come with bakeoff.

The file of one that comes with bakeoff holds its weights as safetensors, and beside them one JSON
text: which of `bakeoff.models.MODELS` it is, the mean and deviation that its inputs were
standardised by, and its model card: what it was trained on, what for, and how well it did. The
record's network, which comes with `bakeoff.models`, has its card here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as decode_tensors

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.data import Standardiser, fit_standardiser, load_mnist
from bakeoff.data.mnist import EMBEDDED
from bakeoff.data.pairs import deal_unequal_pairs
from bakeoff.errors import BakeoffError, ModelFileError
from bakeoff.interop.safetensors import decode, encode, read_bytes, take_over, write_bytes
from bakeoff.models import MODELS
from bakeoff.models.record import shipped_record
from bakeoff.nn import Module, count_parameters
from bakeoff.study.store import Store, StoredStudy
from bakeoff.study.store.stored_study import find_kept
from bakeoff.training.data_sets import PAIRS
from bakeoff.training.learner import MAIN
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy, networks_of
from bakeoff.training.trainer import make_network

BLANK = torch.zeros(2, 14, 14)
DIGITS = ("first", "second")
FORMAT = 1
SHIPPED: MappingProxyType[str, Path] = MappingProxyType(
    {"model2, all of MNIST": Path(__file__).parent / "networks" / "model2.safetensors"}
)
"""What the page calls each and where its file is; one whose file is not there is passed over."""
RECORD = "record, 1,000 pairs"
RECORD_CARD: MappingProxyType[str, Any] = MappingProxyType(
    {
        "task": "which of two handwritten digits, 14×14, is larger, and which digits they are",
        "trained_on": "1,000 pairs of training images of MNIST, their images paired, turned and"
        " bent anew in each of 30 epochs: round 0 of the study 'record'",
        "not_for": "digits of other forms, letters, two equal digits",
        "test_pairs": 4506,
        "test_accuracy": 0.9918,
        "test_digit_accuracy": 0.9879,
    }
)
UNCHANGED = Standardiser(torch.tensor(0.0), torch.tensor(1.0))
"""For networks that take grey values as they are."""


@dataclass(frozen=True)
class Answer:
    """What a network says of a pair."""

    # Probabilities that the first and that the second digit is the larger one.
    larger: tuple[float, ...]
    # Probabilities of 0 to 9 for the first and for the second; None if it reads none.
    digits: tuple[tuple[float, ...], ...] | None


@dataclass(frozen=True)
class PairReader:
    """A trained network that answers for one pair of pictures at a time."""

    name: str  # what the page calls it
    origin: str  # where it comes from, for people to read
    network: Module  # out of training
    standardiser: Standardiser  # of its inputs
    # What is known of its training, texts and numbers by name.
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Its number of trained parameters."""
        return count_parameters(self.network)

    def answer(self, pictures: torch.Tensor) -> Answer:
        """Answer for two pictures (2, 14, 14), grey values 0 to 255; refuse what is not finite."""
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


# ---- those that come with bakeoff --------------------------------------------------------------


def shipped_networks() -> list[PairReader]:
    """Return those of `SHIPPED`, and the record's."""
    loaded = [load_shipped(path, name) for name, path in SHIPPED.items() if path.exists()]
    origin = "comes with bakeoff"
    return [*loaded, PairReader(RECORD, origin, shipped_record(), UNCHANGED, dict(RECORD_CARD))]


def save_shipped(
    path: Path, network: Module, model: str, standardiser: Standardiser, card: Mapping[str, Any]
) -> None:
    """Write one of `MODELS`, trained and made without options; the same network, the same bytes."""
    mean, std = (float(x) for x in standardiser)
    told = {"format": FORMAT, "model": model, "mean": mean, "std": std, "card": dict(card)}
    write_bytes(path, encode(network.state_dict(), told))


def load_shipped(path: Path, name: str = "") -> PairReader:
    """Read a file of `save_shipped`; anything else is a ModelFileError."""
    state, told = decode(read_bytes(path), path)
    match told:
        case {
            "format": 1,
            "model": str(model),
            "mean": float(mean),
            "std": float(std),
            "card": dict(card),
        } if model in MODELS:
            network = MODELS[model]()
        case _:
            raise ModelFileError(
                f"{path}: cannot be read as a network of the demo, expected a file written by"
                f" save_shipped, in format {FORMAT}; it may need a newer bakeoff"
            )
    take_over(network, state, path)
    standardiser = Standardiser(torch.tensor(mean), torch.tensor(std))
    return PairReader(name, "comes with bakeoff", network.eval(), standardiser, card)


# ---- those of a store --------------------------------------------------------------------------


def stored_networks(path: Path, study: str | None = None) -> tuple[list[PairReader], list[str]]:
    """Return the networks of a study's first round, and a sentence for each that is left out.

    The study is told by its name or the beginning of its identity; None is the one run last.
    """
    with Store(path, read_only=True) as store:
        kept = find_kept(store, study, with_rounds=True)
        weights = {
            r.competitor: r.attachment("weights") for r in store.results(kept.keys, range(1))
        }
        elsewhere = {name for name, key in kept.keys.items() if not _of_mnist(store, key)}
    networks, notes = [], []
    measured: dict[bool, Standardiser] = {}
    of_networks = networks_of(kept.study, "demo")
    for competitor in of_networks.networks:
        try:
            if of_networks.data not in PAIRS:
                raise ModelFileError(f"it takes {of_networks.data!r}, not pairs of digits")
            if competitor.name in elsewhere:
                raise ModelFileError("it was trained on other data than MNIST")
            standardised = competitor.recipe.standardise
            if standardised not in measured:
                measured[standardised] = _standardiser(of_networks, standardised)
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


def _standardiser(study: NetworkStudy, standardised: bool) -> Standardiser:
    """Return what the inputs of a study's first round went through."""
    if not standardised:
        return UNCHANGED
    digits = load_mnist(EMBEDDED).train
    # Of whatever else is drawn along with them, a round's training pairs are the deck's first.
    deck = deal_unequal_pairs(digits.labels, rng.generator(study.seed, 0, "data", "train"))
    return fit_standardiser(digits.images[deck[: study.train_size]], per_feature=False)


def _stored(
    kept: StoredStudy,
    competitor: NetworkCompetitor,
    weights: bytes | None,
    standardiser: Standardiser,
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
