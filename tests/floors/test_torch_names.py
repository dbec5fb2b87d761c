"""The rule of the framework: autodiff, nn and optim use listed names of torch alone."""

import ast
from pathlib import Path

import pytest
import torch

import bakeoff
from floors.allowlist import FORBIDDEN, names
from floors.scan import defined_names, dotted, scan

PACKAGE = Path(bakeoff.__file__).parent
FLOORS = ("autodiff", "nn", "optim")
SOURCES = [path for floor in FLOORS for path in sorted((PACKAGE / floor).rglob("*.py"))]
OURS = set().union(*(defined_names(ast.parse(path.read_text())) for path in SOURCES))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_source_uses_listed_names_alone(path):
    assert scan(path.read_text(), names(), OURS) == []


def test_the_floors_are_scanned():
    assert {path.relative_to(PACKAGE).parts[0] for path in SOURCES} == {"autodiff", "nn", "optim"}
    assert len(SOURCES) > 20


# ---- torch's own machinery ------------------------------------------------------------------

MACHINERY = {"nn", "autograd", "optim", "compile", "func", "jit", "ops", "fx", "_dynamo"}
# Where it has a place: exchange with torch.nn, users' torch networks.
AT_HOME = {"interop", "training", "study"}


def machinery_in(source):
    """Return what a source takes from torch.nn, torch.autograd and their like."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                names_used = [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module), names=aliases):
                names_used = [f"{module}.{alias.name}" for alias in aliases]
            case ast.Attribute():
                names_used = [dotted(node) or ""]
            case _:
                continue
        parts = [name.split(".") for name in names_used]
        found += [".".join(p[:2]) for p in parts if p[0] == "torch" and MACHINERY & set(p[1:2])]
    return found


def test_torchs_machinery_stays_at_home():
    rooms = [p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in AT_HOME]
    assert len(rooms) > len(SOURCES)
    found = {str(p.relative_to(PACKAGE)): machinery_in(p.read_text()) for p in rooms}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn",
        "from torch import nn",
        "from torch.nn import Linear",
        "torch.nn.Linear(1, 1)",
    ],
)
def test_torchs_machinery_is_found(source):
    assert set(machinery_in(source)) == {"torch.nn"}
    assert machinery_in(source.replace("torch", "bakeoff")) == []


# ---- the list -------------------------------------------------------------------------------


def test_the_list_names_things_of_torch_once_each():
    listed = names()
    assert len(set(listed)) == len(listed)
    for name in listed:
        thing = torch
        root, *path = name.split(".")
        assert root == "torch"
        assert len(path) == 1 or path[0] == "Tensor"
        for part in path:
            thing = getattr(thing, part)


def test_the_list_holds_no_name_that_the_rule_excludes():
    assert [name for name in names() if FORBIDDEN.search(name)] == []
    private = [name for name in names() if name.split(".")[-1].startswith("_")]
    counter = "torch.Tensor._version"  # torch has no public name for it
    assert all(name.startswith("torch.Tensor.__") or name == counter for name in private)
    modules = {"nn", "functional", "autograd", "optim", "compile", "ops", "jit", "func", "vmap"}
    assert [name for name in names() if set(name.split(".")) & modules] == []


# ---- the scan bites -------------------------------------------------------------------------

HEAD = """
import torch
from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, run, view
from bakeoff.autodiff.kernels import empty as new
from bakeoff.autodiff.tensor import Tensor
"""

FOUND = [
    ("import torch.nn", "import torch.nn"),
    ("import torch.nn.functional as F", "import torch.nn.functional as F"),
    ("import torch as t", "import torch as t"),
    ("import numpy", "import numpy"),
    ("import scipy.special", "import scipy.special"),
    ("import importlib", "import importlib"),
    ("from torch import nn", "from torch import nn"),
    ("from torch import Tensor as T", "from torch import Tensor as T"),
    ("from torch.nn.functional import relu", "from torch.nn.functional import relu"),
    ("from numpy import tanh", "from numpy import tanh"),
    ("from importlib import import_module", "from importlib import import_module"),
    ("import sys\nsys.modules['torch.nn']", "sys.modules"),
    ("from bakeoff.rng import torch as t", "from bakeoff.rng import torch as t"),
    ("from bakeoff.rng import *", "from bakeoff.rng import *"),
    ("from . import kernels", "from . import kernels"),
    ("from ..rng import generator", "from ..rng import generator"),
    ("def f():\n    import torch.autograd", "import torch.autograd"),
    ("torch.relu(x)", "torch.relu"),
    ("torch.conv2d(x, w)", "torch.conv2d"),
    ("torch.nn.functional.relu(x)", "torch.nn.functional.relu"),
    ("torch.nn.Linear(2, 3)", "torch.nn.Linear"),
    ("torch.autograd.grad(y, x)", "torch.autograd.grad"),
    ("torch.optim.SGD(p)", "torch.optim.SGD"),
    ("@torch.compile\ndef f(): ...", "torch.compile"),
    ("torch.ops.aten.convolution", "torch.ops.aten.convolution"),
    ("torch._foreach_add_(xs, ys)", "torch._foreach_add_"),
    ("torch._C._nn.gelu(x)", "torch._C._nn.gelu"),
    ("torch.softmax(x, 0)", "torch.softmax"),
    ("torch.func.grad(f)", "torch.func.grad"),
    ("torch.enable_grad()", "torch.enable_grad"),
    ("torch.manual_seed(0)", "torch.manual_seed"),
    ("run(torch.relu, x)", "torch.relu"),
    ("kernels.update(torch.Tensor.relu_, x)", "torch.Tensor.relu_"),
    ("run(Array.softmax, x, 0)", "torch.Tensor.softmax"),
    ("torch.Tensor.backward(x)", "torch.Tensor.backward"),
    ("torch.add.__self__", "torch.add.__self__"),
    ("t = torch", "torch itself, not a name of it"),
    ("getattr(torch, 'relu')(x)", "torch itself, not a name of it"),
    ("vars(torch)", "torch itself, not a name of it"),
    ("kernels.torch.relu(x)", ".torch"),
    ("eval('1')", "eval"),
    ("globals()", "globals"),
    ("f.__builtins__", ".__builtins__"),
    # Methods of torch tensors, wherever one can be told from ours.
    ("def f(x: Array): return x.softmax(0)", "torch.Tensor.softmax"),
    ("def f(x: torch.Tensor): return x.relu()", "torch.Tensor.relu"),
    ("def f(x: Array | float): return x.sigmoid()", "torch.Tensor.sigmoid"),
    ("def f(x: Tensor): return x.data.relu()", "torch.Tensor.relu"),
    ("def f(x: Tensor): return x.data.grad", "torch.Tensor.grad"),
    ("def f(x: Tensor):\n    y = x.data\n    return y.log_softmax(0)", "torch.Tensor.log_softmax"),
    ("def f(x: Tensor): return run(torch.add, x, x).relu()", "torch.Tensor.relu"),
    ("def f(x):\n    y = new((2,), x)\n    y.relu()", "torch.Tensor.relu"),
    ("y = kernels.copy(x)\ny.tanh()", "torch.Tensor.tanh"),
    ("y = torch.exp(x)[0]\ny.logsumexp(0)", "torch.Tensor.logsumexp"),
    ("def f(*xs: Array):\n    for x in xs:\n        x.relu()", "torch.Tensor.relu"),
    ("def f(xs: list[Array]): return [x.relu() for x in xs]", "torch.Tensor.relu"),
    ("def f(x: Array): return (x * 2 - 1).relu()", "torch.Tensor.relu"),
    ("def f(x: Array): return x.abs().relu()", "torch.Tensor.relu"),
    ("def f(x: Array): return getattr(x, 'relu')()", "torch.Tensor.relu"),
    ("def g() -> Array: ...\ng().relu()", "torch.Tensor.relu"),
    ("parts = [new((2,), x) for x in xs]\nparts[0].relu()", "torch.Tensor.relu"),
    ("a, b = torch.empty(1), torch.empty(2)\nb.relu()", "torch.Tensor.relu"),
    ("def f(x: Array): return getattr(x, 're' + 'lu')()", "getattr of a computed name"),
    ("x.conv2d()", None),  # not a method of any tensor
    ("x.hardshrink()", ".hardshrink, perhaps of a torch tensor"),
    ("x.backward_hooks_().register_hook(f)", ".register_hook, perhaps of a torch tensor"),
    # Random numbers that would move the global generator.
    ("torch.randn(3)", "torch.randn without generator="),
    ("torch.rand(3, generator=g) + torch.rand(3)", "torch.rand without generator="),
    ("kernels.update(torch.Tensor.uniform_, x, 0, 1)", "torch.Tensor.uniform_ without generator="),
    ("def f(x: Array): x.normal_()", "torch.Tensor.normal_ without generator="),
    ("fill_with = torch.Tensor.normal_", "torch.Tensor.normal_ without generator="),
    ("torch.rand_like(x, generator=g)", "torch.rand_like"),
]


@pytest.mark.parametrize("case", FOUND, ids=lambda c: c[0].replace("\n", " "))
def test_the_scan_finds(case):
    source, what = case
    found = {found for _, found in scan(HEAD + source, names(), OURS)}
    assert found == ({what} if what else set())


PASSED = [
    "import math",
    "from collections.abc import Sequence",
    "from bakeoff.errors import ShapeError",
    "run(torch.add, a, b)",
    "def f(x: Array) -> torch.Size: return x.shape",
    "def f(x: Tensor): return x.softmax(0).relu()",
    "def f(x: Tensor): return x.data.clone().add_(1.0)",
    "torch.Generator().manual_seed(3)",
    "torch.rand(3, generator=g)",
    "kernels.update(torch.Tensor.normal_, x, 0, 1, generator=g)",
    "def f(x: Array): x.normal_(generator=g)",
    "network.eval()",
    "import math\nmath.prod([1, 2])",
    "getattr(x, 'requires_grad', False)",
    "def f(values: dict[str, float]): return values.values()",
    "def f(x: Tensor | torch.Tensor): return x.data",
]


@pytest.mark.parametrize("source", PASSED)
def test_the_scan_passes(source):
    assert scan(HEAD + source, names(), OURS) == []


def test_the_scan_tells_the_line():
    assert scan("import torch\n\ntorch.relu(x)\n", names()) == [(3, "torch.relu")]
