"""One transform per file: its settings, its draw (plain data) and its apply (no randomness)."""
