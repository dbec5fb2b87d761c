"""What is measured: a piece of work and the rivals that do it too."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

OURS = "our-plan"

RIVALS: MappingProxyType[str, str] = MappingProxyType(
    {
        OURS: "our plan",
        "our-tape": "our tape",
        "pytorch-eager": "PyTorch eager",
        "pytorch-channels-last": "PyTorch channels_last",
        "torch-compile": "torch.compile",
        "torch-vmap-grad": "torch.func vmap + grad",
        "torch-stacked": "PyTorch stacked baddbmm",
        "jax-jit": "JAX jit",
        "jax-scan": "JAX scan",
        "jax-vmap-scan": "JAX vmap + scan",
        "sklearn": "scikit-learn MLP",
        "pytorch-loop": "PyTorch loop",
        "pytorch-two-workers": "PyTorch, two workers",
    }
)
"""The rivals' names, and what people read."""

Kind = Literal["train", "predict", "fit", "command"]


@dataclass(frozen=True)
class Work:
    """A piece of work.

    Attributes:
        name: what `--only` and the JSON rows call it.
        title: what people read.
        kind: "train", steps of training; "predict", logits of all examples; "fit", whole epochs in
            one call; "command", a whole command, from its start to its end.
        network: "disk", or a name in `bakeoff.models.MODELS`; for a command, several.
        rivals: names in `RIVALS`, ours not among them.
        rounds: independent networks that train side by side.
        batch: examples a step.
        width: hidden units a layer, of the disk network.
        steps: training steps in one sample; a whole epoch of 1,000 examples unless told.
        unit: what a time is given for.
    """

    name: str
    title: str
    kind: Kind
    network: str
    rivals: tuple[str, ...]
    rounds: int = 1
    batch: int = 50
    width: int = 25
    steps: int = 20
    unit: str = "step"

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


EXAMPLES = 1000
_NETWORK_RIVALS = (
    "pytorch-eager",
    "pytorch-channels-last",
    "torch-compile",
    "jax-jit",
    "our-tape",
)
_DISK_RIVALS = ("pytorch-eager", "torch-compile", "jax-jit", "jax-scan", "our-tape")
_LOCKSTEP_RIVALS = (
    "pytorch-eager",
    "torch-vmap-grad",
    "torch-stacked",
    "jax-vmap-scan",
    "our-tape",
)


def _pairs_step(number: int, steps: int = 20) -> Work:
    name, title = f"model{number}", f"model {number}, a step of 50 pairs"
    return Work(f"{name}-step", title, "train", name, _NETWORK_RIVALS, steps=steps)


WORKS: tuple[Work, ...] = (
    Work("disk-step", "disk network, a step of 50 points", "train", "disk", _DISK_RIVALS),
    Work(
        "disk-30",
        "disk network, 30 rounds in lockstep, a step of 50 points",
        "train",
        "disk",
        _LOCKSTEP_RIVALS,
        rounds=30,
        unit="step of one round",
    ),
    Work(
        "disk-fit",
        "disk network, fitting 1,000 points",
        "fit",
        "disk",
        ("sklearn",),
        steps=200,
        unit="epoch",
    ),
    _pairs_step(1),
    _pairs_step(2),
    _pairs_step(4, steps=2),
    Work(
        "model2-predict",
        "model 2, inference on 1,000 pairs",
        "predict",
        "model2",
        _NETWORK_RIVALS,
        unit="1,000 pairs",
    ),
    Work(
        "ablation",
        "models 1 and 2, 25 epochs, the whole command",
        "command",
        "model1, model2",
        ("pytorch-loop", "pytorch-two-workers"),
        unit="command",
    ),
)


def _disk(axis: str, value: int, *, rounds: int = 1, batch: int = 50, width: int = 25) -> Work:
    rivals = ("pytorch-eager", "torch-stacked", "jax-vmap-scan")
    name, title = f"disk-{axis}-{value}", f"disk network, {axis} {value}"
    unit = "step of one round" if rounds > 1 else "step"
    return Work(name, title, "train", "disk", rivals, rounds, batch, width, steps=10, unit=unit)


def _model2(batch: int) -> Work:
    name, title = f"model2-batch-{batch}", f"model 2, batch {batch}"
    rivals = ("pytorch-eager", "pytorch-channels-last", "jax-jit")
    return Work(name, title, "train", "model2", rivals, batch=batch, steps=4)


GROWTH: tuple[Work, ...] = (
    *(_disk("batch", n, batch=n) for n in (10, 50, 250, 1000)),
    *(_disk("width", n, width=n) for n in (10, 25, 100, 400)),
    *(_disk("rounds", n, rounds=n) for n in (1, 3, 10, 30, 100)),
    *(_model2(n) for n in (10, 50, 250, 1000)),
)
"""How cost grows with the batch, the width of the layers and the number of rounds."""
