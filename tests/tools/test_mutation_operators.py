"""The mistakes that tools/mutants.py makes: of every kind that is promised, and no others."""

from __future__ import annotations

import importlib
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def operators(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("mutation.operators")


def changes(operators, source):
    """Return what is changed into what in a source, as text."""
    found = operators.mutants_of(dedent(source).encode(), "src/bakeoff/autodiff/x.py")
    return [(mutant.before, mutant.after.strip("()")) for mutant in found]


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("a < b", "a < b", "a <= b"),
        ("a < b <= c", "a < b <= c", "a < b < c"),
        ("a is not b", "a is not b", "a is b"),
        ("a in b", "a in b", "a not in b"),
        ("a + b", "a + b", "a - b"),
        ("a ** b", "a ** b", "a * b"),
        ("a | b", "a | b", "a & b"),
        ("a -= b", "a -= b", "a += b"),
        ("-a", "-a", "a"),
        ("not a", "not a", "a"),
        ("a and b", "a and b", "a or b"),
        ("x = True", "True", "False"),
        ("x = 2", "2", "3"),
        ("x = 0.5", "0.5", "1.5"),
        ("if a: b", "a", "not a"),
        ("x = b if a(c) else d", "a(c)", "not a(c"),
        ("while a < 2: b()", "a < 2", "not a < 2"),
        ("[a for a in b if a]", "a", "not a"),
        ("def f():\n    return a", "return a", "return None"),
        ("def f():\n    raise ValueError('no')", "raise ValueError('no')", "pass"),
        ("f(a)", "f(a)", "pass"),
        ("x = f(a, b, c)", "f(a, b, c)", "f(b, a, c"),
        ("x = f(a, dim=b)", "f(a, dim=b)", "f(a"),
        ("for a in b:\n    break", "break", "continue"),
    ],
)
def test_what_is_changed(operators, source, before, after):
    assert (before, after) in changes(operators, source)


@pytest.mark.parametrize(
    "source",
    [
        '"""One < two."""',
        "x = 'one' + f'{a + 2}'",
        "def f(a: int | None = None) -> Literal[1]: ...",
        "x: Literal[1]",
        "Operand = Array | float",
        "Rule: TypeAlias = dict[1, 2]",
        "if TYPE_CHECKING:\n    x = 1",
        "assert a < 1",
        "@f(1)\ndef g(): ...",
        "@overload\ndef g(a=1): ...",
        "x = cast(A, b)",
        "x = ShapeError(where=1, got=a + b)",
        "__version__ = 1",
        "x = zip(a, b, strict=True)",
        "x = max(a, b)",
        "x = f(a, a)",
        "if a < 1:  # pragma: no cover\n    b = 2",
        "def f():\n    return None",
    ],
)
def test_what_is_left_alone(operators, source):
    assert changes(operators, source) == []


def test_a_raise_goes_as_a_whole(operators):
    assert changes(operators, "raise ValueError(f(a, 1), b < 2)") == [
        ("raise ValueError(f(a, 1), b < 2)", "pass")
    ]


def test_the_mistake_alone_changes_and_is_told_with_its_place(operators):
    source = dedent(
        '''
        class A:
            """É."""

            def f(self, a):  # one
                return g("é", a  # two
                         + 1)
        '''
    ).encode()
    plus = [m for m in operators.mutants_of(source, "x.py") if m.before == "a + 1"]
    assert [(m.line, m.lines, m.function) for m in plus] == [(6, (6, 7), "A.f")]
    changed = plus[0].applied(source)
    assert changed == source.replace(b"a  # two\n                 + 1", b"(a - 1)")
    assert plus[0].compiles(source)
    assert plus[0].key == "x.py A.f: a + 1 -> (a - 1)"


def test_every_mutant_differs_from_the_source_and_the_others(operators):
    path = "src/bakeoff/optim/clip.py"
    source = (ROOT / path).read_bytes()
    found = operators.mutants_of(source, path)
    changed = [mutant.applied(source) for mutant in found]
    assert len(changed) > 20
    assert len({*changed, source}) == len(changed) + 1
    assert found == operators.mutants_of(source, path)
    for mutant in found:
        compile(mutant.applied(source), path, "exec")
