"""A plan as text: each line says what a call reads, writes, costs and belongs to."""

import re

import pytest
import torch

from autodiff.steps import Training, batch, draw, everything
from bakeoff.autodiff import concat, gather, kernels, stack
from bakeoff.autodiff.listing import flops, moved_bytes, total_flops
from bakeoff.autodiff.plan import capture
from bakeoff.nn import Linear, Module, ReLU, Sequential


def test_the_whole_text():
    network = Sequential(Linear(3, 5), ReLU(), Linear(5, 2)).initialise()
    assert str(capture(network, draw(4, 3))) == "\n".join(
        [
            "   kernel  reads          writes  FLOPs  bytes  layer",
            "0  copy_   3×4            3×4         0     96",
            "1  addmm   5×1, 5×3, 3×4  5×4       120    208  0 Linear",
            "2  clamp   5×4            5×4        20    160  1 ReLU",
            "3  addmm   2×1, 2×5, 5×4  2×4        80    160  2 Linear",
            "4 calls, 220 FLOPs, 624 bytes moved, 240 bytes of buffers",
        ]
    )


def test_every_call_has_a_line_and_the_totals_are_their_sums():
    plan = capture(Training(*everything(), momentum=0.9).step, *batch())
    heading, *lines, totals = str(plan).splitlines()
    assert heading.split() == ["kernel", "reads", "writes", "FLOPs", "bytes", "layer"]
    assert len(lines) == len(plan)
    for i, (line, call) in enumerate(zip(lines, plan.calls, strict=True)):
        assert line.split()[:2] == [str(i), call.name]
        assert line.startswith(str(i).rjust(len(str(len(lines) - 1))) + "  " + call.name)
        assert line == line.rstrip()
        assert line.endswith(plan.names.get(id(call.scope), ""))
        assert re.search(rf"  {flops(call):,} +{moved_bytes(call):,}(  |$)", line)
    numbers = [int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", totals)]
    assert numbers == [
        len(plan),
        sum(flops(call) for call in plan.calls),
        sum(moved_bytes(call) for call in plan.calls),
        plan.buffer_bytes,
    ]
    assert total_flops(plan) == numbers[1]


def test_layers_are_named_by_their_place_and_losses_and_optimisers_by_their_class():
    class Net(Module):
        def __init__(self):
            self.body = Sequential(Linear(3, 5), ReLU())
            self.heads = {"target": Linear(5, 2)}

        def forward(self, x):
            return self.heads["target"](self.body(x))

    plan = capture(Training(Net()).step, *batch())
    assert {plan.names[id(call.scope)] for call in plan.calls if call.scope is not None} == {
        "0.body.0 Linear",
        "0.body.1 ReLU",
        "0.heads.target Linear",
        "MSELoss",
        "SGD",
    }


ROWS = torch.tensor([1, 0])


def only_call(step, *inputs):
    (call,) = capture(step, *inputs).calls
    return call


@pytest.mark.parametrize(
    ("step", "inputs", "expected_flops", "expected_bytes"),
    [
        # 2·m·n·k for a product, whatever its form.
        (lambda a, b: a @ b, [(3, 5), (5, 7)], 2 * 3 * 5 * 7, 4 * (15 + 35 + 21)),
        (lambda a, b: a @ b, [(2, 3, 5), (2, 5, 7)], 2 * 2 * 3 * 5 * 7, 4 * 2 * (15 + 35 + 21)),
        # One an element, read or written, whichever is more.
        (lambda a, b: a + b, [(3, 5), (5,)], 15, 4 * (15 + 5 + 15)),
        (lambda a: a.exp(), [(3, 5)], 15, 4 * 30),
        (lambda a: a.sum(0), [(3, 5)], 15, 4 * 20),
        # Short rows are summed by a product with as many ones.
        (lambda a: a.sum(), [(3, 5)], 15, 4 * (15 + 15 + 1)),
        # Moving elements costs bytes alone.
        (lambda *a: concat(a), [(3, 5), (2, 5)], 0, 4 * 50),
        (lambda *a: stack(a), [(3,), (3,)], 0, 4 * 12),
        (lambda a: a.index_select(0, ROWS), [(3, 5)], 0, 4 * 25 + 8 * 2),
        (lambda a: a.T.contiguous(), [(3, 5)], 0, 4 * 30),
        # An array that is read twice is counted once.
        (lambda a: a * a, [(3, 5)], 15, 4 * 30),
    ],
)
def test_what_a_call_costs(step, inputs, expected_flops, expected_bytes):
    call = only_call(step, *(draw(*shape) for shape in inputs))
    assert flops(call) == expected_flops
    assert moved_bytes(call) == expected_bytes


def test_a_product_with_a_bias_costs_what_the_product_costs():
    layer = Sequential(Linear(3, 5)).initialise()
    call = capture(layer, draw(4, 3)).calls[-1]
    assert call.name == "addmm"
    assert flops(call) == 2 * 5 * 3 * 4


def test_a_line_names_three_of_many_arrays():
    plan = capture(lambda *a: concat(a), *(draw(i + 1, 2, seed=i) for i in range(5)))
    assert "1×2, 2×2, 3×2 and 2 more  15×2" in str(plan)


def test_a_target_that_is_only_written_to_is_not_read():
    counter = torch.zeros(2)

    def step(x):
        kernels.update(torch.Tensor.add_, counter, x.data)
        return gather(x, 0, index)

    index = torch.tensor([1, 1])
    lines = str(capture(step, torch.ones(2))).splitlines()
    assert lines[1].split()[1:4] == ["add_", "2,", "2"]
    assert lines[2].split()[1] == "gather"
