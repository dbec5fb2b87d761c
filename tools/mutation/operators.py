"""Every small mistake that can be made in a source: its mutants.

A mutant is a source with one expression or statement changed. What is changed: operators,
comparisons, constants, conditions, what is returned, arguments, and calls and raises on a line of
their own, which are left out.

What is not, because no test should notice it: docstrings, type hints and what only type checkers
read, the texts of messages (strings, and all that stands in a `raise` or an f-string), assertions,
decorators, `strict=` of a zip, and lines that are excluded from coverage.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator
from typing import TypeAlias

from attrs import frozen

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
JUMPS: dict[type[ast.stmt], type[ast.stmt]] = {ast.Break: ast.Continue, ast.Continue: ast.Break}
# Exchanging the first two arguments of these makes no difference.
SYMMETRIC = {"add", "isclose", "max", "maximum", "min", "minimum", "mul", "zip"}
# The first argument of these is a function or a text, and another one falls over in any test.
CALLERS = {"fill", "isinstance", "on_call", "run", "update", "view"}
# These arguments change nothing that a test on one machine could see, or only what a repr shows.
UNSEEN = {"daemon", "encoding", "repr", "strict"}
# Calls of these are read by type checkers alone.
TYPING = {"NamedTuple", "NewType", "ParamSpec", "TypeVar", "cast"}

Code: TypeAlias = ast.expr | ast.stmt


@frozen
class Mutant:
    """One small mistake in one file.

    Attributes:
        file: the file's path from the root of the repository, with slashes.
        line: of the mistake, from 1.
        function: the names of the classes and functions around it, with dots; or "<module>".
        before: what stood there, on one line.
        after: what stands there instead.
        span: the bytes of the file that `after` replaces.
        lines: the first and the last line of what stood there.
    """

    file: str
    line: int
    function: str
    before: str
    after: str
    span: tuple[int, int]
    lines: tuple[int, int]

    @property
    def key(self) -> str:
        """What it is told by while the lines around it change."""
        return f"{self.file} {self.function}: {self.before} -> {self.after}"

    def compiles(self, source: bytes) -> bool:
        """Tell whether the source with this mistake is one still."""
        try:
            compile(self.applied(source), self.file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
        return True

    def applied(self, source: bytes) -> bytes:
        """Return a source with this mistake."""
        start, end = self.span
        return source[:start] + self.after.encode() + source[end:]


def mutants_of(source: bytes, file: str) -> list[Mutant]:
    """Return the mutants of a source, in the order in which they stand there.

    Args:
        source: of one module.
        file: its path.
    """
    found = _Finder(source, file).walk(ast.parse(source), ())
    unlike: dict[bytes, Mutant] = {}
    for mutant in sorted(found, key=lambda mutant: (mutant.span, mutant.after)):
        unlike.setdefault(mutant.applied(source), mutant)
    return list(unlike.values())


class _Finder:
    """Walks a source and notes its mutants."""

    def __init__(self, source: bytes, file: str) -> None:
        self.source = source
        self.file = file
        lines = source.splitlines(keepends=True)
        self.starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
        self.uncovered = {n for n, line in enumerate(lines, 1) if b"pragma: no cover" in line}

    def walk(self, node: ast.AST, names: tuple[str, ...]) -> Iterator[Mutant]:
        """Yield the mutants of a node and of those below it."""
        if getattr(node, "lineno", 0) in self.uncovered:
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names = (*names, node.name)
        for before, after in changes(node):
            yield self.mutant(before, after, names)
        for child in below(node):
            yield from self.walk(child, names)

    def mutant(self, node: Code, after: ast.AST, names: tuple[str, ...]) -> Mutant:
        """Return the mutant that has one node in another one's place."""
        last, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        text = ast.unparse(after)
        return Mutant(
            file=self.file,
            line=node.lineno,
            function=".".join(names) or "<module>",
            before=ast.unparse(node),
            after=text if isinstance(after, ast.stmt | ast.Constant) else f"({text})",
            span=(
                self.starts[node.lineno - 1] + node.col_offset,
                self.starts[last - 1] + end,
            ),
            lines=(node.lineno, last),
        )


def changes(node: ast.AST) -> Iterator[tuple[Code, ast.AST]]:
    """Yield what is changed, the node or one below it, and what can stand in its place."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield from _negated(test)
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield from _negated(test)
    if isinstance(node, ast.expr):
        yield from ((node, after) for after in _changed_expressions(node))
    if isinstance(node, ast.stmt):
        yield from ((node, after) for after in _changed_statements(node))


def _negated(test: ast.expr) -> Iterator[tuple[Code, ast.AST]]:
    """Yield the contrary of a condition, unless another mutant is just that."""
    match test:
        case ast.UnaryOp(op=ast.Not()) | ast.Constant() | ast.Name(id="TYPE_CHECKING"):
            return
        case ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot()]):
            return
        case ast.Compare(ops=[ast.In() | ast.NotIn()]):
            return
    yield test, ast.UnaryOp(ast.Not(), test)


def _changed_expressions(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield _with(node, ops=[*ops[:at], COMPARISONS[type(op)](), *ops[at + 1 :]])
        case ast.BinOp(op=ast.BitOr(), left=left, right=right) if _is_type(left) or _is_type(right):
            return
        case ast.BinOp(op=op) if type(op) in OPERATORS and not _is_text(node):
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield operand
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.Call(func=func) if not _unseen(func):
            yield from _changed_calls(node)


def _changed_calls(node: ast.Call) -> Iterator[ast.AST]:
    """Yield a call with its first two arguments exchanged, and without each named one."""
    match node.args:
        case [ast.Starred(), *_] | [_, ast.Starred(), *_]:
            pass
        case [first, second, *rest] if _name(node.func) not in SYMMETRIC | CALLERS:
            if ast.dump(first) != ast.dump(second):
                yield _with(node, args=[second, first, *rest])
    for keyword in node.keywords:
        if keyword.arg not in {None, *UNSEEN}:
            yield _with(node, keywords=[other for other in node.keywords if other is not keyword])


def _changed_statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.AugAssign(op=op, value=value) if type(op) in OPERATORS and not _is_text(value):
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield JUMPS[type(node)]()


def below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node's children, without those that no test should notice."""
    unseen: list[ast.AST | None] = []
    match node:
        case (
            ast.Assert() | ast.Raise() | ast.JoinedStr() | ast.If(test=ast.Name(id="TYPE_CHECKING"))
        ):
            return
        case ast.Call(func=func, keywords=keywords):
            if _unseen(func):
                return
            unseen = [keyword for keyword in keywords if keyword.arg in UNSEEN]
        case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("__"):
            return
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return
        case (
            ast.FunctionDef(decorator_list=decorators)
            | ast.AsyncFunctionDef(decorator_list=decorators)
        ):
            if "overload" in map(_name, decorators):
                return
            unseen = [*decorators, node.returns]
        case ast.ClassDef(decorator_list=decorators):
            unseen = [*decorators]
        case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation):
            unseen = [annotation]
    for child in ast.iter_child_nodes(node):
        if not any(child is one for one in unseen):
            yield child


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """Return a node with some fields changed."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _name(node: ast.AST) -> str:
    """Return the last of the names with dots that an expression consists of, or nothing."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _name(value)
    return ""


def _unseen(func: ast.expr) -> bool:
    """Tell whether calls of a function make a message, or are read by type checkers alone."""
    name = _name(func)
    return name in TYPING or name.endswith(("Error", "Warning"))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.AST) -> bool:
    """Tell whether an expression is a string, as far as it shows."""
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_text(left) or _is_text(right)
    return False


def _is_type(node: ast.AST) -> bool:
    """Tell whether a side of `|` is a type: None, a built-in one, or one with a capital."""
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _is_type(left) or _is_type(right)
        case ast.Constant(value=None):
            return True
    name = _name(node)
    capital = name[:1].isupper() and not name.isupper()
    return capital or isinstance(getattr(builtins, name, None), type)
