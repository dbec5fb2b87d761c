"""Every layer and loss agrees with its PyTorch namesake: outputs, gradients, statistics."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff import nn, optim
from bakeoff.autodiff import Tensor
from nn import namesakes
from nn.arrays import classes, close, draw, layouts


def test_the_table_names_everything_that_is_exported():
    assert {*namesakes.LAYERS, *namesakes.LOSSES} == {*nn.__all__} - namesakes.OTHERS_NN
    rules = {rule.name for rule in namesakes.OPTIMISERS + namesakes.SCHEDULES}
    assert rules == {*optim.__all__} - namesakes.OTHERS_OPTIM
    assert {r.name for r in namesakes.OPTIMISERS} == {*optim.OPTIMISERS}
    assert {r.name for r in namesakes.SCHEDULES} == {*optim.SCHEDULES}


def test_every_exported_class_is_in_the_module_of_its_kind():
    for name in nn.__all__:
        kind = getattr(nn, name)
        if isinstance(kind, type) and name not in namesakes.OTHERS_NN:
            assert issubclass(kind, nn.Loss) == (name in namesakes.LOSSES), name


@pytest.mark.parametrize("name", sorted(namesakes.LAYERS))
@settings(max_examples=40)
@given(data=st.data(), layout=layouts, ties=st.booleans(), seed=st.integers(0, 1000))
def test_a_layer_agrees_with_its_namesake(name, data, layout, ties, seed):
    case = data.draw(namesakes.LAYERS[name])
    ours, theirs = case.ours(), case.theirs()
    ours.load_state_dict(theirs.state_dict())
    x = draw(case.shape, seed, ties=ties, layout=layout)
    if case.whole:
        x = classes(case.shape, case.whole, seed)

    floating = x.is_floating_point()
    x_ours = Tensor(x.clone(memory_format=torch.preserve_format), requires_grad=floating)
    out = ours(x_ours)
    # Contiguous: in evaluation, batch norm of torch 2.13 misplaces gradients of other layouts.
    x_theirs = x.clone(memory_format=torch.contiguous_format).requires_grad_(floating)
    with torch.enable_grad():
        expected = theirs(x_theirs)
    close(out.data, expected.detach(), name="output")

    cotangent = draw(out.shape, seed + 1)
    if not out.requires_grad:  # all of it is zero padding
        return
    out.backward(cotangent)
    expected.backward(cotangent)
    if floating:
        sixth = name == "Hardsigmoid"  # PyTorch divides its gradient by 6 in float32
        close(x_ours.grad.data, x_theirs.grad, 1e-7 if sixth else 1e-10, "gradient of the input")
    rivals = dict(theirs.named_parameters())
    assert rivals.keys() == dict(ours.named_parameters()).keys()
    for key, parameter in ours.named_parameters():
        close(parameter.grad.data, rivals[key].grad, name=f"gradient of {key}")
    for key, value in theirs.state_dict().items():
        close(ours.state_dict()[key], value, name=key)


@pytest.mark.parametrize("name", sorted(namesakes.ELEMENT_LOSSES))
@settings(max_examples=40)
@given(data=st.data(), layout=layouts, ties=st.booleans(), seed=st.integers(0, 1000))
def test_a_loss_of_numbers_agrees_with_its_namesake(name, data, layout, ties, seed):
    case = data.draw(namesakes.LOSSES[name])
    x = draw(case.shape, seed, ties=ties, layout=layout)
    target = draw(case.shape, seed + 1, ties=ties)
    namesakes.within_reach(name, x, target)
    ours = [Tensor(x, requires_grad=True), Tensor(target, requires_grad=True)]
    theirs = [x.clone().requires_grad_(), target.clone().requires_grad_()]
    check_loss(case, ours, theirs)


@pytest.mark.parametrize("name", sorted(namesakes.CLASS_LOSSES))
@settings(max_examples=40)
@given(data=st.data(), layout=layouts, scale=st.sampled_from([1.0, 1000.0]), seed=st.integers(0, 9))
def test_a_loss_of_classes_agrees_with_its_namesake(name, data, layout, scale, seed):
    case = data.draw(namesakes.LOSSES[name])
    x = draw(case.shape, seed, layout=layout) * scale
    target = classes(case.shape[:1], case.shape[1], seed)
    check_loss(case, [Tensor(x, requires_grad=True), target], [x.clone().requires_grad_(), target])


def check_loss(case, ours, theirs):
    out = case.ours()(*ours)
    with torch.enable_grad():
        expected = case.theirs()(*theirs)
    close(out.data, expected.detach(), name="loss")
    cotangent = draw(out.shape, 5)
    out.backward(cotangent)
    expected.backward(cotangent)
    for own, their in zip(ours, theirs, strict=True):
        if isinstance(own, Tensor):
            assert own.grad.data.isfinite().all()
            told = their.grad.isfinite()  # PyTorch's of a target is not where BCELoss has its ends
            close(own.grad.data[told], their.grad[told], name="gradient")
