"""Pages of a terminal."""
