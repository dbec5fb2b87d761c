"""Statistics of paired rounds: plain arrays (round x competitor) in, frozen dataclasses out."""
