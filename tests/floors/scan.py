"""Find what a source uses of torch beyond the allowlist, by reading it.

A name such as torch.add can be looked up. For a method call such as x.softmax(1) the scan must
know whether x is a torch tensor or our own Tensor: it follows annotations, assignments and what
kernels and torch functions return, within one function. What it cannot tell it holds against the
methods of both. What escapes it, the dispatch test sees at run time.
"""

import ast
import sys

import torch

from bakeoff.autodiff import Tensor

RANDOM = {"rand", "randn", "randint", "randperm", "normal", "bernoulli"}
RANDOM |= {"bernoulli_", "normal_", "random_", "uniform_", "exponential_", "cauchy_", "geometric_"}
RANDOM |= {"rand_like", "randn_like", "randint_like", "multinomial", "poisson", "log_normal_"}

# Doors through which any name could be reached.
CLOSED_MODULES = {"builtins", "ctypes", "importlib", "subprocess"}
CLOSED_NAMES = {"__import__", "eval", "exec", "globals", "locals", "__builtins__"}
CLOSED_ATTRIBUTES = {"torch", "__getattribute__", "__builtins__"}

KERNELS = {"run", "fill", "update", "view", "empty", "zeros", "copy", "cast"}
ARRAY_TYPES = {"Array", "Operand", "torch.Tensor"}
# Methods of torch tensors that give something else.
NOT_ARRAYS = {"item", "numel", "size", "storage_offset", "stride", "tolist", "untyped_storage"}
TENSOR_NAMES = set(dir(torch.Tensor))
OUR_NAMES = set(dir(Tensor)).union(*(dir(t) for t in (dict, list, set, str, tuple, type, float)))


def dotted(node):
    """Return "a.b.c" for a chain of attributes of a name, else None."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def root_of(module):
    return (module or "").partition(".")[0]


def is_standard(module):
    """Whether a module is of Python's library, and not a door to all others."""
    return root_of(module) in sys.stdlib_module_names - CLOSED_MODULES


def defined_names(tree):
    """Return the names of functions, and of attributes that are assigned: those are ours."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


class Scan(ast.NodeVisitor):
    """Collect (line, what) of every use of torch that is not allowed in one source."""

    def __init__(self, source, allowed, ours=frozenset()):
        self.allowed = set(allowed)
        self.ours = OUR_NAMES | set(ours)
        self.found = []
        self.inside_calls = []
        self.scopes = [{}]
        self.kernels = set()
        self.modules = set()
        tree = ast.parse(source)
        self.array_functions = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and not node.decorator_list  # an operation takes and gives our own Tensors
            and self.kind_of_annotation(node.returns) == "array"
        }
        self.visit(tree)

    def report(self, node, what):
        self.found.append((node.lineno, what))

    # ---- imports ----------------------------------------------------------------------------

    def visit_Import(self, node):
        for alias in node.names:
            if is_standard(alias.name):
                self.modules.add(alias.asname or alias.name)
            plain_torch = alias.name == "torch" and alias.asname in (None, "torch")
            if not (is_standard(alias.name) or plain_torch or root_of(alias.name) == "bakeoff"):
                self.report(node, ast.unparse(node))

    def visit_ImportFrom(self, node):
        names = {alias.name for alias in node.names}
        ours = node.level == 0 and root_of(node.module) == "bakeoff"
        if not (ours or is_standard(node.module)) or {"torch", "*"} & names:
            self.report(node, ast.unparse(node))
        if node.module == "bakeoff.autodiff.kernels":
            self.kernels |= {a.asname or a.name for a in node.names if a.name in KERNELS}

    # ---- names ------------------------------------------------------------------------------

    def visit_Name(self, node):
        if node.id == "torch":
            self.report(node, "torch itself, not a name of it")
        if node.id in CLOSED_NAMES:
            self.report(node, node.id)

    def visit_Attribute(self, node):
        name = dotted(node)
        if name and name.startswith("Array."):
            name = name.replace("Array", "torch.Tensor", 1)
        if name and name.startswith("torch."):
            self.check_name(node, name)
            return
        if name == "sys.modules":
            self.report(node, name)
        if name and name.partition(".")[0] in self.modules:
            return
        self.check_attribute(node, node.value, node.attr)
        self.visit(node.value)

    def check_name(self, node, name):
        if name not in self.allowed:
            self.report(node, name)
        if name.rpartition(".")[2] in RANDOM and not self.has_generator():
            self.report(node, f"{name} without generator=")

    def has_generator(self):
        return bool(self.inside_calls) and any(
            keyword.arg == "generator" for keyword in self.inside_calls[-1].keywords
        )

    def check_attribute(self, node, owner, attr):
        if attr in CLOSED_ATTRIBUTES:
            self.report(node, f".{attr}")
        if attr not in TENSOR_NAMES:
            return
        listed = f"torch.Tensor.{attr}" in self.allowed
        if self.kind(owner) == "array":
            if not listed:
                self.report(node, f"torch.Tensor.{attr}")
            elif attr in RANDOM and not self.has_generator():
                self.report(node, f"torch.Tensor.{attr} without generator=")
        elif not listed and attr not in self.ours:
            self.report(node, f".{attr}, perhaps of a torch tensor")

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id == "getattr":
            match node.args:
                case [owner, ast.Constant(value=str(attr)), *_]:
                    self.check_attribute(node, owner, attr)
                case [owner, *_] if self.kind(owner) == "array":
                    self.report(node, "getattr of a computed name")
        self.inside_calls.append(node)
        self.generic_visit(node)
        self.inside_calls.pop()

    # ---- which names are torch tensors -------------------------------------------------------

    def visit_FunctionDef(self, node):
        arguments = node.args
        scope = {}
        for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            scope[a.arg] = self.kind_of_annotation(a.annotation)
        if arguments.vararg and self.kind_of_annotation(arguments.vararg.annotation) == "array":
            scope[arguments.vararg.arg] = "arrays"
        self.scopes.append(scope)
        self.generic_visit(node)
        self.scopes.pop()

    def kind_of_annotation(self, annotation):
        """Return "array" for torch tensors alone, "arrays" for lists of them, else None."""
        if annotation is None:
            return None
        text = ast.unparse(annotation)
        parts = {part.strip() for part in text.split("|")} - {"float", "None"}
        if parts and parts <= ARRAY_TYPES:
            return "array"
        inside = text.partition("[")[2]
        return "arrays" if inside and any(t in inside for t in ("Array", "torch.Tensor")) else None

    def visit_Assign(self, node):
        self.generic_visit(node)
        for target in node.targets:
            self.bind(target, self.kind(node.value))

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        self.bind(node.target, self.kind_of_annotation(node.annotation))

    def visit_NamedExpr(self, node):
        self.generic_visit(node)
        self.bind(node.target, self.kind(node.value))

    def visit_For(self, node):
        self.bind(node.target, self.element(node.iter))
        self.generic_visit(node)

    def visit_comprehension_of(self, node):
        for generator in node.generators:
            self.bind(generator.target, self.element(generator.iter))
        self.generic_visit(node)

    visit_ListComp = visit_GeneratorExp = visit_SetComp = visit_comprehension_of
    visit_DictComp = visit_comprehension_of

    def bind(self, target, kind):
        if isinstance(target, ast.Name):
            self.scopes[-1][target.id] = kind
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.bind(part, "array" if kind == "arrays" else None)

    def element(self, node):
        return "array" if self.kind(node) in ("array", "arrays") else None

    def kind(self, node):
        """Return "array" if the expression is a torch tensor, "arrays" if a list of them."""
        kind_of = getattr(self, f"kind_of_{type(node).__name__}", lambda node: None)
        return kind_of(node)

    def kind_of_Name(self, node):
        return next((s[node.id] for s in reversed(self.scopes) if node.id in s), None)

    def kind_of_Attribute(self, node):
        of_array = node.attr in ("T", "grad") and self.kind(node.value) == "array"
        return "array" if of_array or node.attr == "data" else None

    def kind_of_Subscript(self, node):
        return self.element(node.value)

    def kind_of_BinOp(self, node):
        return "array" if "array" in (self.kind(node.left), self.kind(node.right)) else None

    def kind_of_Compare(self, node):
        sides = [node.left, *node.comparators]
        return "array" if any(self.kind(side) == "array" for side in sides) else None

    def kind_of_UnaryOp(self, node):
        return self.kind(node.operand)

    def kind_of_IfExp(self, node):
        return self.kind(node.body) or self.kind(node.orelse)

    def kind_of_NamedExpr(self, node):
        return self.kind(node.value)

    kind_of_Starred = kind_of_NamedExpr

    def kind_of_List(self, node):
        return "arrays" if any(self.kind(part) for part in node.elts) else None

    kind_of_Tuple = kind_of_List

    def kind_of_ListComp(self, node):
        return "arrays" if self.kind(node.elt) == "array" else None

    kind_of_GeneratorExp = kind_of_ListComp

    def kind_of_Call(self, node):
        func = node.func
        name = dotted(func) or ""
        made = name in self.kernels or name in self.array_functions
        made |= name.startswith("kernels.") and name.partition(".")[2] in KERNELS
        made |= name.startswith("torch.") and name not in ("torch.Generator", "torch.Size")
        if made:
            return "array"
        if isinstance(func, ast.Attribute) and self.kind(func.value) == "array":
            return None if func.attr in NOT_ARRAYS else "array"
        return None


def scan(source, allowed, ours=frozenset()):
    """Return (line, what) of every use of torch in a source that the list does not allow.

    Args:
        source: the text of a Python file.
        allowed: names such as torch.add and torch.Tensor.mul_.
        ours: names of methods and attributes that the package defines itself.
    """
    return Scan(source, allowed, ours).found
