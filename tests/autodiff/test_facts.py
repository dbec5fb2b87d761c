"""Facts: what was found in a place, and whether the same is there now."""

from types import SimpleNamespace

import pytest
import torch

from autodiff.steps import draw, leaf
from bakeoff.autodiff.facts import LONGEST, Fact, Glance, containers
from bakeoff.autodiff.names import Place


def fact_of(value):
    holder = SimpleNamespace(x=value)
    return holder, Fact(Place(holder, "x", "holder.x"))


@pytest.mark.parametrize(
    ("value", "other", "text"),
    [
        (1, 2, "holder.x: got 2, expected 1"),
        (1, 1.0, "holder.x: got 1.0, expected 1"),
        (1, True, "holder.x: got True, expected 1"),
        (0.0, -0.0, "holder.x: got -0.0, expected 0.0"),
        ("a", None, "holder.x: got None, expected 'a'"),
        ((1, 2), (1, 3), "holder.x: got (1, 3), expected (1, 2)"),
        ([1], [2], "holder.x: got another [2], expected [1]"),
        (torch.float32, torch.float64, "holder.x: got torch.float64, expected torch.float32"),
        ({1}, {1}, "holder.x: got another {1}, expected {1}"),
        (
            draw(2),
            draw(2),
            "holder.x: got another Tensor of shape (2,), expected Tensor of shape (2,)",
        ),
        (leaf(2), None, "holder.x: got None, expected Tensor of shape (2,)"),
        ("a" * 100, "", f"holder.x: got '', expected '{'a' * 76}..."),
    ],
)
def test_another_value_is_told(value, other, text):
    holder, fact = fact_of(value)
    assert fact.holds()
    holder.x = other
    assert not fact.holds()
    assert str(fact) == text
    holder.x = value
    assert fact.holds()


@pytest.mark.parametrize("value", [float("nan"), 10**30, (1.5, "a"), "text", None, slice(0, 2)])
def test_an_equal_number_or_text_is_the_same(value):
    holder, fact = fact_of(value)
    holder.x = eval(repr(value), {"nan": float("nan")})
    assert fact.holds()


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([1, 2], lambda v: v.append(3)),
        ([1, 2], lambda v: v.pop()),
        ([1, [2]], lambda v: v[1].append(3)),
        ({"a": {"b": 1}}, lambda v: v["a"].update(b=2)),
        ({"a": 1}, lambda v: v.update(b=1)),
        ({1, 2}, lambda v: v.discard(1)),
        ([draw(2)], lambda v: v.__setitem__(0, draw(2))),
    ],
)
def test_what_is_in_a_list_or_dict_counts(value, change):
    _, fact = fact_of(value)
    glance = Glance([fact], [], [], True)
    assert fact.holds()
    assert glance.same()
    change(value)
    assert not fact.holds()
    assert not glance.same()
    assert "got other content" in str(fact)


def test_a_long_list_is_data():
    value = list(range(LONGEST + 1))
    _, fact = fact_of(value)
    value.append(0)
    assert fact.holds()
    assert list(containers(value)) == []


@pytest.mark.parametrize("whole", [True, False])
def test_a_glance_sees_what_changed(whole):
    holder, fact = fact_of(1.0)
    tensor = leaf(2)
    glance = Glance([fact], [tensor], [tensor], whole)
    assert glance.same()
    for place, name, other in ((holder, "x", 2.0), (tensor, "data", draw(2)), (tensor, "grad", 0)):
        before = getattr(place, name)
        setattr(place, name, other)
        assert not glance.same()
        setattr(place, name, before)
        assert glance.same()
    del holder.x
    assert not glance.same()


def test_a_glance_at_a_whole_object_sees_more_than_was_asked():
    """It must not miss what comes in addition: that may hide an attribute of the class."""
    holder, fact = fact_of(1.0)
    glances = [Glance([fact], [], [], whole) for whole in (True, False)]
    holder.y = 2.0
    assert [glance.same() for glance in glances] == [False, True]
