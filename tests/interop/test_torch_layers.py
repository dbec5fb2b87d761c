"""Each layer of PyTorch's as ours and back: outputs, gradients, settings and state are the same."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.autodiff import Tensor
from bakeoff.interop import from_torch, to_torch
from bakeoff.interop.torch_layers import FROM_THEIRS
from nn import namesakes
from nn.arrays import classes, close, draw


def test_every_layer_under_a_name_of_pytorchs_has_its_pair():
    assert {kind.__name__ for kind in FROM_THEIRS} == {*namesakes.LAYERS}


@pytest.mark.parametrize("name", sorted(namesakes.LAYERS))
@settings(max_examples=12)
@given(data=st.data())
def test_there_and_back(name, data):
    case = data.draw(namesakes.LAYERS[name])
    theirs = case.theirs()
    ours = from_torch(theirs)
    ours.set_streams([torch.Generator()])
    back = to_torch(ours)
    assert repr(from_torch(back)) == repr(ours)
    assert back.training == ours.training == theirs.training
    x = classes(case.shape, case.whole) if case.whole else draw(case.shape)
    with torch.enable_grad():
        expected, again = theirs(x), back(x)
    close(ours(Tensor(x)).data, expected.detach(), 1e-10, "there")
    close(again, expected, 1e-10, "and back")
    assert ours.state_dict().keys() == theirs.state_dict().keys() == back.state_dict().keys()
    for key, value in theirs.state_dict().items():
        close(ours.state_dict()[key], value, 1e-10, key)
        close(back.state_dict()[key], value, 1e-10, key)
