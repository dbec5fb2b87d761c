"""Watch what torch runs: the dispatch test of the framework's rule.

    with plain_torch() as kernels:     # autograd off; a convolution or such raises at once
        train(...)
    assert "aten::addmm" in kernels

`plain_torch` holds a whole training, data and all, to plain kernels. `listed_torch` holds what
autodiff, nn and optim do themselves to the names of torch_allowlist.txt, however they are reached.
"""

from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from floors.allowlist import FORBIDDEN, names


class ForbiddenKernel(AssertionError):
    """torch ran something that the framework must do itself."""


class Kernels(TorchDispatchMode):
    """Notes every kernel that torch runs; refuses those that differentiate, train or are layers."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name()
        self.seen.add(name.partition(".")[0])
        if FORBIDDEN.search(name.removeprefix("aten::")):
            raise ForbiddenKernel(f"torch ran the kernel {name}")
        return func(*args, **(kwargs or {}))


class Functions(TorchFunctionMode):
    """Refuses every function of torch whose name is forbidden or, if asked to, not listed."""

    def __init__(self, *, listed_only):
        super().__init__()
        self.listed = {name.rpartition(".")[2] for name in names()} if listed_only else None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name, module = name_of(func), getattr(func, "__module__", None) or ""
        layer = module.startswith(("torch.nn", "torch._C._nn", "torch.autograd", "torch.optim"))
        if layer or FORBIDDEN.search(name):
            raise ForbiddenKernel(f"torch's function {module}.{name} was called")
        if self.listed is not None and name not in self.listed | OPERATORS:
            raise ForbiddenKernel(f"torch's function {name} was called and is not listed")
        return func(*args, **(kwargs or {}))


# What Python's operators and conversions call: arithmetic and comparison in every form.
OPERATORS = {
    f"__{form}{name}__"
    for name in ("add", "sub", "mul", "truediv", "matmul", "pow")
    for form in ("", "r", "i")
} | {
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__neg__",
    "__len__",
    "__int__",
    "__float__",
    "__bool__",
}


def name_of(func):
    """Return the last part of a function's name; of a property's getter, the property's."""
    owner = getattr(func, "__self__", None)
    if func.__name__ == "__get__" and owner is not None:
        return owner.__name__
    return func.__name__


@contextmanager
def plain_torch(*, listed_only=False):
    """Switch torch's autograd off and raise on any kernel or function that the rule excludes.

    Yields:
        The names of the kernels that torch has run so far, such as "aten::add".
    """
    with torch.set_grad_enabled(False), Functions(listed_only=listed_only), Kernels() as kernels:
        yield kernels.seen


@contextmanager
def listed_torch():
    """As `plain_torch`, and raise on any function of torch that is not on the allowlist."""
    with plain_torch(listed_only=True) as seen:
        yield seen
