"""What every public docstring tells: shapes and dtypes, errors, and where a formula comes from.

Public is what the pages under docs/api show: the names of each module there, and their methods.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import pytest

from bakeoff import errors, nn, optim
from bakeoff.autodiff import Operation
from bakeoff.errors import StudyError

API = Path(__file__).parents[2] / "docs" / "api"
MODULES = [
    name
    for page in sorted(API.glob("*.rst"))
    for name in re.findall(r"^\.\. automodule:: (\S+)$", page.read_text(), re.MULTILINE)
]
STATISTICS = tuple(
    f"bakeoff.statistics.{name}."
    for name in ("describe", "estimate", "holm", "power", "sequential", "signflip")
)

ARRAY = re.compile(r"\b(?:Tensor|Array|ArrayLike|ndarray|NDArray)\b")
# "(N, C)", "(rounds,)", "(..., in, N)": not the arguments of a function, as in "max(x, 0)".
SHAPE = re.compile(
    r"(?<!\w)\((?:\.\.\.|[\w+·*-]+)(?:, (?:\.\.\.|[\w+·*/-]+)|,)+\)"
    r"|scalar|one element|(?:each|every|only) element|\bax[ei]s\b|\bshapes?\b",
    re.IGNORECASE,
)
DTYPE = re.compile(r"\b(?:float|float32|float64|int64|uint8|bool|dtypes?|floating|integers?)\b")
SOURCE = re.compile(r"\b(?:19|20)\d\d\b")

# They arrange other layers, fill with what they are told, or have no formula but their sentence.
NO_FORMULA = {
    "Activation", "Flatten", "Identity", "Loss", "Module", "Parallel", "Sequential",
    "LRScheduler", "Optimizer", "ReduceLROnPlateau", "StepLR",
    "constant_", "normal_", "uniform_",
}  # fmt: skip


class Public(NamedTuple):
    """A public function, class or method.

    `doc` is its docstring with those that it overrides or stands on, `above` that of its class or
    of its module: a reader of the page has just read it.
    """

    name: str
    thing: Any
    doc: str
    above: str

    @property
    def signature(self):
        """Return the annotations of arguments and result, or of a class's fields, as text."""
        kinds = dict(getattr(self.thing, "__annotations__", {}))
        if isinstance(self.thing, type):
            kinds |= getattr(self.thing.__init__, "__annotations__", {})
        return " ".join(re.sub(r"Callable\[.*\]", "", str(kind)) for kind in kinds.values())


def names_of(module):
    """Return a module's public names: those it lists, else those it defines."""
    defined = [name for name, thing in vars(module).items() if of(thing, module.__name__)]
    return getattr(module, "__all__", [name for name in defined if not name.startswith("_")])


def of(thing, module):
    """Tell whether a function or class was defined in a module."""
    return isinstance(thing, type | FunctionType) and thing.__module__ == module


def methods_of(kind):
    """Yield the name and docstrings of a class's own public methods and properties."""
    for name, member in vars(kind).items():
        function = member.fget if isinstance(member, property) else member
        function = getattr(function, "__func__", function)
        if isinstance(function, FunctionType) and not name.startswith("_"):
            overridden = [getattr(base, name, None) for base in kind.__mro__[1:]]
            yield name, function, docs(function, *overridden)


def docs(*things):
    """Return the docstrings of things, one after the other."""
    return "\n\n".join(inspect.cleandoc(thing.__doc__ or "") for thing in things if thing)


def ours(kind):
    """Return a class and those of this package that it stands on."""
    return [base for base in kind.__mro__ if base.__module__.startswith("bakeoff")]


def walk():
    """Return all that is public, each thing once."""
    found = {}
    for module in map(importlib.import_module, MODULES):
        for last in names_of(module):
            thing = getattr(module, last)
            thing = inspect.unwrap(thing.forward if isinstance(thing, Operation) else thing)
            name = f"{module.__name__}.{last}"
            if isinstance(thing, FunctionType):
                found[id(thing)] = Public(name, thing, docs(thing), docs(module))
            elif isinstance(thing, type):
                found[id(thing)] = Public(name, thing, docs(*ours(thing)), docs(module))
                for inner, function, told in methods_of(thing):
                    above = docs(*ours(thing), module)
                    found[id(function)] = Public(f"{name}.{inner}", function, told, above)
    return list(found.values())


def raised(function):
    """Return the names of bakeoff's errors that a function's own lines raise."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [
        n.exc.func
        for n in ast.walk(tree)
        if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call)
    ]
    named = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
    return {name for name in named if hasattr(errors, name)}


def words(text):
    """Return the words of a text."""
    return set(re.findall(r"\w+", text))


PUBLIC = walk()
ARRAYS = [one for one in PUBLIC if ARRAY.search(one.signature)]
# Within the framework a result has the dtype of what it is made from; elsewhere it is told.
TOLD_DTYPES = ("bakeoff.data", "bakeoff.models.disk", "bakeoff.neural_network", "bakeoff.study")


def has_formula(one):
    """Tell whether it is a layer, loss, update rule, schedule, initialiser or statistic."""
    room, _, last = one.name.rpartition(".")
    kinds = (nn.Module, optim.Optimizer, optim.LRScheduler)
    of_kind = isinstance(one.thing, type) and issubclass(one.thing, kinds)
    in_framework = room in ("bakeoff.nn", "bakeoff.optim") and of_kind
    initialises = room == "bakeoff.nn.init" and last.endswith("_")
    return one.name.startswith(STATISTICS) or (
        (in_framework or initialises) and last not in NO_FORMULA
    )


def names(ones):
    return [one.name for one in ones]


def test_there_is_a_docstring():
    assert names(one for one in PUBLIC if not one.doc) == []


def test_arrays_have_shapes():
    assert names(one for one in ARRAYS if not SHAPE.search(one.doc)) == []


def test_arrays_have_dtypes():
    told = [one for one in ARRAYS if one.name.startswith(TOLD_DTYPES)]
    assert names(one for one in told if not DTYPE.search(one.doc + one.above)) == []


def test_errors_are_told():
    functions = [one for one in PUBLIC if isinstance(one.thing, FunctionType)]
    untold = {one.name: raised(one.thing) - words(one.doc + one.above) for one in functions}
    assert {name: missing for name, missing in untold.items() if missing} == {}


def test_formulas_have_sources():
    with_formula = [one for one in PUBLIC if has_formula(one)]
    assert names(one for one in with_formula if not SOURCE.search(one.doc + one.above)) == []


# ---- the checks themselves -------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["(N, C)", "of (rounds,) float64", "x (..., in, N)", "a scalar", "along axis `dim`"]
)
def test_a_shape_is_seen(text):
    assert SHAPE.search(text)


@pytest.mark.parametrize("text", ["max(x, 0)", "f(a)", "a number (see below)", "reshaped"])
def test_what_is_no_shape_is_not(text):
    assert not SHAPE.search(text)


def test_an_error_is_seen():
    def refuse(x):
        if x:
            raise errors.ShapeError("too long")
        raise StudyError("too short")

    assert raised(refuse) == {"ShapeError", "StudyError"}


def test_all_that_counts_is_walked():
    assert set(names(PUBLIC)) >= {
        "bakeoff.autodiff.matmul",
        "bakeoff.autodiff.Tensor.backward",
        "bakeoff.nn.Linear.forward",
        "bakeoff.nn.init.xavier_uniform_",
        "bakeoff.data.generate_pair_sets",
        "bakeoff.statistics.signflip.sign_flip",
    }


def test_every_room_has_its_page():
    rooms = {room.split(".")[1] for room in MODULES}
    packages = {path.parent.name for path in (API.parents[1] / "src/bakeoff").glob("*/__init__.py")}
    # Doors are called by name, and what each system does is for bakeoff's own use.
    assert packages - rooms == {"cli", "demo", "report", "system"}
