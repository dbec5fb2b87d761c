import shutil
import sys

import attrs
import pytest

from bakeoff.errors import StudyError
from bakeoff.study.keys import PACKAGE, SOURCES, data_hash, keys_of, own_hash, sources_hash
from bakeoff.study.spec import Competitor, Study

STUDY = Study("s", "Which?", [Competitor("a"), Competitor("b")], [("b", "a")])


def texts(study, data_dir=None):
    return {name: key.text for name, key in keys_of(study, data_dir).items()}


def test_equal_training_has_an_equal_key_whatever_its_name():
    again = Study("t", "Why?", [Competitor("other", network="a")], rounds=99)
    assert texts(again) == {"other": texts(STUDY)["a"]}
    assert texts(STUDY)["a"] != texts(STUDY)["b"]
    assert texts(attrs.evolve(STUDY, seed=1))["a"] != texts(STUDY)["a"]


@pytest.fixture
def package(tmp_path):
    for name in SOURCES:
        source, copy = PACKAGE / name, tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.gz", "__pycache__"))
        else:
            shutil.copy(source, copy)
    return tmp_path


def test_every_source_that_shapes_results_counts(package):
    assert sources_hash(package) == sources_hash()
    for name in (
        "rng.py",
        "nn/linear.py",
        "autodiff/kernels.py",
        "study/training/trainer.py",
        "study/training/learner.py",
    ):
        path = package / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert sources_hash(package) != sources_hash(), name
        path.write_bytes(content)
    (package / "models" / "new.py").touch()
    assert sources_hash(package) != sources_hash()


def test_a_renamed_source_counts(package):
    (package / "rng.py").rename(package / "models" / "rng.py")
    (package / "rng.py").touch()
    assert sources_hash(package) != sources_hash()


def test_a_users_own_network_counts_with_its_file(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "my_network.py"
    module.write_text("class Mine: pass\n")
    before = own_hash("my_network:Mine")
    module.write_text("class Mine: ...\n")
    assert own_hash("my_network:Mine") != before
    assert own_hash("model1") == ""
    assert "my_network" not in sys.modules
    own = Study("s", "Which?", [Competitor("a", network="my_network:Mine")])
    first = texts(own)
    module.write_text("class Mine: 1\n")
    assert texts(own) != first
    with pytest.raises(StudyError, match="found no module 'my_netwrok'"):
        own_hash("my_netwrok:Mine")


def test_other_data_has_another_key(tmp_path):
    for name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes(b"1")
    assert data_hash() == "embedded"
    before = data_hash(str(tmp_path))
    assert texts(STUDY, str(tmp_path)) != texts(STUDY)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"2")
    assert data_hash(str(tmp_path)) != before
