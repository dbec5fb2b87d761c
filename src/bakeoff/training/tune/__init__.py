"""Fair tuning: the same search, with the same budget, for every competitor of a study."""
