"""Users' own networks: found without running them, tried, and trained by whoever can."""

import os
import sys
from textwrap import dedent

import attrs
import pytest
import torch

from bakeoff.errors import StudyError
from bakeoff.interop import from_torch
from bakeoff.study.run import Listener, RunOptions
from bakeoff.study.user_code import file_of, load_own, look_beside, own_files
from bakeoff.training.fit_check import choose
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.torch_state import _settings, known_state
from bakeoff.training.trainer import started
from records import auxiliary
from trainers import train_with

MODULE = '''
import torch
from torch import nn

from bakeoff import nn as ours


class Net(nn.Module):
    """Layers that bakeoff has."""

    def __init__(self, hidden=8, p=0.0):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        )
        self.hidden = nn.Linear(144, hidden)
        self.dropout = nn.Dropout(p)
        self.output = nn.Linear(hidden, 2)
        self.digit = nn.Linear(hidden, 10)
        nn.init.constant_(self.output.bias, 0.125)

    def forward(self, pairs):
        hidden = self.dropout(torch.relu(self.hidden(self.body(pairs))))
        digit = self.digit(hidden)
        return {"target": self.output(hidden), "first": digit, "second": digit}


class Smooth(Net):
    """A function that bakeoff does not have."""

    def forward(self, pairs):
        return self.output(nn.functional.normalize(self.hidden(self.body(pairs))))


class Centred(Net):
    """What mixes the examples of a batch."""

    def forward(self, pairs):
        hidden = self.hidden(self.body(pairs))
        return self.output(hidden - hidden.mean(0))


class Ours(ours.Module):
    def __init__(self, hidden=8):
        self.hidden, self.output = ours.Linear(392, hidden), ours.Linear(hidden, 2)
        self.flatten = ours.Flatten()

    def forward(self, pairs):
        return self.output(self.hidden(self.flatten(pairs)).tanh())


class Wide(Net):
    def forward(self, pairs):
        return self.body(pairs)


class Nameless(Net):
    def forward(self, pairs):
        return {"answer": self.output(self.hidden(self.body(pairs)))}


class Extra(Net):
    def forward(self, pairs):
        return {"target": self.output(self.hidden(self.body(pairs))), "third": pairs.sum((2, 3))}


class Fails(Net):
    def forward(self, pairs):
        raise ValueError("not today")


class Noisy(Net):
    def forward(self, pairs):
        return self.output(self.hidden(self.body(pairs))) + torch.randn(len(pairs), 2)


class Rows(ours.Module):
    """As if the batch came first."""

    def __init__(self):
        self.flatten, self.output = ours.Flatten(), ours.Linear(392, 2)

    def forward(self, pairs):
        return self.output(self.flatten(pairs)).softmax(1)


class Square(ours.Module):
    """As if the batch came first, where it is as large as the features."""

    def __init__(self):
        self.flatten, self.first = ours.Flatten(), ours.Linear(392, 3)
        self.output = ours.Linear(3, 2)

    def forward(self, pairs):
        return self.output(self.first(self.flatten(pairs)) + self.first.bias)


class Masked(Net):
    """What it draws and reads, and saves not."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mask", torch.rand(2), persistent=False)

    def forward(self, pairs):
        return self.output(self.hidden(self.body(pairs))) * self.mask


def number(**options):
    return 3
'''


@pytest.fixture
def modules(own_folder):
    (own_folder / "nets.py").write_text(MODULE)
    return own_folder


def study_of(*competitors, **recipe):
    recipe = {"batch_size": 20, "epochs": 2, **recipe}
    return NetworkStudy(
        "s", "Which?", competitors, train_size=60, test_size=60, seed=3
    ).with_recipe(Recipe(**recipe))


def trained(study, competitor, group, asked="bakeoff", **options):
    trainers = {name: choice.trainer for name, choice in choose(study, asked).items()}
    return train_with(trainers, **options)(study, competitor, group, None)


def own(name, **options):
    return NetworkCompetitor(name.lower(), network=f"nets:{name}", options=options)


def test_a_file_is_found_without_running_it(modules):
    package = modules / "package"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('ran')")
    (package / "inner.py").write_text("raise SystemExit('ran')")
    assert file_of("package.inner:Net") == package / "inner.py"
    assert file_of("nets:Net") == modules / "nets.py"
    assert file_of("nets.inner:Net") is None
    assert file_of("package.outer:Net") is None
    assert own_files(study_of(own("Net"), NetworkCompetitor("model1"))) == {
        "nets:Net": modules / "nets.py"
    }
    assert not {"nets", "package", "package.inner"} & set(sys.modules)
    with pytest.raises(StudyError, match="found no module 'nest'"):
        own_files(study_of(NetworkCompetitor("a", network="nest:Net")))


def test_each_network_gets_the_trainer_that_can(modules):
    study = study_of(own("Net"), own("Smooth"), own("Ours"), NetworkCompetitor("model2"))
    choices = choose(study)
    assert {name: choice.trainer for name, choice in choices.items()} == {
        "net": "bakeoff",
        "smooth": "torch",
        "ours": "bakeoff",
        "model2": "bakeoff",
    }
    assert "the forward calls normalize, which bakeoff does not have" in choices["smooth"].why
    assert choices["ours"].why == "as it is made of bakeoff's layers"
    assert choices["model2"].why == "as asked for"
    asked = choose(study, "torch").values()
    assert {(c.trainer, c.why) for c in asked} == {("torch", "as asked for")}


def test_a_network_that_comes_out_otherwise_in_our_layers_is_pytorchs(modules, monkeypatch):
    from bakeoff.training import fit_check

    def slightly_other(network):
        made = from_torch(network)
        for parameter in made.parameters():
            parameter.data.mul_(1.001)
        return made

    monkeypatch.setattr(fit_check, "from_torch", slightly_other)
    choice = choose(study_of(own("Net")))["net"]
    assert (choice.trainer, choice.why) == ("torch", "as bakeoff's own layers give other outputs")


def test_a_buffer_that_is_not_saved_is_each_rounds_own(modules):
    masks = started(own("Masked"), 3, range(2)).state_dict()["mask"]
    for round_, mask in enumerate(masks):
        assert torch.equal(
            started(own("Masked"), 3, range(round_, round_ + 1)).state_dict()["mask"], mask
        )
    assert not torch.equal(*masks)


def test_a_run_tells_whose_code_it_runs_and_who_trains_it(modules):
    files, told = [], []
    listener = Listener(on_code=files.append, on_choices=told.append)
    study = study_of(own("Net"), NetworkCompetitor("model1"))
    made = study.prepare(RunOptions(), listener)
    assert files == [{"nets:Net": modules / "nets.py"}]
    assert [{n: c.trainer for n, c in choices.items()} for choices in told] == [
        {"net": made["net"].trainer}
    ]


@pytest.mark.parametrize("name", ["Net", "Ours"])
def test_both_trainers_agree(modules, name):
    competitor = attrs.evolve(own(name), loss_weights={"first": 0.5} if name == "Net" else {})
    study = study_of(competitor)
    (competitor,) = study.competitors
    before = torch.get_rng_state()
    results = {}
    for asked in ("bakeoff", "torch"):
        (results[asked],) = trained(study, competitor, 0, asked)
    assert torch.equal(torch.get_rng_state(), before), "the global generator was moved"
    ours, theirs = results.values()
    assert ours.curve("train_loss") != theirs.curve("train_loss")
    assert theirs.curve("train_loss") == pytest.approx(ours.curve("train_loss"), abs=1e-4)
    assert ours.parameters == theirs.parameters
    if name == "Net":
        assert auxiliary(theirs)["first"] == pytest.approx(auxiliary(ours)["first"], 1e-4)


def test_dropout_and_a_function_of_pytorchs_repeat(modules):
    study = study_of(own("Smooth", p=0.5), own("Net", p=0.5))
    for competitor in study.competitors:
        once, again = (trained(study, competitor, 1) for _ in range(2))
        assert attrs.evolve(once[0], seconds=0.0) == attrs.evolve(again[0], seconds=0.0)
        tape = trained(study, competitor, 1, plan=False)
        assert attrs.evolve(tape[0], seconds=0.0) == attrs.evolve(again[0], seconds=0.0)


def test_a_torch_module_starts_as_it_draws_itself_anew_each_round(modules):
    together = started(own("Net"), 3, range(2)).state_dict()
    assert torch.equal(together["output.bias"], torch.full((2, 2), 0.125))
    assert not torch.equal(together["hidden.weight"][0], together["hidden.weight"][1])
    for r in range(2):
        alone = started(own("Net"), 3, range(r, r + 1)).state_dict()
        for name, value in alone.items():
            assert torch.equal(value, together[name][r]), name


def test_rounds_in_lockstep_are_those_of_rounds_alone(modules):
    for name in ("Net", "Ours"):
        alone = study_of(own(name))
        (one,) = trained(alone, alone.competitors[0], 1)
        both = study_of(own(name), rounds_per_group=2)
        _, two = trained(both, both.competitors[0], 0)
        assert two.round == one.round == 1
        assert two.curve("train_loss") == pytest.approx(one.curve("train_loss"), abs=1e-5)


@pytest.mark.parametrize(
    ("network", "options", "words"),
    [
        ("nets:Nte", {}, "nets has no 'Nte' .did you mean 'Net'"),
        ("nets:Net", {"wide": 3}, "making it failed: TypeError: .*unexpected keyword"),
        ("nets:number", {}, "gave a int, expected a bakeoff.nn.Module or a torch.nn.Module"),
        ("nets:Wide", {}, r"output 'target': got \(3, 144\), expected logits of shape \(3, 2\)"),
        ("nets:Nameless", {}, "gives answer, expected an output 'target'"),
        ("nets:Extra", {}, "output 'third': is scored against no label"),
        ("nets:Fails", {}, r"failed: ValueError: not today .nets.py, line 69"),
        ("broken:Net", {}, r"importing broken failed: ZeroDivisionError: .*broken.py, line 2"),
        ("nowhere:Net", {}, "found no module 'nowhere'"),
    ],
)
def test_what_is_no_network_is_one_sentence(modules, network, options, words):
    (modules / "broken.py").write_text(
        dedent("""\
        x = 1
        x / 0
        """)
    )
    with pytest.raises(StudyError, match=words) as raised:
        choose(study_of(NetworkCompetitor("a", network=network, options=options)))
    assert "\n" not in str(raised.value)


def test_a_script_that_ends_python_is_one_sentence(modules):
    (modules / "script.py").write_text("import sys\n\n\nclass Net: ...\n\n\nsys.exit(0)\n")
    with pytest.raises(StudyError, match=r"failed: SystemExit: 0 .script.py, line 7"):
        choose(study_of(NetworkCompetitor("a", network="script:Net")))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Centred", "in a batch of 5, in evaluation.*normalise over the batch in training alone"),
        ("Rows", "got other outputs for 3 examples alone.*forward is batch-last, features x batch"),
        ("Square", r"a batch of shape \(5, 2, 14, 14\) failed"),
    ],
)
def test_a_network_that_mixes_examples_is_refused(modules, name, words):
    with pytest.raises(StudyError, match=words):
        choose(study_of(own(name)))


def test_dropout_noise_and_batch_norm_mix_no_examples(modules):
    assert choose(study_of(own("Net", p=0.5), own("Noisy"))).keys() == {"net", "noisy"}


def test_a_loss_weight_of_no_output_is_found_before_any_work(modules):
    with pytest.raises(StudyError, match=r"Net: loss weight of 'frist': .*did you mean 'first'"):
        choose(study_of(attrs.evolve(own("Net"), loss_weights={"frist": 1.0})))


def test_the_current_folder_hides_nothing(modules):
    (modules / "json.py").write_text("raise SystemExit('ran')")
    assert file_of("json:loads") != modules / "json.py"
    assert load_own("json:loads") is __import__("json").loads


SETTINGS = [
    "torch.set_num_threads(2)",
    "torch.set_default_dtype(torch.float64)",
    "torch.set_default_device('meta')",
    "torch.set_float32_matmul_precision('medium')",
    "torch.backends.mkldnn.enabled = False",
    "torch.backends.mkldnn.deterministic = True",
    "torch.use_deterministic_algorithms(True)",
    "torch.set_flush_denormal(True)",
    "torch.set_grad_enabled(False)",
    "torch.set_autocast_enabled('cpu', True)",
    "torch.backends.cuda.enable_flash_sdp(False)",
    "os.chdir('/')",
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_module_sets_for_all_shapes_no_rivals_rounds(modules, setting):
    rival, where = own("Smooth"), "\nimport os\nimport torch\n"
    study = study_of(rival, NetworkCompetitor("loud", network="package:Net"))
    rival, loud = study.competitors
    (modules / "package.py").write_text(f"{where}{setting}\nfrom nets import Net\n")
    both = {rival.name: "torch", loud.name: "torch"}

    def bits(competitor):
        (result,) = train_with(both)(study, competitor, 0, None)
        return attrs.evolve(result, seconds=0.0)

    with known_state():
        settings = [each.read() for each in _settings()]
        before = bits(rival)
        first = bits(loud)
        assert [each.read() for each in _settings()] == settings
        assert bits(rival) == before
        assert bits(loud) == first
        # What runs of a user's code later may set it as well.
        exec(setting, {"os": os, "torch": torch})
        assert bits(rival) == before


def test_a_module_beside_the_studys_file_comes_first(modules):
    folder = modules / "elsewhere"
    folder.mkdir()
    (folder / "broken.py").write_text("from sibling import one as Net\n")
    (folder / "sibling.py").write_text("def one(): return 1\n")
    (modules / "broken.py").write_text("1 / 0")
    study = study_of(NetworkCompetitor("a", network="broken:Net"))
    look_beside(folder / "s.toml", study)
    assert own_files(study) == {"broken:Net": folder / "broken.py"}
    assert load_own("broken:Net")() == 1
    with pytest.raises(StudyError, match=r"a study in .*elsewhere, read before, does so too"):
        look_beside(modules / "s.toml", study)


def test_a_module_of_that_name_that_is_loaded_already_is_not_taken_for_it(modules):
    (modules / "sub").mkdir()
    (modules / "sub" / "json.py").write_text("def loads(): ...")
    look_beside(modules / "sub" / "s.toml", study_of(NetworkCompetitor("a", network="json:loads")))
    with pytest.raises(StudyError, match=r"found .*sub/json.py, but Python has loaded json from"):
        load_own("json:loads")


def test_recursion_is_one_sentence(modules):
    (modules / "broken.py").write_text(
        "from nets import Net\n"
        "def deep(): return deep()\n"
        "class Deep(Net):\n    def forward(self, pairs): return self.forward(pairs)\n"
        "class Traced(Net):\n"
        "    def forward(self, pairs):\n"
        "        return super().forward(pairs) if type(pairs).__name__ == 'Tensor' else deep()\n"
    )
    for name in ("deep", "Deep"):
        with pytest.raises(StudyError, match="RecursionError: maximum recursion depth"):
            choose(study_of(NetworkCompetitor("a", network=f"broken:{name}")))
    assert choose(study_of(NetworkCompetitor("a", network="broken:Traced")))["a"].trainer == "torch"
