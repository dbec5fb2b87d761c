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
    """A layer or loss with its arguments and the N-first shape of a batch for it."""

    name: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]
    training: bool = True

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
    inner = [draw(lengths(3)) for _ in range(draw(st.sampled_from(inner_axes)))]
    training = draw(st.booleans())
    alone = all(n == 1 for n in inner)
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
def dropout(draw):
    # Without chance in it; the masks themselves are held against PyTorch's in test_dropout.py.
    case = draw(any_shape("Dropout"))
    training = draw(st.booleans())
    p = draw(st.sampled_from([0.0, 1.0] if training else [0.0, 0.3, 1.0]))
    return Case("Dropout", {"p": p}, case.shape, training)


LAYERS = {
    "AvgPool2d": pool("AvgPool2d"),
    "BatchNorm1d": batch_norm("BatchNorm1d", [0, 1]),
    "BatchNorm2d": batch_norm("BatchNorm2d", [2]),
    "Conv2d": conv(),
    "Dropout": dropout(),
    "Flatten": any_shape("Flatten", axes=(2, 4)),
    "Identity": any_shape("Identity"),
    "LeakyReLU": any_shape(
        "LeakyReLU", st.sampled_from([{}, {"negative_slope": 0.3}, {"negative_slope": -0.5}])
    ),
    "Linear": linear(),
    "LogSoftmax": softmax("LogSoftmax"),
    "MaxPool2d": pool("MaxPool2d"),
    "ReLU": any_shape("ReLU"),
    "Sigmoid": any_shape("Sigmoid"),
    "Softmax": softmax("Softmax"),
    "Tanh": any_shape("Tanh"),
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
