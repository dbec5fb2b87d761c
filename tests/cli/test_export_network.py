"""`bakeoff export COMPETITOR --format`: the same network in three forms, of any round."""

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from bakeoff.data import draw_pair_sets, load_mnist, standardise
from bakeoff.models import MODELS
from bakeoff.rng import generator
from bakeoff.study.machine import this_machine
from bakeoff.study.store import Store
from bakeoff.training.keys import keys_of
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import train_group

STUDY = NetworkStudy(
    "tiny", "Which?", [NetworkCompetitor("model2")], train_size=100, test_size=100, seed=4
).with_recipe(Recipe(epochs=2, batch_size=20, rounds_per_group=2))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of one group of two rounds, trained for real."""
    path = tmp_path_factory.mktemp("export") / "tiny.sqlite"
    keys = keys_of(STUDY)
    with Store(path) as opened:
        opened.record(STUDY, keys, range(2))
        results = train_group(STUDY, STUDY.competitors[0], 0)
        opened.keep(keys["model2"].text, 0, results, this_machine())
    return path


def inputs_of(round_):
    train, test = (generator(4, round_, "data", name) for name in ("train", "test"))
    return standardise(draw_pair_sets(load_mnist(), 100, train=train, test=test)).test_input


def predictions_of(store, round_):
    with Store(store, read_only=True) as opened:
        (result,) = opened.results(
            {"model2": keys_of(STUDY)["model2"].text}, range(round_, round_ + 1)
        )
    return list(result.attachment("predictions"))


@pytest.mark.parametrize("round_", [0, 1])
def test_each_form_predicts_what_the_round_predicted(bakeoff, store, tmp_path, round_):
    x, expected = inputs_of(round_), predictions_of(store, round_)
    which = ["--round", round_, "--store", store]
    for form, file in (("safetensors", "m.safetensors"), ("onnx", "m.onnx"), ("torch", "m.pt2")):
        code, out, err = bakeoff(
            "export", "model2", "--format", form, "-o", tmp_path / file, *which
        )
        assert code == 0, err
        assert f"model2, round {round_}, of study tiny" in " ".join(out.split())
        assert ("trains round 1 again" in " ".join(err.split())) == (round_ == 1)
        assert "came out otherwise" not in err
    network = MODELS["model2"]()
    network.load_state_dict(load_file(tmp_path / "m.safetensors"))
    assert network.eval()(x)["target"].data.argmax(1).tolist() == expected
    session = onnxruntime.InferenceSession(
        str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"]
    )
    (logits,) = session.run(["target"], {"input": x.numpy()})
    assert np.argmax(logits, 1).tolist() == expected
    program = torch.export.load(tmp_path / "m.pt2").module()
    assert program(x)["target"].argmax(1).tolist() == expected
    assert program(x[:1])["target"].argmax(1).tolist() == expected[:1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model2", "--format", "onxn", "-o", "a"], "--format: got 'onxn' (did you mean 'onnx'?)"),
        (["model2", "--format", "onnx"], "Missing option '--output' / '-o'"),
        (["all.json", "-o", "a"], "Missing option '--format'"),
        (["modle2", "--format", "onnx", "-o", "a"], "no competitor 'modle2' (did you mean"),
        (["model2", "--format", "onnx", "-o", "none/a"], "none/a: cannot be written"),
        (["model2", "--format", "torch", "-o", "a", "--round", "-1"], "round: got -1"),
    ],
)
def test_mistakes_are_one_sentence(bakeoff, store, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = bakeoff("export", *arguments, "--store", store)
    assert code == 2
    assert words in " ".join(err.split())
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())
