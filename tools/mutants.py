"""Try a seeded sample of mutants of `autodiff`, `optim` and `study` on the tests.

    .venv/bin/python tools/mutants.py [--count 400] [--seed 0] [FOLDER ...]

A mutant is the code with one small mistake in it; a test that fails kills it. Nine of ten must be
killed. The tests of a mutant's own file come first, then those of its folder that name the
function, then the rest of the folder. Everything runs in copies of the repository. What is found
goes to results/mutants.json, and `tools/pages.py` makes docs/mutants.md of it.

Why not mutmut 3.8 or cosmic-ray 8.7: mutmut leaves out whatever is decorated or stands outside a
function, and in `autodiff` every operation is decorated and every derivative is a lambda in a
module. cosmic-ray changes the working tree in place and runs the same tests for each mutant.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "mutants.json"
ENOUGH = 0.9
SECONDS = 900  # of the clock, after which a trial counts as one that hangs
OPPOSITES = (
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot)),
    *((ast.In, ast.NotIn), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitAnd, ast.BitOr)),
    *((ast.And, ast.Or), (ast.Break, ast.Continue), (ast.LShift, ast.RShift)),
)
CHANGED = {a: b for pair in OPPOSITES for a, b in (pair, pair[::-1])}
CHANGED |= {ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult}
# Exchanging the first two arguments of these makes no difference, or falls over in any test.
AS_GIVEN = {"add", "isclose", "max", "maximum", "min", "minimum", "mul", "zip"}
AS_GIVEN |= {"fill", "isinstance", "on_call", "run", "update", "view"}
# These arguments change nothing that a test on one machine could see, or only what a repr shows.
UNSEEN = {"daemon", "encoding", "repr", "strict"}
# Calls that make a message, or are read by type checkers alone.
UNTRIED = re.compile(r"\w*(Error|Warning)|NamedTuple|NewType|ParamSpec|TypeVar|cast")
TYPE = re.compile(
    r"(None|int|float|complex|str|bool|bytes|list|dict|set|tuple|(\w+\.)*[A-Z]\w*[a-z]\w*)(\[.*\])?"
)


class Mutant(NamedTuple):
    """One small mistake: what stands in a function of a file, and what there is instead."""

    file: str
    line: int
    function: str
    before: str
    after: str
    span: tuple[int, int]

    @property
    def key(self) -> str:
        """What it is told by while the lines around it change."""
        return f"{self.file} {self.function}: {self.before} -> {self.after}"

    def applied(self, source: bytes) -> bytes:
        """Return a source with this mistake."""
        return source[: self.span[0]] + self.after.encode() + source[self.span[1] :]


def mutants_of(source: bytes, file: str) -> list[Mutant]:
    """Return the mutants of a module that compile, in the order in which they stand there."""
    lines = source.splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    found: dict[bytes, Mutant] = {}

    def walk(node: ast.AST, names: tuple[str, ...]) -> None:
        if b"pragma: no cover" in lines[getattr(node, "lineno", 1) - 1]:
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names = (*names, node.name)
        for old, new in changes(node):
            text = ast.unparse(new)
            text = text if isinstance(new, ast.stmt | ast.Constant) else f"({text})"
            begin = starts[old.lineno - 1] + old.col_offset
            span = begin, starts[old.end_lineno - 1] + old.end_col_offset
            where = ".".join(names) or "<module>"
            mutant = Mutant(file, old.lineno, where, ast.unparse(old), text, span)
            with contextlib.suppress(SyntaxError, ValueError):
                compile(mutant.applied(source), "a mutant", "exec", dont_inherit=True)
                found.setdefault(mutant.applied(source), mutant)
        for child in below(node):
            walk(child, names)

    walk(ast.parse(source), ())
    return sorted(found.values(), key=lambda mutant: (mutant.span, mutant.after))


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:  # noqa: PLR0912 - one table
    """Yield what is changed, the node or one below it, and what can stand in its place."""

    def other(**fields: object) -> tuple[ast.AST, ast.AST]:
        new = copy.copy(node)
        vars(new).update(fields)
        return node, new

    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if negatable(test):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.comprehension(ifs=tests):
            yield from ((t, ast.UnaryOp(ast.Not(), t)) for t in tests if negatable(t))
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield other(ops=[*ops[:at], CHANGED[type(op)](), *ops[at + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in CHANGED:
            if not is_text(node) and not (isinstance(op, ast.BitOr) and is_type(node)):
                yield other(op=CHANGED[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield node, operand
        case ast.Constant(value=bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield node, ast.Constant(value + 1)
        case ast.Call(func=func, args=args, keywords=named) if not UNTRIED.fullmatch(name_of(func)):
            plain = {ast.dump(one) for one in args[:2] if not isinstance(one, ast.Starred)}
            if len(plain) == 2 and name_of(func) not in AS_GIVEN:
                yield other(args=[*args[1::-1], *args[2:]])
            for one in (one for one in named if one.arg not in {None, *UNSEEN}):
                yield other(keywords=[each for each in named if each is not one])
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield node, ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield node, ast.Pass()
        case ast.Break() | ast.Continue():
            yield node, CHANGED[type(node)]()


def below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node's children, without hints, decorators, messages and what else no test sees."""
    unseen: list[object] = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    unseen += getattr(node, "decorator_list", ())
    match node:
        case ast.Assert() | ast.Raise() | ast.JoinedStr() | ast.If(test=ast.Name("TYPE_CHECKING")):
            return
        case ast.AnnAssign(annotation=ast.Name("TypeAlias")):
            return
        case ast.Assign(targets=[ast.Name(name)]) if name.startswith("__"):
            return
        case ast.FunctionDef() if "overload" in map(name_of, node.decorator_list):
            return
        case ast.Call(func=func) if UNTRIED.fullmatch(name_of(func)):
            return
        case ast.Call(keywords=keywords):
            unseen += (keyword for keyword in keywords if keyword.arg in UNSEEN)
    yield from (c for c in ast.iter_child_nodes(node) if not any(c is one for one in unseen))


def negatable(test: ast.expr) -> bool:
    """Tell whether no other mutant is the contrary of a condition already."""
    match test:
        case ast.UnaryOp(op=ast.Not()) | ast.Constant() | ast.Name("TYPE_CHECKING"):
            return False
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE(), *_] | [_, _, *_]):
            return True
    return not isinstance(test, ast.Compare)


def name_of(node: ast.AST) -> str:
    """Return the last of the names with dots that an expression consists of, or nothing."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return getattr(node, "id", getattr(node, "attr", ""))


def is_text(node: object) -> bool:
    """Tell whether an expression is a string, as far as it shows."""
    sides = [getattr(node, name, None) for name in ("left", "right", "value")]
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.Constant):
        return any(map(is_text, sides))
    return isinstance(node, str | ast.JoinedStr)


def is_type(node: ast.AST) -> bool:
    """Tell whether `|` joins types: None, a built-in one, or one with a capital."""
    sides = [getattr(node, name, None) for name in ("left", "right")]
    return any(isinstance(one, ast.AST) and TYPE.fullmatch(ast.unparse(one)) for one in sides)


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """Draw mutants by the hashes of their keys: a change of one source exchanges few of others."""

    def drawn(mutant: Mutant) -> bytes:
        return blake2b(f"{seed} {mutant.key}".encode()).digest()

    return sorted(sorted(mutants, key=drawn)[:count])


def tests_for(mutant: Mutant, tree: Path) -> list[str]:
    """Return the files of tests that a mutant has to pass, those likeliest to fail first.

    They are those of the folder of tests that mirrors its own, and all below it. The mirror of
    src/bakeoff/optim/sgd.py is tests/optim/test_sgd.py; more words may stand before the last.
    """
    stem = Path(mutant.file).stem.strip("_")
    folder = (tree / "tests" / Path(mutant.file).relative_to("src/bakeoff")).parent
    while not any(folder.rglob("test_*.py")):
        folder = folder.parent
    names = {stem, *mutant.function.split(".")} - {"<module>"}

    def rank(path: Path) -> tuple[bool, int, int, Path]:
        words = Counter(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        mirrors = path.stem.endswith(f"_{stem}")
        return not mirrors, -sum(words[name] for name in names), path.stat().st_size, path

    return [str(path.relative_to(tree)) for path in sorted(folder.rglob("test_*.py"), key=rank)]


def verdict(mutant: Mutant, tree: Path) -> dict[str, object]:
    """Try a mutant in a copy of the repository; return what became of it."""
    path, started, tests = tree / mutant.file, time.monotonic(), tests_for(mutant, tree)
    source = path.read_bytes()
    words = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
    path.write_bytes(mutant.applied(source))
    # In a group of its own: what a mutant starts and leaves behind ends with it.
    with (
        (tree / "told").open("w+") as told,
        subprocess.Popen(
            [*words, "--timeout=60", *tests],
            cwd=tree,
            env=environment,
            stdout=told,
            stderr=told,
            start_new_session=True,
        ) as trial,
    ):
        try:
            code = trial.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            path.write_bytes(source)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(trial.pid, signal.SIGKILL)
        told.seek(0)
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", told.read(), re.MULTILINE)
    by = failed[1] if failed else f"ended with exit code {code}"
    by = f"{len(tests)} files passed" if code == 0 else "too slow" if code is None else by
    row = mutant._asdict() | {"killed": code != 0, "by": by}
    row.pop("span")
    return row | {"seconds": round(time.monotonic() - started, 1)}


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description="Try mutants on the tests.")
    parser.add_argument("folders", nargs="*", default=("autodiff", "optim", "study"))
    parser.add_argument("--count", type=int, default=400, help="of mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--processes", type=int, default=2, help="trials at once")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where they are written")
    asked = parser.parse_args()
    work, started = ROOT / "build" / "mutants", time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")
    for n in range(asked.processes):
        trees.put(shutil.copytree(ROOT, work / f"copy{n}", ignore=left_out))
    tree = work / "copy0"
    files = [p for name in asked.folders for p in (tree / "src/bakeoff" / name).rglob("*.py")]
    mutants = [m for p in files for m in mutants_of(p.read_bytes(), p.relative_to(tree).as_posix())]

    def tried(mutant: Mutant) -> dict[str, object]:
        tree = trees.get()
        row = verdict(mutant, tree)
        trees.put(tree)
        word = "killed  " if row["killed"] else "SURVIVED"
        print(f"{word} {row['seconds']:6} s {mutant.line:4} {mutant.key}", flush=True)
        return row

    with ThreadPoolExecutor(asked.processes) as pool:
        rows = list(pool.map(tried, sample(mutants, asked.count, asked.seed)))
    killed = sum(bool(row["killed"]) for row in rows)
    results = {"seed": asked.seed, "mutants": len(mutants)}
    results |= {"seconds": round(time.monotonic() - started, 1), "verdicts": rows}
    asked.results.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    shutil.rmtree(work)
    print(f"{killed} passed, {len(rows) - killed} failed")
    return 0 if killed >= ENOUGH * len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
