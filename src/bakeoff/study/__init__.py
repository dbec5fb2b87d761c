"""Studies: from a question to rounds, from rounds to a verdict."""
