"""A mistake in a test: what raises, which kind of error, and words of its one line."""

import pytest

from bakeoff.errors import BakeoffError


def check(mistake):
    call, kind, words = mistake
    with pytest.raises(BakeoffError) as caught:
        call()
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
