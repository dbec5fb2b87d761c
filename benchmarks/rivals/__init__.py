"""The contenders: ours, and each rival as its own documentation advises."""
