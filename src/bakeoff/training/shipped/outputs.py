"""The weights of auxiliary losses, as the report adds them: each by itself, to the main one."""

from __future__ import annotations

TARGET = {"target.conv1": 1.0, "target.pool": 1.0}
"""The two branches of the simple networks."""

DEEP_TARGET = {"target.conv1": 1.0, "target.conv2": 1.0, "target.conv4": 1.0}
"""The three branches of the deep networks."""

DIGITS = {"first": 1.0, "second": 1.0}
"""The digits of a pair."""

OVERWRITTEN = {"first": 0.0, "second": 0.0}
"""The digit losses as the report's code used them: computed, then overwritten by the main one."""
