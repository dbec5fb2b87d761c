import shutil
import sys

import attrs
import pytest

from bakeoff.errors import StudyError
from bakeoff.training.keys import keys_of
from bakeoff.training.sources import (
    ALWAYS,
    BY_USE,
    PACKAGE,
    network_hash,
    own_hash,
    sources_hash,
    sources_of,
)
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


@pytest.fixture
def package(tmp_path):
    def unread(folder, names):
        return [name for name in names if "." in name and not name.endswith(".py")]

    return shutil.copytree(PACKAGE, tmp_path / "bakeoff", ignore=unread)


def changes(package, name, old, new):
    """Return whether the hash of model1 is another one when a source is changed."""
    before, path = network_hash("model1", package), package / name
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))
    after = network_hash("model1", package)
    path.write_text(content)
    return after != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nn/layers.py", "from __future__", "# A comment.\nfrom __future__"),
        ("nn/layers.py", '"""', '"""In other words: '),
        ("nn/layers.py", '        """', '        """In other words: '),
        ("autodiff/kernels.py", "\n\n\n", "\n\n\n\n\n"),
        ("nn/regularisation.py", "class Dropout(", "class Otherwise("),
        ("models/record.py", "import", "import os, sys\nimport"),
        ("models/__init__.py", "partial(MLP, 2, 1)", "partial(MLP, 2, 3)"),
    ],
)
def test_words_layout_and_what_is_not_used_change_nothing(package, name, old, new):
    assert not changes(package, name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("rng.py", "manual_seed(", "manual_seed(1 + "),
        ("autodiff/elementwise.py", " * ", " + "),
        ("nn/layers.py", "bias", "BIAS"),
        ("nn/init.py", "math.sqrt", "math.exp"),
        ("optim/adaptive.py", "0.999", "0.99"),
        ("models/report.py", "Linear(", "Linear(1 + "),
        ("models/pair.py", "dim=-3", "dim=-2"),
        (
            "models/__init__.py",
            '"model1": partial(SimplePair, shared=False)',
            '"model1": SimplePair',
        ),
        ("training/trainer.py", "range(", "range(0, "),
        ("training/learner.py", " + ", " - "),
    ],
)
def test_each_rule_that_a_round_runs_counts(package, name, old, new):
    assert changes(package, name, old, new)


def test_a_network_counts_what_it_is_made_of(package):
    def hashes():
        return [network_hash(name, package) for name in ("model1", "record", "unknown")]

    before = hashes()
    assert len(set(before)) == 3
    path = package / "nn" / "normalisation.py"
    path.write_text(path.read_text().replace("momentum", "inertia"))
    assert [a == b for a, b in zip(before, hashes(), strict=True)] == [True, False, False]
    path.rename(package / "nn" / "norm.py")
    assert network_hash("unknown", package) != before[2]


def test_all_of_bakeoff_is_not_what_shapes_a_round(package):
    assert sources_hash(ALWAYS + BY_USE, package) == sources_hash(ALWAYS + BY_USE) != sources_hash()


def test_a_users_own_network_counts_with_its_file(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "my_network.py"
    module.write_text("class Mine: pass\n")
    before = own_hash("my_network:Mine")
    module.write_text("# Mine.\nclass Mine:\n    pass\n")
    assert own_hash("my_network:Mine") == before
    module.write_text("class Mine: ...\n")
    assert own_hash("my_network:Mine") != before
    assert "my_network" not in sys.modules
    own = NetworkStudy("s", "Which?", [NetworkCompetitor("a", network="my_network:Mine")])
    first = keys_of(own)["a"].text
    module.write_text("class Mine: 1\n")
    assert keys_of(own)["a"].text != first
    module.write_text("class Mine: (\n")  # running it will tell
    assert keys_of(own)["a"].text != first
    with pytest.raises(StudyError, match="found no module 'my_netwrok'"):
        own_hash("my_netwrok:Mine")


@pytest.mark.parametrize(
    ("imports", "helper"),
    [
        ("import my_layers", "my_layers.py"),
        ("from my_layers import Layer", "my_layers.py"),
        ("from .layers import Layer", "layers.py"),
        ("from . import layers", "layers.py"),
        ("from ..own import layers", "layers.py"),
    ],
)
def test_what_a_users_file_imports_from_beside_it_counts_too(
    tmp_path, monkeypatch, imports, helper
):
    package = tmp_path / "own"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "net.py").write_text(f"import os\n{imports}\n")
    (package / helper).write_text("import net\nLayer = 1\n")
    (package / "other.py").write_text("Layer = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(package)
    before = sources_of("own.net:Mine")
    (package / "other.py").write_text("Layer = 2\n")
    assert sources_of("own.net:Mine") == before
    (package / helper).write_text("import net\nLayer = 2\n")
    assert sources_of("own.net:Mine") != before


def test_all_of_an_installed_packages_own_modules_count_but_no_neighbours(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "mine.py").write_text("import other\n")
    (folder / "other.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(folder)
    before = own_hash("mine:Net")
    (folder / "other.py").write_text("x = 2\n")
    assert own_hash("mine:Net") == before


def test_a_study_of_own_data_counts_their_file(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_data.py").write_text("def rounds(): ...\n")
    study = NetworkStudy(
        "s", "Which?", [NetworkCompetitor("a", network="mlp")], data="my_data:rounds"
    )
    before = keys_of(study)["a"].text
    (tmp_path / "my_data.py").write_text("def rounds(): return 1\n")
    assert keys_of(study)["a"].text != before
    assert keys_of(attrs.evolve(study, data="disk"))["a"].text != before
