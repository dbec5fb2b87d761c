"""Figures of plain arrays and texts. Nothing here knows a study, a network or a store."""
