"""Where the two digits should be read."""

from __future__ import annotations

from bakeoff.training.shipped.outputs import DIGITS
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

DIGIT_HEADS = NetworkStudy(
    name="digit-heads",
    question="Where should the two digits be read: from the joined features, or image by image?",
    competitors=(
        NetworkCompetitor("model1+digits", loss_weights=DIGITS),
        NetworkCompetitor("model1+digits-per-image", loss_weights=DIGITS),
        NetworkCompetitor("model2+digits", loss_weights=DIGITS),
        NetworkCompetitor("model2+digits-per-image", loss_weights=DIGITS),
    ),
    comparisons=(
        ("model1+digits-per-image", "model1+digits"),
        ("model2+digits-per-image", "model2+digits"),
    ),
)
