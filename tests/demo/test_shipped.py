import itertools

import pytest
import strokes
import torch

from bakeoff.data import Standardiser, load_mnist
from bakeoff.data.pairing import deal_unequal_pairs
from bakeoff.demo.framing import frame
from bakeoff.demo.networks import shipped_networks
from bakeoff.demo.shipped import SHIPPED, load_shipped, save_shipped
from bakeoff.errors import ModelFileError
from bakeoff.models import MODELS

STANDARDISER = Standardiser(torch.tensor(33.0), torch.tensor(78.5))


@pytest.fixture(scope="module")
def shipped():
    return shipped_networks()


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "network.safetensors"
    network = MODELS["model2+digits"]().initialise(3)
    save_shipped(path, network, "model2+digits", STANDARDISER, {"task": "digits", "accuracy": 0.5})
    return path, network


def test_at_least_one_network_ships_reads_digits_and_is_small(shipped):
    assert shipped
    assert any(network.answer(torch.zeros(2, 14, 14)).digits for network in shipped)
    for network in shipped:
        assert {"task", "trained_on", "test_accuracy"} <= network.card.keys()
    for _, path in SHIPPED:
        assert not path.exists() or path.stat().st_size < 500_000


def test_its_card_tells_its_test_accuracy(shipped):
    digits = load_mnist().test
    pairs = deal_unequal_pairs(digits.labels, torch.Generator().manual_seed(1))[:600]
    for network in shipped:
        right = 0
        for first, second in pairs.tolist():
            larger = network.answer(digits.images[[first, second]]).larger
            right += (larger[1] > larger[0]) == bool(digits.labels[second] > digits.labels[first])
        assert abs(right / 600 - network.card["test_accuracy"]) < 0.015


@pytest.mark.parametrize("height", [0.35, 0.7, 0.95])
@pytest.mark.parametrize("pen", [0.03, 0.08, 0.15])
def test_it_reads_what_a_hand_draws(shipped, height, pen):
    drawings = [strokes.placed(d, height=height, centre=(0.48, 0.5)) for d in range(10)]
    pictures = frame(torch.stack([strokes.drawn(drawing, pen=pen) for drawing in drawings]))
    network = next(n for n in shipped if n.answer(torch.zeros(2, 14, 14)).digits)
    right = 0
    for first, second in itertools.permutations(range(10), 2):
        answer = network.answer(pictures[[first, second]])
        read = tuple(shares.index(max(shares)) for shares in answer.digits)
        right += read == (first, second) and (answer.larger[1] > answer.larger[0]) == (
            second > first
        )
    assert right >= 81  # of 90


def test_what_is_saved_is_loaded(saved):
    path, network = saved
    loaded = load_shipped(path)
    assert loaded.card == {"task": "digits", "accuracy": 0.5}
    assert loaded.standardiser == STANDARDISER
    assert not loaded.network.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor)


def test_the_same_network_gives_the_same_bytes(saved, tmp_path):
    path, network = saved
    other = tmp_path / "other.safetensors"
    save_shipped(other, network, "model2+digits", STANDARDISER, {"accuracy": 0.5, "task": "digits"})
    assert other.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content.replace(b'\\"format\\":1', b'\\"format\\":2'),
        lambda content: content.replace(b"model2+digits", b"model2+digitz"),
        lambda content: content.replace(b"model2+digits", b"model1+digits"),
        lambda content: content.replace(b'\\"mean\\":33', b'\\"meat\\":33'),
        lambda content: content.replace(b'"bakeoff"', b'"bakeofg"'),
    ],
    ids=["empty", "cut off", "newer", "unknown", "of another form", "no mean", "not ours"],
)
def test_a_spoilt_file_is_told(saved, spoil):
    path, _ = saved
    content = path.read_bytes()
    assert spoil(content) != content
    path.write_bytes(spoil(content))
    with pytest.raises(ModelFileError, match=r"network.safetensors: "):
        load_shipped(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read as a network of the demo"):
        load_shipped(tmp_path / "none.safetensors")
