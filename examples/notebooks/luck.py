# %% [markdown]
# # Is it luck?
#
# Two methods that are equally good never get equal numbers. How often does a difference of
# means look like progress where there is none, and what does a verdict do about it?

# %%
import numpy as np

import bakeoff as bo

rng = np.random.default_rng(1)


def accuracies(rounds, gain=0.0):
    """Return accuracies of two methods that share each round's data, (rounds, 2)."""
    shared = rng.normal(0.86, 0.012, (rounds, 1))
    return shared + rng.normal(0, 0.006, (rounds, 2)) + [0.0, gain]


# %% [markdown]
# Five runs each of *the same* method under two names. The means differ:

# %%
five = accuracies(5)
five.mean(axis=0).round(4)

# %% [markdown]
# The verdict does not take that for progress, and says how many rounds could tell:

# %%
bo.compare(five, names=["old", "new"])

# %% [markdown]
# A thousand such studies of ten rounds, none with a real difference. Picking the larger mean
# "finds" an improvement in about half of them. Verdicts are wrong as often as they say that they
# may be, about once in twenty studies:

# %%
larger = decided = 0
for _ in range(1000):
    values = accuracies(10)
    larger += values[:, 1].mean() > values[:, 0].mean()
    decided += bo.compare(values, names=["old", "new"]).comparisons[0].verdict != "undecided"
print(f"larger mean: {larger} of 1,000, a verdict: {decided} of 1,000")

# %% [markdown]
# Is the price that real gains go unseen? Here `new` is one point better. Because the rounds are
# paired, what each round's data did to both is taken away, and 20 rounds are plenty:

# %%
twenty = accuracies(20, gain=0.01)
bo.compare(twenty, names=["old", "new"])

# %% [markdown]
# The same numbers with the pairs torn apart say less, as the spread of the data is back:

# %%
shuffled = twenty.copy()
rng.shuffle(shuffled[:, 1])
bo.compare(shuffled, names=["old", "new"])

# %% [markdown]
# Next: [your own script](own_script.ipynb), and
# [how to read a verdict](../../docs/verdicts.md).
