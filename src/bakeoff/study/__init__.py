"""Studies: from a question to rounds, from rounds to a verdict.

Where things are, in the order in which a run meets them:

- What is asked: `spec` (a study, its competitors), `recipe` and `augmentation` (how each is
  trained), `data_sets` (on what); `checks`, `tidy` and `grouping` serve them. `files` reads a study
  from TOML, `studies` finds those in `shipped/`. `canonical` writes a study as text to be hashed.
- Before any training: `before` checks what the study names; `form` and `trial` try its networks on
  its data; `own/` holds users' own networks and data.
- Running: `run` is the whole of it. `runner` hands tasks from a `queue` to a pool of `workers`, or
  of a `cluster` (`nodes`: what its machines must have in common). `repeatability` trains the first
  task twice, `early_stopping` says when to stop; `interrupt` holds Ctrl-C back.
- Training: `trainers` names who trains; `training/` is what happens to one round.
- Keeping: `keys` names a round by all that shapes it, `store/` keeps it, with its `machine`;
  `sound` checks what is read from files.
- Looking: `result` is a round, `results` a study's; `verdicts` asks `statistics/`; `document`,
  `frame` and `notebook` show. `again` has a round's network back.
- The next study: `planning` and `tune/`.
"""
