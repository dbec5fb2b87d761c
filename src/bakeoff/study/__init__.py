"""Studies: from a question to rounds, from rounds to a verdict.

Where things are, in the order in which a run meets them:

- What is asked: `spec` (a study, its competitors), served by `checks` and `converters`. `files`
  reads a study from TOML, `serialise` writes one as text to be hashed.
- Running: `run` is the whole of it. `runner` hands tasks from a `queue` to a pool of `workers`, or
  of a `cluster` (`worker_compat`: what its machines must have in common). `repeatability` trains
  the first task twice, `early_stopping` says when to stop; Ctrl-C waits meanwhile.
- Keeping: `keys` names a round by all that shapes it, `store/` keeps it, with its `machine`.
- Looking: `record` is what a round leaves, `results` a study's rounds; `verdicts` asks
  `bakeoff.statistics`; `document` and `notebook` show.
- The next study: `planning`.
"""
