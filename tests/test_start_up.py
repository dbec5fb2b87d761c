"""What nobody shall wait for: the help, a comparison of some rows, and `import bakeoff`."""

import ast
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

import bakeoff

HEAVY = ("attrs", "numpy", "rich", "scipy", "scipy.stats", "torch", "yaml")
LOADED = f"print(*sorted(sys.modules.keys() & {set(HEAVY)}))"
NO_TORCH = "networks are trained with torch, which is not installed; install it with pip install"
FRAMEWORK = ("autodiff", "data", "interop", "models", "neural_network", "nn", "optim")


def told(*words, folder=None):
    """What a Python that was given these words prints."""
    done = [sys.executable, *words]
    return subprocess.run(done, capture_output=True, text=True, check=True, cwd=folder).stdout


def seconds(*words, folder=None):
    begun = perf_counter()
    told(*words, folder=folder)
    return perf_counter() - begun


def any_within(limit, measure, tries=12):
    """Whether one of some tries keeps a limit; a slow or busy machine has as much more time as it
    takes to load scipy's functions, for which one core of 2020 needs 0.4 s."""
    return any(
        measure() <= limit * max(1, seconds("-c", "import scipy.special") / 0.4)
        for _ in range(tries)
    )


def loaded_by(*words):
    """What is heavy of what a command loads."""
    code = f"import sys; from bakeoff.cli import main\nsys.argv = {['bakeoff', *words]}\n"
    return told("-c", f"{code}try: main()\nexcept SystemExit: {LOADED}").splitlines()[-1].split()


def test_the_help_is_there_at_once():
    bare = ("-c", "pass")
    assert any_within(0.15, lambda: seconds("-m", "bakeoff", "--help") - seconds(*bare))
    assert loaded_by("--help") == []


def test_thirty_rows_are_compared_within_a_second(tmp_path):
    rows = [f"{r},{name},{r * 7 % 5 + (name == 'b')}" for r in range(15) for name in "ab"]
    (tmp_path / "a.csv").write_text("\n".join(["round,competitor,value", *rows]))
    words = ("-m", "bakeoff", "compare", "a.csv")
    assert any_within(1.0, lambda: seconds(*words, folder=tmp_path))
    assert not {"scipy.stats", "torch"} & set(loaded_by("compare", str(tmp_path / "a.csv")))


def test_importing_bakeoff_loads_nothing_heavy():
    assert told("-c", f"import sys, bakeoff; dir(bakeoff); {LOADED}") == "\n"
    assert "torch" in told("-c", f"import sys, bakeoff; bakeoff.nn.Linear; {LOADED}")
    code = f"import sys; from bakeoff import Metric, NetworkStudy, compare, race, run; {LOADED}"
    assert "torch" not in told("-c", code)


def test_every_name_is_typed_for_editors():
    body = ast.parse(Path(bakeoff.__file__).read_text(encoding="utf-8")).body
    typed = next(node for node in body if isinstance(node, ast.If)).body
    names = {
        alias.name for node in typed if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert names | {"__version__"} == {*bakeoff.__all__, "Any"}
    for name in bakeoff.__all__:
        assert getattr(bakeoff, name) is not None


@pytest.mark.parametrize("module", FRAMEWORK)
def test_without_torch_the_framework_names_its_extra(module):
    code = f"import sys; sys.modules['torch'] = None\ntry: import bakeoff.{module}\n"
    assert NO_TORCH + " 'bakeoff[torch]'" in told("-c", code + "except ImportError as e: print(e)")


def test_without_torch_a_name_of_the_framework_names_its_extra():
    code = """import sys; sys.modules["torch"] = None
import bakeoff
for name in bakeoff.__all__:
    try: getattr(bakeoff, name)
    except bakeoff.errors.MissingExtraError as e: print(name, e)
"""
    lines = told("-c", code).splitlines()
    assert all(NO_TORCH in line for line in lines)
    assert {line.split()[0] for line in lines} == {
        *("NeuralNetwork", "Tensor", "autodiff", "capture", "check_grad", "generate_disk_sets"),
        *("generate_pair_sets", "grad", "nn", "no_grad", "operation", "optim"),
    }
