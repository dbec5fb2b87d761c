"""bakeoff: does this change to a small network help, how much, and how sure is that?

`run` trains a study and judges it, `compare` judges anyone's numbers. Underneath stands a
deep-learning framework on torch tensor operations alone (`Tensor`, `nn`, `optim`). The names below
are imported when they are first used, so that `import bakeoff` is quick and needs no torch.
"""

TYPE_CHECKING = False  # nothing is imported here, as it takes a while, in which Ctrl-C may come
if TYPE_CHECKING:
    from typing import Any

    from bakeoff import autodiff, nn, optim
    from bakeoff.autodiff import Tensor, capture, check_grad, grad, no_grad, operation
    from bakeoff.data import generate_disk_sets, generate_pair_sets
    from bakeoff.front import Run, compare, race, race_estimators, run
    from bakeoff.neural_network import NeuralNetwork
    from bakeoff.study.metric import Metric
    from bakeoff.training.recipe import Recipe
    from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

    __version__: str

__all__ = [
    "Metric",
    "NetworkCompetitor",
    "NetworkStudy",
    "NeuralNetwork",
    "Recipe",
    "Run",
    "Tensor",
    "__version__",
    "autodiff",
    "capture",
    "check_grad",
    "compare",
    "generate_disk_sets",
    "generate_pair_sets",
    "grad",
    "nn",
    "no_grad",
    "operation",
    "optim",
    "race",
    "race_estimators",
    "run",
]

_NAMES = {
    "autodiff": ("Tensor", "capture", "check_grad", "grad", "no_grad", "operation"),
    "data": ("generate_disk_sets", "generate_pair_sets"),
    "front": ("Run", "compare", "race", "race_estimators", "run"),
    "neural_network": ("NeuralNetwork",),
    "study.metric": ("Metric",),
    "training.recipe": ("Recipe",),
    "training.spec": ("NetworkCompetitor", "NetworkStudy"),
}
"""By the module that defines them."""


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        return version("bakeoff")
    if name in ("autodiff", "nn", "optim"):
        return import_module(f"bakeoff.{name}")
    for module, names in _NAMES.items():
        if name in names:
            return getattr(import_module(f"bakeoff.{module}"), name)
    raise AttributeError(f"module 'bakeoff' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
