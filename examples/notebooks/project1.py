# %% [markdown]
# # Project 1: does weight sharing help?
#
# Given two 14×14 digits, which one is larger? Model 1 reads both images with weights of their own,
# model 2 with the same weights. Branca et al. (2021) trained each for 25 epochs, in few rounds;
# here it is 8 rounds of 5 epochs, which takes seconds.

# %%
import bakeoff as bo
from bakeoff.training.studies import ABLATION

study = ABLATION.only(["model1", "model2"]).with_recipe(epochs=5)
run = bo.run(study, rounds=8, store="bakeoff.sqlite")
run

# %% [markdown]
# Every round draws its own 1,000 training pairs, initial weights and order from one seed, which
# both networks share: so the differences are what is judged, not two means side by side.

# %%
print(run.verdicts)

# %% [markdown]
# What if four rounds had been all? A verdict says when so few cannot answer:

# %%
few = run.results.table()[:4]
print(bo.compare(few, names=list(run.study.competitor_names)))

# %% [markdown]
# How the networks learned: one part of the page, with its figures (`page` alone shows them all).

# %%
page = run.page()
page.part("curves")

# %% [markdown]
# `run.report("page")` writes the whole page into a folder, and `bo.run("ablation")` trains all six
# networks for 30 rounds, in minutes.
# [What Branca et al. (2021) found, and what holds](../../docs/report.md) has the answers.
