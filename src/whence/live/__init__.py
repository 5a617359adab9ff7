"""Live listening: from a device to a radar in the terminal, recordings and robots, one idea a file."""
