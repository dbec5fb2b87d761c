"""The commands that judge rounds, on a Python that has all that is installed here but torch."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import bakeoff
from bakeoff.study.machine import this_machine
from bakeoff.study.store import Store
from bakeoff.training.keys import keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from records import record

SOURCES = str(Path(bakeoff.__file__).parents[1])
LEFT_OUT = ("torch", "functorch", "safetensors")
STUDY = NetworkStudy(
    "s",
    "Which?",
    [NetworkCompetitor("model1"), NetworkCompetitor("model2")],
    [("model2", "model1")],
)
NUMBERS = "round,competitor,value\n" + "".join(f"{r},a,{r}\n{r},b,{r + 1}\n" for r in range(8))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with a link to each module and package that is installed, but torch's."""
    folder = tmp_path_factory.mktemp("installed")
    for place in dict.fromkeys(p for p in sys.path if p.endswith("-packages")):
        for found in Path(place).iterdir():
            link = folder / found.name
            if not found.name.startswith(LEFT_OUT) and not link.exists():
                link.symlink_to(found)
    return folder


@pytest.fixture
def bare(installed, tmp_path):
    keys = keys_of(STUDY)
    with Store(tmp_path / "bakeoff.sqlite") as store:
        store.record(STUDY, keys, range(8))
        for place, name in enumerate(STUDY.competitor_names):
            half = [0.5] * 25
            tests = [[0.5 + (place * r + place) % 7 / 100] * 25 for r in range(8)]
            records = [
                record(name, r, train_loss=half, train=half, test=test)
                for r, test in enumerate(tests)
            ]
            store.keep(keys[name].text, 0, records, this_machine())
    (tmp_path / "numbers.csv").write_text(NUMBERS)

    def run(*words):
        code = f"import sys; sys.path += {[str(installed), SOURCES]!r}\n"
        code += "from bakeoff.__main__ import main; main()"
        stdlib = sysconfig.get_path("stdlib")
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert stdlib not in done.stderr, done.stderr  # no traceback
        return done.returncode, done.stdout, " ".join(done.stderr.split())

    return run


def test_alone_it_races_two_functions_to_a_verdict_and_keeps_nothing(bare, tmp_path):
    before = sorted(tmp_path.iterdir())
    code, out, err = bare()
    assert code == 0, err
    assert "reverse is better than swap, lower by 1.18 (95 % interval " in out
    assert "keeps nothing" in err
    assert "pip install 'bakeoff[torch]'" in out
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("compare", "numbers.csv", "--higher-is-better"), "b is better than a"),
        (("compare", "model2", "model1"), "model2 "),
        (("report", "numbers.csv", "--higher-is-better"), "wrote report/index.html"),
        (("show", "s"), "model1"),
        (("show", "s", "--format", "json"), '"test_accuracy"'),
        (("plan", "ablation", "--difference", "2", "--help"), "--difference"),
        (("studies",), "ablation"),
        (("rounds",), "model2"),
        (("merge", "new.sqlite", "bakeoff.sqlite"), "16 rounds added"),
        (
            (
                "race",
                "a=echo {seed}",
                "b=echo {seed}.5",
                "--metric",
                "draw",
                "--rounds",
                "6",
                "--live",
            ),
            "b is better than a by 0.50",
        ),
    ],
)
def test_what_judges_rounds_needs_no_torch(bare, words, told):
    code, out, err = bare(*words)
    assert (code, told in out) == (0, True), err


def test_a_plan_after_a_pilot_needs_no_torch(bare, tmp_path):
    (tmp_path / "s.toml").write_text(
        """name = "s"
question = "Which?"
comparisons = [["model2", "model1"]]
[[competitors]]
name = "model1"
[[competitors]]
name = "model2"
"""
    )
    code, out, err = bare("plan", "s.toml", "--difference", "2")
    assert (code, "bakeoff run s.toml" in out) == (0, True), err


@pytest.mark.parametrize(
    "words", [("run", "ablation", "--rounds", "2"), ("plan", "ablation", "--difference", "1")]
)
def test_what_trains_a_network_says_what_it_needs(bare, words):
    code, out, err = bare(*words)
    assert (code, out) == (2, "")
    assert "networks are trained with torch, which is not installed; install it with" in err
    assert "pip install 'bakeoff[torch]'" in err
