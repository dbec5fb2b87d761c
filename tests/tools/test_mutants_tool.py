"""tools/mutants.py: mistakes of every kind that is promised and no others, and their tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(tool):
    return tool("mutants")


def changes(tool, source):
    """Return what is changed into what in a source, as text."""
    found = tool.mutants_of(dedent(source).encode(), "src/bakeoff/autodiff/x.py")
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
def test_what_is_changed(tool, source, before, after):
    assert (before, after) in changes(tool, source)


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
def test_what_is_left_alone(tool, source):
    assert changes(tool, source) == []


def test_a_raise_goes_as_a_whole(tool):
    assert changes(tool, "raise ValueError(f(a, 1), b < 2)") == [
        ("raise ValueError(f(a, 1), b < 2)", "pass")
    ]


def test_the_mistake_alone_changes_and_is_told_with_its_place(tool):
    source = dedent(
        '''
        class A:
            """É."""

            def f(self, a):  # one
                return g("é", a  # two
                         + 1)
        '''
    ).encode()
    plus = [m for m in tool.mutants_of(source, "x.py") if m.before == "a + 1"]
    assert [(m.line, m.function) for m in plus] == [(6, "A.f")]
    changed = plus[0].applied(source)
    assert changed == source.replace(b"a  # two\n                 + 1", b"(a - 1)")
    assert plus[0].key == "x.py A.f: a + 1 -> (a - 1)"


def test_every_mutant_differs_from_the_source_and_the_others(tool):
    path = "src/bakeoff/optim/sgd.py"
    source = (ROOT / path).read_bytes()
    found = tool.mutants_of(source, path)
    changed = [mutant.applied(source) for mutant in found]
    assert len(changed) > 20
    assert len({*changed, source}) == len(changed) + 1
    assert found == tool.mutants_of(source, path)
    for mutant in found:
        compile(mutant.applied(source), path, "exec")


# ---- what is tried ----------------------------------------------------------------------------


@pytest.fixture
def mutant(tool):
    return tool.mutants_of(b"a = 1\nb = 2\n", "src/bakeoff/optim/half.py")[1]


def test_the_sample_is_the_same_and_hardly_moves(tool, mutant):
    mutants = [mutant._replace(before=str(n)) for n in range(400)]
    drawn = tool.sample(mutants, 40, seed=0)
    assert tool.sample(mutants[::-1], 40, seed=0) == drawn
    assert tool.sample(mutants, 40, seed=1) != drawn
    other = [each._replace(before="new") if each == drawn[0] else each for each in mutants]
    assert len({*drawn} & {*tool.sample(other, 40, seed=0)}) >= 39
    twins = tool.sample([mutant] * 3, 3, seed=0)
    assert twins == [mutant] * 3


@pytest.fixture
def tree(tmp_path):
    """Return a repository with one module and its tests."""
    files = {
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["--disable-plugin-autoload",'
        ' "-p", "timeout"]\n',
        "src/bakeoff/__init__.py": "",
        "src/bakeoff/optim/__init__.py": "",
        "src/bakeoff/optim/half.py": "def half(x):\n    return x / 2\n",
        "tests/optim/test_another.py": "def test_nothing():\n    assert 'no half of anything'\n",
        "tests/optim/test_as_half.py": "from bakeoff.optim.half import half\n\n"
        "def test_half():\n    assert half(4) == 2\n",
        "tests/optim/deep/test_half_of_it.py": "def test_it():\n    'half half half'\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_modules_own_tests_come_first_then_those_that_name_it(tool, mutant, tree):
    names = [Path(name).name for name in tool.tests_for(mutant, tree)]
    assert names == ["test_as_half.py", "test_half_of_it.py", "test_another.py"]
    elsewhere = mutant._replace(file="src/bakeoff/optim/none/such.py")
    assert len(tool.tests_for(elsewhere, tree)) == 3


@pytest.mark.parametrize(
    ("after", "killed", "by"),
    [
        ("x * 0.5", False, "3 files passed"),
        ("x * 2", True, "tests/optim/test_as_half.py::test_half"),
        ("1 / 0", True, "tests/optim/test_as_half.py::test_half"),
        ("__import__('os').kill(__import__('os').getpid(), 9)", True, "ended with exit code -9"),
    ],
)
def test_what_passes_and_what_fails(tool, tree, after, killed, by):
    path = tree / "src/bakeoff/optim/half.py"
    source = path.read_bytes()
    before = next(
        m for m in tool.mutants_of(source, str(path.relative_to(tree))) if m.after == "(x * 2)"
    )
    row = tool.verdict(before._replace(after=f"({after})"), tree)
    assert (row["killed"], row["by"]) == (killed, by)
    assert path.read_bytes() == source


def test_what_never_ends_is_killed(tool, tree, mutant, monkeypatch):
    monkeypatch.setattr(tool, "SECONDS", 0.1)
    assert tool.verdict(mutant, tree)["by"] == "too slow"


def test_the_tool_itself_imports_nothing_of_the_package(tool):
    text = Path(tool.__file__).read_text()
    assert "import bakeoff" not in text
    assert "from bakeoff" not in text
