import attrs

from bakeoff.training.keys import data_hash, keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy("s", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")], [("b", "a")])


def texts(study, data_dir=None):
    return {name: key.text for name, key in keys_of(study, data_dir).items()}


def test_equal_training_has_an_equal_key_whatever_its_name():
    again = NetworkStudy("t", "Why?", [NetworkCompetitor("other", network="a")], rounds=99)
    assert texts(again) == {"other": texts(STUDY)["a"]}
    assert texts(STUDY)["a"] != texts(STUDY)["b"]
    assert texts(attrs.evolve(STUDY, seed=1))["a"] != texts(STUDY)["a"]


def test_other_data_has_another_key(tmp_path):
    for name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes(b"1")
    assert data_hash() == "embedded"
    before = data_hash(str(tmp_path))
    assert texts(STUDY, str(tmp_path)) != texts(STUDY)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"2")
    assert data_hash(str(tmp_path)) != before
