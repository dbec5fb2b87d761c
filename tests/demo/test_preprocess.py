import pytest
import strokes
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data.idx import read_idx
from bakeoff.data.mnist import EMBEDDED, TEST_FILES, block_means
from bakeoff.demo.preprocess import INK, frame, is_blank
from bakeoff.errors import ShapeError

SIDE = 48


@st.composite
def blots(draw):
    """Small pictures of any greys, with ink in the first and last row and column."""
    height, width = draw(st.integers(2, 11)), draw(st.integers(2, 11))
    greys = st.one_of(st.just(0), st.just(255), st.integers(0, 255))
    rows = draw(st.lists(st.lists(greys, min_size=width, max_size=width),
                         min_size=height, max_size=height))  # fmt: skip
    blot = torch.tensor(rows, dtype=torch.uint8)
    for row, column in (
        (0, draw(st.integers(0, width - 1))),
        (-1, draw(st.integers(0, width - 1))),
    ):
        blot[row, column] = draw(st.integers(INK, 255))
    for row, column in (
        (draw(st.integers(0, height - 1)), 0),
        (draw(st.integers(0, height - 1)), -1),
    ):
        blot[row, column] = draw(st.integers(INK, 255))
    return blot


def laid(blot, top, left, side=SIDE):
    canvas = torch.zeros(side, side, dtype=torch.uint8)
    canvas[top : top + blot.shape[0], left : left + blot.shape[1]] = blot
    return canvas


def framed(canvas):
    return frame(canvas[None])[0]


@given(blots(), st.integers(0, SIDE - 11), st.integers(0, SIDE - 11))
def test_where_a_drawing_stands_makes_no_difference(blot, top, left):
    assert torch.equal(framed(laid(blot, top, left)), framed(laid(blot, 3, 5)))


@given(blots(), st.integers(2, 4), st.integers(12, 60))
def test_how_large_it_is_makes_no_difference(blot, factor, side):
    larger = blot.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    assert torch.equal(framed(laid(larger, 2, 1)), framed(laid(blot, 0, 0, side)))


@given(blots())
def test_turning_a_drawing_round_turns_its_picture_round_but_for_the_last_pixel(blot):
    # Scaling into the box knows no direction; the centre's pixel is (14, 14) of 28, not the middle.
    picture = framed(laid(blot, 4, 4))
    assert picture.shape == (14, 14)
    assert picture.min() >= 0
    assert picture.max() <= 255
    assert torch.equal(picture * 4, (picture * 4).round())
    assert torch.equal(framed(laid(blot, 4, 4).T.contiguous()), picture.T)


@pytest.mark.parametrize("digit", range(10))
def test_the_centre_of_mass_and_the_box_are_those_of_mnist(digit):
    picture = framed(strokes.drawn(strokes.placed(digit, height=0.4, centre=(0.3, 0.7))))
    middles = torch.arange(14) + 0.5
    for masses in (picture.sum(0), picture.sum(1)):
        assert 6.7 < (masses @ middles) / masses.sum() < 7.8
    rows = (picture > 0).any(1).nonzero()
    assert 10 <= rows.max() - rows.min() + 1 <= 11  # 20 of 28 rows, on even rows or not


def test_digits_of_mnist_come_out_as_they_are():
    raw = read_idx(EMBEDDED / f"{TEST_FILES[0]}.gz", (28, 28))[:200]
    large = raw.repeat_interleave(3, 1).repeat_interleave(3, 2)
    apart = (frame(large) - block_means(raw)).abs()
    # Not all: what is fainter than INK widens MNIST's box, but not ours.
    assert (apart.amax((1, 2)) == 0).double().mean() > 0.5
    assert apart.mean() < 6


def test_drawings_are_framed_one_by_one():
    several = torch.stack(
        [strokes.drawn(strokes.placed(d, height=0.2 + d / 12)) for d in range(10)]
    )
    assert torch.equal(frame(several), torch.stack([framed(one) for one in several]))


def test_an_empty_canvas_is_blank():
    canvases = torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)
    canvases[1] = INK - 1  # paper that is not quite white
    canvases[2, 7, 7] = 255
    assert is_blank(canvases).tolist() == [True, True, False]
    assert torch.equal(frame(canvases)[:2], torch.zeros(2, 14, 14))
    assert frame(canvases)[2].isfinite().all()


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 27), (1, 1, 28, 28)])
def test_only_square_canvases_are_taken(shape):
    with pytest.raises(ShapeError, match="frame: got canvases of shape"):
        frame(torch.zeros(shape, dtype=torch.uint8))
