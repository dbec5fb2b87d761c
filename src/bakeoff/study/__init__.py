"""Studies: from a question to rounds, from rounds to a verdict.

Where things are, in the order in which a run meets them:

- What is asked: `spec` (a study, its competitors), `recipe` and `augmentation` (how each is
  trained), `data_sets` (on what); `checks`, `converters` and `grouping` serve them. `files` reads a
  study from TOML, `studies` finds those in `shipped/`. `serialise` writes one as text to be hashed.
- Before any training: `preflight` checks what the study names; `data_spec` and `fit_check` try its
  networks on its data; `user_code/` holds users' own networks and data.
- Running: `run` is the whole of it. `runner` hands tasks from a `queue` to a pool of `workers`, or
  of a `cluster` (`worker_compat`: what its machines must have in common). `repeatability` trains
  the first task twice, `early_stopping` says when to stop; `interrupt` holds Ctrl-C back.
- Training: `trainers` names who trains; `training/` is what happens to one round.
- Keeping: `keys` names a round by all that shapes it (`sources`: the code that does), `store/`
  keeps it, with its `machine`; `validate` checks what is read from files.
- Looking: `record` is what a round leaves, `results` a study's rounds; `verdicts` asks
  `bakeoff.statistics`; `document`, `frame` and `notebook` show. `weights` has a round's network
  back.
- The next study: `planning` and `tune/`.
"""
