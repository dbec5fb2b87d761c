"""The one table of what `nn` and `optim` export and what it must agree with in PyTorch.

Names and arguments are PyTorch's, so an entry holds no more than the arguments to try and how to
draw a batch; `test_namesakes.py` holds the table equal to what is exported.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from hypothesis import strategies as st

from bakeoff import nn, optim

# What is exported but is no layer, loss, optimiser or schedule.
OTHERS_NN = {
    "Activation",  # a user's own: test_custom.py
    "Buffer",
    "Loss",  # base class
    "Module",
    "Parallel",  # test_parallel.py
    "Parameter",
    "Sequential",  # test_container.py
    "batch_last",
    "count_parameters",
    "init",
    "lockstep",
}
OTHERS_OPTIM = {
    "LRScheduler",  # base class
    "OPTIMISERS",
    "Optimizer",  # base class
    "SCHEDULES",
    "clip_grad_norm_",  # test_clip.py
    "lr_scheduler",
}


@dataclass(frozen=True)
class Case:
    """A layer or loss with its arguments and the N-first shape of a batch for it.

    Of an embedding `whole` is given: a batch of whole numbers below it.
    """

    name: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]
    training: bool = True
    whole: int = 0

    def ours(self, round_=0, rounds=None):
        """Return our module in float64, in its mode, with parameters drawn."""
        module = getattr(nn, self.name)(**self.arguments)
        if rounds is not None:
            nn.lockstep(module, rounds)
        return module.initialise(seed=0, round_=round_).double().train(self.training)

    def theirs(self):
        """Return PyTorch's in float64, with parameters and statistics that are nothing special."""
        with torch.random.fork_rng(devices=[]):
            module = getattr(torch.nn, self.name)(**self.arguments).double()
        generator = torch.Generator().manual_seed(1)
        for values in module.state_dict().values():
            if values.is_floating_point():
                values.uniform_(0.25, 1.25, generator=generator)
        return module.train(self.training)


NONE = st.just({})


def lengths(most: int = 4):
    return st.integers(1, most)


@st.composite
def linear(draw):
    arguments = {"in_features": draw(lengths()), "out_features": draw(lengths())}
    arguments["bias"] = draw(st.booleans())
    return Case("Linear", arguments, (draw(lengths()), arguments["in_features"]))


def one_or_two(numbers):
    """One number for rows and columns, or one for each."""
    return numbers | st.tuples(numbers, numbers)


def both(value):
    return value if isinstance(value, tuple) else (value, value)


@st.composite
def conv(draw):
    arguments = {
        "in_channels": draw(lengths(3)),
        "out_channels": draw(lengths(3)),
        "kernel_size": draw(one_or_two(lengths(3))),
        "stride": draw(one_or_two(lengths(3))),
        "padding": draw(one_or_two(st.integers(0, 2))),
        "bias": draw(st.booleans()),
    }
    sides = [
        max(1, k - 2 * p) + draw(st.integers(0, 4))
        for k, p in zip(both(arguments["kernel_size"]), both(arguments["padding"]), strict=True)
    ]
    return Case("Conv2d", arguments, (draw(lengths(3)), arguments["in_channels"], *sides))


@st.composite
def pool(draw, name):
    size = draw(one_or_two(lengths(3)))
    arguments = {
        "kernel_size": size,
        "stride": draw(st.none() | one_or_two(lengths(3))),
        "padding": draw(st.tuples(*[st.integers(0, k // 2) for k in both(size)])),
    }
    sides = [k + draw(st.integers(0, 4)) for k in both(size)]
    return Case(name, arguments, (draw(lengths(3)), draw(lengths(3)), *sides))


@st.composite
def batch_norm(draw, name, inner_axes):
    channels = draw(lengths(3))
    arguments = {
        "num_features": channels,
        "eps": draw(st.sampled_from([1e-5, 1e-2])),
        "momentum": draw(st.sampled_from([0.1, 0.0, 0.3, 1.0])),
        "affine": draw(st.booleans()),
    }
    arguments["track_running_stats"] = draw(st.booleans())
    if name.startswith("Batch"):
        arguments["momentum"] = draw(st.sampled_from([arguments["momentum"], None]))
    inner = [draw(lengths(3)) for _ in range(draw(st.sampled_from(inner_axes)))]
    training = draw(st.booleans()) or not arguments["track_running_stats"]
    alone = all(n == 1 for n in inner)
    if name.startswith("Instance") and alone:
        inner[0] = 2
        alone = False
    return Case(
        name,
        arguments,
        (draw(st.integers(2 if training and alone else 1, 4)), channels, *inner),
        training,
    )


@st.composite
def any_shape(draw, name, arguments=NONE, axes=(1, 4)):
    shape = draw(st.lists(lengths(), min_size=axes[0], max_size=axes[1]))
    return Case(name, draw(arguments), tuple(shape))


@st.composite
def softmax(draw, name):
    case = draw(any_shape(name))
    axes = len(case.shape)
    return Case(name, {"dim": draw(st.integers(-axes, axes - 1))}, case.shape)


@st.composite
def dropout(draw, name="Dropout", axes=(1, 4)):
    # Without chance in it; the masks themselves are held against PyTorch's in test_dropout.py.
    case = draw(any_shape(name, axes=axes))
    training = draw(st.booleans())
    p = draw(st.sampled_from([0.0, 1.0] if training else [0.0, 0.3, 1.0]))
    return Case(name, {"p": p}, case.shape, training)


@st.composite
def embedding(draw):
    rows = draw(lengths(5))
    arguments = {"num_embeddings": rows, "embedding_dim": draw(lengths())}
    arguments["padding_idx"] = draw(st.none() | st.integers(-rows, rows - 1))
    shape = draw(st.lists(lengths(), min_size=1, max_size=3))
    return Case("Embedding", arguments, tuple(shape), whole=rows)


@st.composite
def group_norm(draw):
    groups, each = draw(lengths(3)), draw(lengths(3))
    arguments = {"num_groups": groups, "num_channels": groups * each}
    arguments |= {"eps": draw(st.sampled_from([1e-5, 0.1])), "affine": draw(st.booleans())}
    inner = draw(st.lists(lengths(3), max_size=3))
    shape = [draw(lengths(3)), groups * each, *inner]
    if each == 1 and all(n == 1 for n in inner):
        shape.append(2)  # PyTorch wants more than one value in a group
    return Case("GroupNorm", arguments, tuple(shape))


@st.composite
def layer_norm(draw, name):
    last = draw(st.lists(lengths(3), min_size=1, max_size=2))
    arguments = {"normalized_shape": draw(st.sampled_from([last, tuple(last)]))}
    if len(last) == 1 and draw(st.booleans()):
        arguments["normalized_shape"] = last[0]
    arguments["eps"] = draw(st.sampled_from([1e-5, 0.1] if name == "LayerNorm" else [None, 0.1]))
    arguments["elementwise_affine"] = draw(st.booleans())
    if name == "LayerNorm":
        arguments["bias"] = draw(st.booleans())
    first = draw(st.lists(lengths(3), min_size=1, max_size=2))
    return Case(name, arguments, (*first, *last))


@st.composite
def response_norm(draw):
    arguments = {"size": draw(lengths()), "alpha": draw(st.sampled_from([1e-4, 0.5]))}
    arguments |= {"beta": draw(st.sampled_from([0.75, 2.0])), "k": draw(st.sampled_from([1.0, 2]))}
    shape = draw(st.lists(lengths(), min_size=3, max_size=5))
    return Case("LocalResponseNorm", arguments, tuple(shape))


@st.composite
def prelu(draw):
    case = draw(any_shape("PReLU", axes=(2, 4)))
    many = draw(st.sampled_from([1, case.shape[1]]))
    return Case("PReLU", {"num_parameters": many}, case.shape)


@st.composite
def glu(draw):
    case = draw(any_shape("GLU"))
    dim = draw(st.integers(-len(case.shape), len(case.shape) - 1))
    shape = list(case.shape)
    shape[dim] *= 2
    return Case("GLU", {"dim": dim}, tuple(shape))


def sometimes(**values):
    """Arguments by name, each with one of two values or left out."""
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(each) for name, each in values.items()}
    )


LAYERS = {
    "AvgPool2d": pool("AvgPool2d"),
    "BatchNorm1d": batch_norm("BatchNorm1d", [0, 1]),
    "BatchNorm2d": batch_norm("BatchNorm2d", [2]),
    "BatchNorm3d": batch_norm("BatchNorm3d", [3]),
    "CELU": any_shape("CELU", sometimes(alpha=[0.5, 2])),
    "Conv2d": conv(),
    "Dropout": dropout(),
    "Dropout1d": dropout("Dropout1d", (3, 3)),
    "Dropout2d": dropout("Dropout2d", (4, 4)),
    "Dropout3d": dropout("Dropout3d", (5, 5)),
    "ELU": any_shape("ELU", sometimes(alpha=[0.5, -2.0])),
    "Embedding": embedding(),
    "Flatten": any_shape("Flatten", axes=(2, 4)),
    "GELU": any_shape("GELU", sometimes(approximate=["none", "tanh"])),
    "GLU": glu(),
    "GroupNorm": group_norm(),
    "Hardshrink": any_shape("Hardshrink", sometimes(lambd=[0.25, 1])),
    "Hardsigmoid": any_shape("Hardsigmoid"),
    "Hardswish": any_shape("Hardswish"),
    "Hardtanh": any_shape("Hardtanh", sometimes(min_val=[-2, 0.5], max_val=[1.5, 1])),
    "Identity": any_shape("Identity"),
    "InstanceNorm1d": batch_norm("InstanceNorm1d", [1]),
    "InstanceNorm2d": batch_norm("InstanceNorm2d", [2]),
    "InstanceNorm3d": batch_norm("InstanceNorm3d", [3]),
    "LayerNorm": layer_norm("LayerNorm"),
    "LeakyReLU": any_shape(
        "LeakyReLU", st.sampled_from([{}, {"negative_slope": 0.3}, {"negative_slope": -0.5}])
    ),
    "Linear": linear(),
    "LocalResponseNorm": response_norm(),
    "LogSigmoid": any_shape("LogSigmoid"),
    "LogSoftmax": softmax("LogSoftmax"),
    "MaxPool2d": pool("MaxPool2d"),
    "Mish": any_shape("Mish"),
    "PReLU": prelu(),
    "RMSNorm": layer_norm("RMSNorm"),
    "ReLU": any_shape("ReLU"),
    "ReLU6": any_shape("ReLU6"),
    "SELU": any_shape("SELU"),
    "SiLU": any_shape("SiLU"),
    "Sigmoid": any_shape("Sigmoid"),
    "Softmax": softmax("Softmax"),
    "Softmax2d": any_shape("Softmax2d", axes=(4, 4)),
    "Softmin": softmax("Softmin"),
    "Softplus": any_shape("Softplus", sometimes(beta=[0.5, 3], threshold=[1, 20.0])),
    "Softshrink": any_shape("Softshrink", sometimes(lambd=[0.0, 1])),
    "Softsign": any_shape("Softsign"),
    "Tanh": any_shape("Tanh"),
    "Tanhshrink": any_shape("Tanhshrink"),
    "Threshold": any_shape("Threshold", st.just({"threshold": 0.5, "value": -3})),
}

reductions = st.sampled_from(["mean", "sum", "none"])
smoothings = st.sampled_from([0.0, 0.1, 1.0])


@st.composite
def class_loss(draw, name, extra=NONE):
    arguments = {"reduction": draw(reductions), **draw(extra)}
    return Case(name, arguments, (draw(lengths()), draw(lengths())))


def element_loss(name):
    return any_shape(name, st.fixed_dictionaries({"reduction": reductions}))


ELEMENT_LOSSES = {
    "BCELoss": element_loss("BCELoss"),
    "BCEWithLogitsLoss": element_loss("BCEWithLogitsLoss"),
    "L1Loss": element_loss("L1Loss"),
    "MSELoss": element_loss("MSELoss"),
}
CLASS_LOSSES = {
    "CrossEntropyLoss": class_loss(
        "CrossEntropyLoss", st.fixed_dictionaries({"label_smoothing": smoothings})
    ),
    "NLLLoss": class_loss("NLLLoss"),
}
LOSSES = {**ELEMENT_LOSSES, **CLASS_LOSSES}


def within_reach(name, *numbers):
    """Move numbers in place to where a loss takes them; half of them then lie at an end."""
    if name == "BCELoss":
        for each in numbers:
            each.clamp_(0.0, 1.0)


@dataclass(frozen=True)
class Rule:
    """An optimiser or schedule with its arguments."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    with_optimiser: str = ""  # for a schedule

    def ours(self, target):
        return getattr(optim, self.name)(target, **self.arguments)

    def theirs(self, target):
        home = torch.optim.lr_scheduler if self.with_optimiser else torch.optim
        return getattr(home, self.name)(target, **self.arguments)

    def __str__(self):
        inside = ", ".join(f"{k}={v}" for k, v in self.arguments.items())
        return f"{self.name}({inside})" + f" of {self.with_optimiser}" * bool(self.with_optimiser)


OPTIMISERS = [
    Rule("SGD"),
    Rule("SGD", {"lr": 0.1}),
    Rule("SGD", {"lr": 0.1, "momentum": 0.9}),
    Rule("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    Rule("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    Rule("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    Rule("Adagrad"),
    Rule("Adagrad", {"lr": 0.1, "lr_decay": 0.3, "weight_decay": 0.1, "eps": 1e-3}),
    Rule("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5}),
    Rule("Adam"),
    Rule("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    Rule("Adam", {"lr": 0.05, "betas": (0.0, 0.5)}),
    Rule("AdamW"),
    Rule("AdamW", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    Rule("AdamW", {"lr": 0.05, "weight_decay": 0.0}),
    Rule("RMSprop"),
    Rule("RMSprop", {"lr": 0.05, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    Rule("RMSprop", {"lr": 0.05, "centered": True}),
    Rule("RMSprop", {"lr": 0.05, "momentum": 0.9}),
    Rule("RMSprop", {"lr": 0.05, "momentum": 0.5, "centered": True, "weight_decay": 0.01}),
]

SCHEDULES = [
    Rule("StepLR", {"step_size": 3}, "SGD"),
    Rule("StepLR", {"step_size": 1, "gamma": 0.7}, "Adam"),
    Rule("CosineAnnealingLR", {"T_max": 10}, "SGD"),
    Rule("CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}, "Adam"),
    Rule("CosineAnnealingLR", {"T_max": 1}, "SGD"),
    Rule("OneCycleLR", {"max_lr": 0.1, "total_steps": 10}, "SGD"),
    Rule("OneCycleLR", {"max_lr": 0.1, "total_steps": 10}, "Adam"),
    Rule("OneCycleLR", {"max_lr": 0.1, "total_steps": 12}, "RMSprop"),
    Rule(
        "OneCycleLR",
        {"max_lr": 0.1, "epochs": 2, "steps_per_epoch": 6, "anneal_strategy": "linear"},
        "AdamW",
    ),
    Rule(
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": 11, "pct_start": 0.4, "three_phase": True},
        "SGD",
    ),
    Rule(
        "OneCycleLR",
        {
            "max_lr": 0.2,
            "total_steps": 10,
            "cycle_momentum": False,
            "div_factor": 4.0,
            "final_div_factor": 10.0,
        },
        "SGD",
    ),
    Rule(
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": 10, "base_momentum": 0.5, "max_momentum": 0.8},
        "SGD",
    ),
    Rule("ReduceLROnPlateau", {"patience": 0}, "SGD"),
    Rule("ReduceLROnPlateau", {"mode": "max", "patience": 1, "factor": 0.5}, "Adam"),
    Rule("ReduceLROnPlateau", {"patience": 0, "cooldown": 2, "threshold": 0.3}, "SGD"),
    Rule("ReduceLROnPlateau", {"mode": "max", "patience": 0, "threshold": 0.3}, "SGD"),
    Rule(
        "ReduceLROnPlateau",
        {"patience": 0, "threshold": 0.1, "threshold_mode": "abs", "min_lr": 0.03},
        "SGD",
    ),
    Rule(
        "ReduceLROnPlateau",
        {"mode": "max", "patience": 0, "threshold_mode": "abs", "eps": 0.05},
        "SGD",
    ),
]
