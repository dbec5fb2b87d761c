"""Where the two digits should be read."""

from __future__ import annotations

from bakeoff.study.spec import Competitor, Study
from bakeoff.training.shipped.outputs import DIGITS

DIGIT_HEADS = Study(
    name="digit-heads",
    question="Where should the two digits be read: from the joined features, or image by image?",
    competitors=(
        Competitor("model1+digits", loss_weights=DIGITS),
        Competitor("model1+digits-per-image", loss_weights=DIGITS),
        Competitor("model2+digits", loss_weights=DIGITS),
        Competitor("model2+digits-per-image", loss_weights=DIGITS),
    ),
    comparisons=(
        ("model1+digits-per-image", "model1+digits"),
        ("model2+digits-per-image", "model2+digits"),
    ),
)
