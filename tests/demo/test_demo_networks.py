import attrs
import pytest
import torch
from safetensors.torch import save

from bakeoff.data import load_mnist
from bakeoff.demo.networks import PairReader, stored_networks
from bakeoff.errors import ModelFileError, StoreError, StudyError
from bakeoff.models import MODELS
from bakeoff.nn import Linear, Module
from bakeoff.training.studies import ABLATION
from bakeoff.training.trainer import round_data

NAMES = ["model2", "model2+digits"]
SHORT = ABLATION.only(NAMES)


def test_a_study_s_networks_answer_as_in_their_round(store):
    networks, notes = stored_networks(store())
    assert [network.name for network in networks] == NAMES
    assert networks[0].origin == "study 'ablation', round 0"
    assert networks[0].parameters == 72_546
    assert notes == []
    data = round_data(SHORT, 0, True, None)
    raw = networks[0].standardiser
    pair = data.train_input[:1]
    outputs = MODELS["model2+digits"]().initialise(SHORT.seed).eval()(pair)
    answer = networks[1].answer(pair[0] * raw.std + raw.mean)
    for found, name in ((answer.larger, "target"), (answer.digits[0], "first"),
                        (answer.digits[1], "second")):  # fmt: skip
        wanted = outputs[name].data[0].double().softmax(0)
        torch.testing.assert_close(torch.tensor(found).double(), wanted, atol=1e-5, rtol=0)
    assert networks[0].answer(pair[0]).digits is None


def test_networks_that_took_raw_greys_get_them(store):
    study = attrs.evolve(
        SHORT,
        competitors=[
            attrs.evolve(c, recipe=attrs.evolve(c.recipe, standardise=False))
            for c in SHORT.competitors
        ],
    )
    networks, _ = stored_networks(store(study=study))
    pair = load_mnist().test.images[:2]
    assert torch.equal(networks[0].standardiser(pair), pair)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"weights": lambda network: None}, "holds no weights"),
        ({"weights": lambda network: b"first"}, "left out: "),
        ({"data": "0123"}, "trained on other data than MNIST"),
    ],
)
def test_what_cannot_answer_is_left_out_and_told(store, changed, why):
    networks, notes = stored_networks(store(**changed))
    assert networks == []
    assert [note.partition(" of study")[0] for note in notes] == NAMES
    assert all(why in note for note in notes)


def test_weights_of_another_network_are_left_out(store):
    other = MODELS["model1"]().initialise(0)
    networks, notes = stored_networks(store(weights=lambda network: save(other.state_dict())))
    assert (networks, len(notes)) == ([], 2)


def test_no_store_and_no_study_are_told(store, tmp_path):
    with pytest.raises(StoreError, match="there is no store yet"):
        stored_networks(tmp_path / "none.sqlite")
    with pytest.raises(StudyError, match="did you mean 'ablation'"):
        stored_networks(store(), "ablatoin")


class Broken(Module):
    def __init__(self):
        self.output = Linear(2 * 14 * 14, 2)

    def forward(self, pairs):
        return self.output(pairs.flatten(0, 2)) * float("nan")


def test_an_answer_is_finite_or_an_error():
    reader = PairReader("broken", "here", Broken().initialise(0), lambda x: x)
    with pytest.raises(ModelFileError, match="'broken': gives no finite answer"):
        reader.answer(torch.zeros(2, 14, 14))


def test_the_whole_ablation_could_answer(store):
    networks, notes = stored_networks(store(study=ABLATION))
    assert [network.name for network in networks] == list(ABLATION.competitor_names)
    assert notes == []
