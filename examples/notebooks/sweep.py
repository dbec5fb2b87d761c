# %% [markdown]
# # A sweep
#
# Which step size does a network need, and is the best one really better than its neighbours? A
# `grid` in a study's file makes a competitor for each value; `against` compares all with one.

# %%
from pathlib import Path

import bakeoff as bo

Path("steps.toml").write_text(
    """
name = "steps"
question = "Which step size does the disk's network need?"
data = "disk"
against = "tanh+lr-0.1"

[[competitors]]
name = "tanh"
network = "disk"
options = { activation = "tanh" }
recipe = { epochs = 10 }
grid = { lr = [0.01, 0.1, 0.2, 0.4] }
""",
    encoding="utf-8",
)
sweep = bo.run("steps.toml", rounds=10)
sweep

# %% [markdown]
# Beside the step size that the file names, the grid asks for its effects, each level minus the
# first. Holm's correction runs over all of them, so a finer grid takes more rounds. The best of
# many means is too good by luck; a verdict is about a difference that would come again.

# %%
for each in sweep.results.summaries():
    print(f"{each.name}: {100 * each.test.mean:.1f} % right, {each.test.failed} diverged")

# %% [markdown]
# [Sweeps](../../docs/sweeps.md) tells the rest.
