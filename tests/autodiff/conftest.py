"""What the tests of autodiff share."""

import pytest

from bakeoff.autodiff import OPERATIONS


@pytest.fixture
def registry():
    """The registry of operations; what a test enters in it is taken out again."""
    before = dict(OPERATIONS)
    yield OPERATIONS
    OPERATIONS.clear()
    OPERATIONS.update(before)
