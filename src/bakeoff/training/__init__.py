"""Networks in a study: from a competitor and a round to a record.

- What is asked: `recipe` and `augmentation` (how each is trained), `data_sets` (on what),
  `grouping` (how many rounds at once); `shipped/` holds bakeoff's own, `studies` finds them.
- Before any training: `preflight` checks what the study names; `data_spec` and `fit_check` try its
  networks on its data; `user_code/` holds users' own networks and data.
- One round: `trainers` names who trains; `trainer` draws its data (`round_data`, `fresh`) and
  leads a `learner`, or PyTorch's (`torch_trainer`), through it, and `scoring` scores it.
- Afterwards: `weights` has a round's network back, `sources` tells which code shaped it.
- `tune/` looks for a recipe.
"""
