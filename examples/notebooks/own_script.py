# %% [markdown]
# # Your own script
#
# Anything that takes a seed can compete. Here two ways to shorten a round trip through 30 random
# towns: a move swaps two towns, or turns a stretch of the trip round.

# %%
import random
from math import dist, fsum

import bakeoff as bo


def tour(seed, move="swap", towns=30, moves=1000):
    """Return the length of a trip that random moves have shortened."""
    rng = random.Random(seed)
    trip = [(rng.random(), rng.random()) for _ in range(towns)]

    def length(trip):
        return fsum(dist(trip[i - 1], trip[i]) for i in range(towns))

    for _ in range(moves):
        i, j = sorted(rng.sample(range(towns), 2))
        other = trip.copy()
        if move == "swap":
            other[i], other[j] = trip[j], trip[i]
        else:
            other[i : j + 1] = reversed(trip[i : j + 1])
        trip = min(trip, other, key=length)
    return length(trip)


# %% [markdown]
# A race calls it with the same seeds for each competitor. The rounds run in worker processes; a
# script needs no `if __name__ == "__main__":` for that. `reuse` keeps a worker for many rounds.

# %%
race = bo.race(
    tour,
    {"swap": {}, "reverse": {"move": "reverse"}},
    metric="length",
    better="lower",
    seeds=20,
    reuse=True,
    store="tours.sqlite",
)
print(race.verdicts)

# %% [markdown]
# Each round is a dot, the mean a line; below it each round's difference, with its interval:

# %%
race.verdicts

# %% [markdown]
# The rounds are kept. Asking again makes none of them anew, and a third competitor makes its own
# rounds only, on the same seeds:

# %%
more = bo.race(
    tour,
    {"swap": {}, "reverse": {"move": "reverse"}, "long": {"move": "reverse", "moves": 2000}},
    metric="length",
    better="lower",
    seeds=20,
    reuse=True,
    store="tours.sqlite",
)
more.verdicts

# %% [markdown]
# The numbers themselves are (rounds, competitors):

# %%
more.results.table()[:3].round(2)

# %% [markdown]
# `more.report("page")` writes the page. A script in any language races on the command line:
# [Your own script](../../docs/own-script.md).
