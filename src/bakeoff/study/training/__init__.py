"""From a study, a competitor and a round to its result: data, batches, steps and scores."""
