"""Data: MNIST (embedded), the paper's digit pairs and disk, single digits; standardisation.

Every draw is a function of explicit generators; nothing is downloaded.
"""

import bakeoff.autodiff  # noqa: F401 - first, as it says where torch is missing
from bakeoff.data.decorators import fresh, resplit
from bakeoff.data.disk import (
    DiskSets,
    draw_disk_sets,
    fresh_points,
    generate_disk_sets,
    inside_disk,
)
from bakeoff.data.idx import parse_idx, read_idx
from bakeoff.data.mnist import (
    Digits,
    DigitSets,
    Mnist,
    draw_digit_sets,
    load_mnist,
    resolve_data_dir,
)
from bakeoff.data.pairs import (
    PairIndices,
    PairSets,
    draw_pair_sets,
    gather_pairs,
    generate_pair_sets,
    pair_anew,
    pair_indices,
)
from bakeoff.data.standardise import Standardiser, fit_standardiser, standardise

__all__ = [
    "DigitSets",
    "Digits",
    "DiskSets",
    "Mnist",
    "PairIndices",
    "PairSets",
    "Standardiser",
    "draw_digit_sets",
    "draw_disk_sets",
    "draw_pair_sets",
    "fit_standardiser",
    "fresh",
    "fresh_points",
    "gather_pairs",
    "generate_disk_sets",
    "generate_pair_sets",
    "inside_disk",
    "load_mnist",
    "pair_anew",
    "pair_indices",
    "parse_idx",
    "read_idx",
    "resolve_data_dir",
    "resplit",
    "standardise",
]
