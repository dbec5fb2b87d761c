"""Improve a tour through 30 random towns by random moves, and print how long it is.

    python tour.py SEED swap       # a move swaps two towns
    python tour.py SEED reverse    # a move turns a stretch of the tour round
    python tour.py SEED swap 12    # through 12 towns

A move that makes the tour longer is taken back.
"""

import random
import sys
from math import dist, fsum

seed, move = int(sys.argv[1]), sys.argv[2]
towns = int(sys.argv[3]) if len(sys.argv) > 3 else 30
rng = random.Random(seed)
tour = [(rng.random(), rng.random()) for _ in range(towns)]


def length(towns):
    """Return how long the way through all towns and back is, to the same bits on any Python."""
    return fsum(dist(towns[i - 1], towns[i]) for i in range(len(towns)))


for _ in range(5000):
    i, j = sorted(rng.sample(range(len(tour)), 2))
    other = tour.copy()
    if move == "swap":
        other[i], other[j] = tour[j], tour[i]
    else:
        other[i : j + 1] = reversed(tour[i : j + 1])
    tour = min(tour, other, key=length)

print("length", round(length(tour), 4))
