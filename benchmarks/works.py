"""What is measured: a piece of work and the rivals that do it too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from bakeoff.errors import BakeoffError

EXAMPLES = 1000


class Contender(NamedTuple):
    """Ours, or a rival: what people read, and which functions of benchmarks.rivals it is.

    Of a function, its module and name: what does the disk network, and what networks on pairs.
    """

    title: str
    disk: str = ""
    pairs: str = ""


OURS = "our-plan"
CONTENDERS = {
    OURS: Contender("our plan", "ours.disk", "ours.pairs"),
    "our-tape": Contender("our tape", "ours.disk_tape", "ours.pairs_tape"),
    "pytorch-eager": Contender("PyTorch eager", "pytorch.eager", "pytorch.eager"),
    "pytorch-channels-last": Contender("PyTorch channels_last", "", "pytorch.channels_last"),
    "torch-compile": Contender("torch.compile", "pytorch.compiled", "pytorch.compiled"),
    "torch-vmap-grad": Contender("torch.func vmap + grad", "pytorch.vmap_grad"),
    "torch-stacked": Contender("PyTorch stacked baddbmm", "pytorch.stacked"),
    "jax-jit": Contender("JAX jit", "jax_networks.disk", "jax_networks.pairs"),
    "jax-scan": Contender("JAX scan", "jax_networks.disk_scan"),
    "jax-vmap-scan": Contender("JAX vmap + scan", "jax_networks.disk_vmap_scan"),
    "sklearn": Contender("scikit-learn MLP", "sklearn_fit.fit"),
    "pytorch-loop": Contender("PyTorch loop"),
    "pytorch-two-workers": Contender("PyTorch, two workers"),
}


class BenchError(BakeoffError, RuntimeError):
    """A benchmark cannot be run, or a rival computes something else than we do."""


@dataclass(frozen=True)
class Work:
    """A piece of work.

    Attributes:
        name: what `--only` and the JSON rows call it.
        title: what people read.
        kind: "train", steps of training; "predict", logits of all examples; "fit", whole epochs in
            one call; "command", a whole command, from its start to its end.
        network: "disk", or a name in `bakeoff.models.MODELS`; for a command, several.
        rivals: names in `CONTENDERS`, ours not among them.
        rounds: independent networks that train side by side.
        batch: examples a step.
        width: hidden units a layer, of the disk network.
        depth: hidden layers, of the disk network.
        steps: training steps in one sample; a whole epoch of 1,000 examples unless told.
    """

    name: str
    title: str
    kind: Literal["train", "predict", "fit", "command"]
    network: str
    rivals: tuple[str, ...]
    rounds: int = 1
    batch: int = 50
    width: int = 25
    depth: int = 3
    steps: int = 20

    @property
    def unit(self) -> str:
        """What a time is given for."""
        step = "step of one round" if self.rounds > 1 else "step"
        return {"train": step, "predict": "1,000 pairs", "fit": "epoch"}.get(self.kind, "command")

    @property
    def units(self) -> int:
        """How many units one sample holds."""
        if self.kind == "train":
            return self.rounds * self.steps
        return self.steps * self.batch // EXAMPLES if self.kind == "fit" else 1

    @property
    def examples(self) -> int:
        """Examples that each round draws its batches from."""
        return max(EXAMPLES, self.batch * self.steps) if self.kind == "train" else EXAMPLES


DISK = Work(
    "disk-step",
    "disk network, a step of 50 points",
    "train",
    "disk",
    ("pytorch-eager", "torch-compile", "jax-jit", "jax-scan", "our-tape"),
)
LOCKSTEP = replace(
    DISK,
    name="disk-30",
    title="disk network, 30 rounds in lockstep, a step of 50 points",
    rivals=("pytorch-eager", "torch-vmap-grad", "torch-stacked", "jax-vmap-scan", "our-tape"),
    rounds=30,
)
FIT = Work("disk-fit", "disk network, fitting 1,000 points", "fit", "disk", ("sklearn",), steps=200)
MODEL1 = Work(
    "model1-step",
    "model 1, a step of 50 pairs",
    "train",
    "model1",
    ("pytorch-eager", "pytorch-channels-last", "torch-compile", "jax-jit", "our-tape"),
)
MODEL2 = replace(MODEL1, name="model2-step", title="model 2, a step of 50 pairs", network="model2")
MODEL4 = replace(
    MODEL1, name="model4-step", title="model 4, a step of 50 pairs", network="model4", steps=2
)
PREDICT = replace(
    MODEL2, name="model2-predict", title="model 2, inference on 1,000 pairs", kind="predict"
)
ABLATION = Work(
    "ablation",
    "models 1 and 2, 25 epochs, the whole command",
    "command",
    "model1, model2",
    ("pytorch-loop", "pytorch-two-workers"),
)
WORKS = (DISK, LOCKSTEP, FIT, MODEL1, MODEL2, MODEL4, PREDICT, ABLATION)


def _grown(
    work: Work, rivals: tuple[str, ...], steps: int, axis: str, values: Iterable[int]
) -> Iterator[Work]:
    """Yield a work with other values along an axis, and fewer rivals and steps."""
    title = f"{work.title.partition(',')[0]}, {axis}"
    for n in values:
        named = replace(work, name=f"{work.network}-{axis}-{n}", title=f"{title} {n}")
        changed: dict[str, Any] = {axis: n}
        yield replace(named, rivals=rivals, steps=steps, **changed)


_DISK = DISK, ("pytorch-eager", "torch-stacked", "jax-vmap-scan"), 10
_MODEL2 = MODEL2, ("pytorch-eager", "pytorch-channels-last", "jax-jit"), 4
GROWTH = (
    *_grown(*_DISK, "batch", (10, 50, 250, 1000)),
    *_grown(*_DISK, "width", (10, 25, 100, 400)),
    *_grown(*_DISK, "depth", (1, 3, 6, 12)),
    *_grown(*_DISK, "rounds", (1, 3, 10, 30, 100)),
    *_grown(*_MODEL2, "batch", (10, 50, 250, 1000)),
)
"""How cost grows with the batch, the width and number of the layers, and the number of rounds."""
