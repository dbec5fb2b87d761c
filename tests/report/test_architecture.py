from itertools import pairwise

import pytest
import torch

from bakeoff.models import MODELS
from bakeoff.nn import Dropout, Linear, Module, ReLU, Sequential, count_parameters
from bakeoff.report.architecture import trace
from bakeoff.report.figures.networks import lay_out

PAIR = (2, 14, 14)


def named(architecture):
    return {box.name: box for box in architecture.boxes}


def readers(architecture, name):
    return {
        architecture.boxes[b].name
        for a, b in architecture.arrows
        if architecture.boxes[a].name == name
    }


@pytest.mark.parametrize("name", ["model1", "model2", "model3", "model2+digits", "record"])
def test_every_parameter_and_output_is_drawn(name):
    network = MODELS[name]()
    found = trace(network, PAIR)
    assert sum(box.parameters for box in found.boxes) == count_parameters(network)
    with torch.no_grad():
        outputs = network.eval()(torch.zeros(2, *PAIR))
    drawn = {box.name: box.shape for box in found.boxes if box.role == "output"}
    assert drawn == {name: tuple(out.shape[1:]) for name, out in outputs.items()}
    assert all(a < b for a, b in found.arrows)


def test_own_weights_are_two_columns_and_shared_ones_a_single_one():
    own, shared = (named(trace(MODELS[name](), PAIR)) for name in ("model1", "model2"))
    assert not own["body.first.conv1"].shared
    assert own["body.second.conv1"].shape == (16, 12, 12)
    assert shared["body.first.conv1"].images == 2
    assert shared["body.first.conv1"].shared
    assert "body.second.conv1" not in shared
    assert shared["hidden1"].images == 1


def test_branches_use_the_main_layers_and_are_told_from_the_main_path():
    found = trace(MODELS["model3"](), PAIR)
    boxes = named(found)
    assert boxes["hidden2"].uses == boxes["output"].uses == 3
    assert boxes["output"].shared
    assert readers(found, "branch_hidden1.0") == {"hidden2"}
    place = {box.name: i for i, box in enumerate(found.boxes)}
    assert place["hidden1"] in found.main
    assert place["branch_hidden1.0"] not in found.main
    assert (place["hidden1"], place["hidden2"]) in found.main_arrows
    assert (place["branch_hidden1.0"], place["hidden2"]) not in found.main_arrows
    assert (place["output"], place["target.pool"]) not in found.main_arrows


def test_a_redrawn_layer_without_parameters_is_drawn_too():
    found = trace(MODELS["model3"](redrawn=True), PAIR)
    assert named(found)["branch_hidden1.0"].parameters == 0
    assert readers(found, "branch_hidden1.1") == {"hidden2"}


def test_activations_stand_in_the_box_before():
    found = trace(Sequential(Linear(3, 4), ReLU(), Dropout(0.5), Linear(4, 2)), (3,))
    assert [box.kind for box in found.boxes] == [
        "",
        "Linear 3→4, ReLU",
        "Dropout p=0.5",
        "Linear 4→2",
        "",
    ]


class Twice(Module):
    """One layer after itself: to draw both calls as one box would turn an arrow back."""

    def __init__(self):
        self.layer = Linear(3, 3)

    def forward(self, x):
        return {"target": self.layer(self.layer(x)) + x}


def test_a_layer_after_itself_is_two_boxes_in_a_row():
    found = trace(Twice(), (3,))
    assert [box.name for box in found.boxes] == ["input", "layer", "layer", "add", "target"]
    assert found.arrows == ((0, 1), (0, 3), (1, 2), (2, 3), (3, 4))


class Noisy(Module):
    """Noise of its own in training: no two runs are the same steps."""

    def __init__(self):
        self.layer = Linear(3, 2)

    def forward(self, x):
        return self.layer(x + torch.rand(x.shape) if self.training else x)


def test_a_network_with_noise_of_its_own_is_drawn_without_it():
    network = Noisy()
    assert [box.name for box in trace(network, (3,)).boxes] == ["input", "layer", "target"]
    assert network.training


def test_tracing_leaves_the_network_as_it_found_it():
    network = MODELS["model2"]()
    trace(network, PAIR)
    assert all("forward" not in vars(module) for _, module in network.named_modules())


# ---- where to draw it ------------------------------------------------------------------------


def test_boxes_of_a_layer_do_not_overlap_and_arrows_point_down():
    found = trace(MODELS["model3"](), PAIR)
    ends = [i for i, box in enumerate(found.boxes) if box.role == "output"]
    layout = lay_out(len(found.boxes), found.arrows, ends)
    rows = {}
    for x, y in layout.boxes:
        rows.setdefault(y, []).append(x)
    for row in rows.values():
        row.sort()
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(row))
    for (a, b), path in zip(found.arrows, layout.paths, strict=True):
        assert path[0] == layout.boxes[a]
        assert path[-1] == layout.boxes[b]
        assert [y for _, y in path] == list(range(int(path[0][1]), int(path[-1][1]) + 1))
    assert {layout.boxes[i][1] for i in ends} == {layout.height - 1}
    assert min(x for x, _ in layout.boxes) == pytest.approx(0.5)
    assert max(x for x, _ in layout.boxes) == pytest.approx(layout.width - 0.5)


def test_an_arrow_over_a_row_goes_beside_the_box_there():
    layout = lay_out(3, [(0, 1), (1, 2), (0, 2)])
    assert layout.paths[2] == ((0.5, 0.0), (1.0, 1.0), (0.5, 2.0))


def test_a_chain_is_straight():
    layout = lay_out(4, [(0, 1), (1, 2), (2, 3)])
    assert layout.boxes == ((0.5, 0.0), (0.5, 1.0), (0.5, 2.0), (0.5, 3.0))
    assert (layout.width, layout.height) == (1.0, 4)
