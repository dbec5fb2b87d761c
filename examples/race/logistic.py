"""A function that takes a seed: logistic regression by gradient descent, with numpy alone."""

import numpy as np


def train(seed, rate=0.1, steps=30):
    """Return the error and the loss on examples that were not trained on."""
    rng = np.random.default_rng(seed)
    inputs, wanted = rng.normal(size=(400, 10)), rng.normal(size=10)
    targets = inputs @ wanted + rng.normal(size=400) > 0
    weights = np.zeros(10)
    for _ in range(steps):
        wrong = 1 / (1 + np.exp(-inputs[:200] @ weights)) - targets[:200]
        weights -= rate * inputs[:200].T @ wrong / 200
    outputs = inputs[200:] @ weights
    return {
        "error": np.mean((outputs > 0) != targets[200:]),
        "loss": np.mean(np.logaddexp(0, np.where(targets[200:], -outputs, outputs))),
    }
