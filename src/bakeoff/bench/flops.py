"""How much of the machine a piece of work asks for: the operations in its matrix products."""

from __future__ import annotations

from typing import Any

from bakeoff.autodiff import no_grad
from bakeoff.autodiff.listing import flops
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.bench.problem import LR, SEED, Problem, our_network
from bakeoff.nn import CrossEntropyLoss, MSELoss
from bakeoff.optim import SGD

PRODUCTS = frozenset({"mm", "bmm", "addmm", "baddbmm"})


def product_flops(problem: Problem) -> int:
    """Return the floating-point operations in the matrix products of one unit of the work.

    They are those of our plan, a convolution being the product of its patches, and the same
    number is taken for every contender.
    """
    work = problem.work
    network = our_network(work).initialise(SEED)
    x, y = (data[0, problem.rows[0, 0]] for data in (problem.inputs, problem.targets))

    def logits(x: Tensor) -> Tensor:
        outputs: Any = network(x)
        return outputs if isinstance(outputs, Tensor) else outputs["target"]

    if work.kind == "predict":
        network.eval()
        with no_grad():
            plan = capture(logits, x)
    else:
        optimizer = SGD(network.parameters(), lr=LR)
        loss = MSELoss() if work.network == "disk" else CrossEntropyLoss()

        def step(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            loss(logits(x), y).backward()
            optimizer.step()

        plan = capture(step, x, y)
    a_step = sum(flops(call) for call in plan.calls if call.name in PRODUCTS)
    steps = problem.rows.shape[1] * work.rounds
    return a_step * steps // work.units
