"""Where buffers lie: never two that are needed at once in one place, and little room in all."""

from itertools import combinations

from hypothesis import example, given
from hypothesis import strategies as st

from bakeoff.autodiff.program import ALIGNMENT, Lifetime, place


def lifetimes():
    def made(size, first, length):
        return Lifetime(size, first, first + length)

    one = st.builds(made, st.integers(1, 5000), st.integers(0, 12), st.integers(0, 8))
    return st.lists(one, max_size=14)


def aligned(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def needed_at_once(buffers):
    """The most that is needed at any call: no arena can be smaller."""
    calls = {call for b in buffers for call in (b.first, b.last)}
    return max(
        (sum(aligned(b.size) for b in buffers if b.first <= call <= b.last) for call in calls),
        default=0,
    )


@given(lifetimes())
@example([Lifetime(64, 0, 1), Lifetime(64, 1, 2)])  # one ends at the call that makes the other
@example([Lifetime(10, 0, 0), Lifetime(10, 0, 0)])
def test_buffers_that_are_needed_at_once_lie_apart(buffers):
    arena = place(buffers)
    for a, b in combinations(buffers, 2):
        if a.first <= b.last and b.first <= a.last:
            assert a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
    for buffer in buffers:
        assert buffer.offset % ALIGNMENT == 0
        assert 0 <= buffer.offset <= buffer.offset + buffer.size <= arena
    assert needed_at_once(buffers) <= arena <= sum(aligned(b.size) for b in buffers)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=10))
def test_buffers_one_after_the_other_share_one_place(sizes):
    arena = place([Lifetime(size, 2 * i, 2 * i + 1) for i, size in enumerate(sizes)])
    assert arena == aligned(max(sizes))


@given(lifetimes())
def test_the_same_buffers_get_the_same_places(buffers):
    again = [Lifetime(b.size, b.first, b.last) for b in buffers]
    assert place(buffers) == place(again)
    assert [b.offset for b in buffers] == [b.offset for b in again]


def test_a_gap_is_used():
    # A long one below, a short one on it, and when that is over, a small one in its place.
    long, short, small = Lifetime(640, 0, 9), Lifetime(128, 0, 3), Lifetime(64, 4, 9)
    other = Lifetime(64, 0, 9)
    assert place([long, short, small, other]) == 640 + 128 + 64
    assert small.offset == 640


def test_a_gap_may_fit_exactly():
    long, short, above = Lifetime(640, 0, 9), Lifetime(128, 0, 3), Lifetime(128, 1, 9)
    exact = Lifetime(128, 4, 9)
    assert place([long, short, above, exact]) == 640 + 128 + 128
    assert (short.offset, above.offset, exact.offset) == (640, 768, 640)


def test_nothing_takes_no_room():
    assert place([]) == 0
