"""The web page of `whence serve`: one process, one model, a queue, and nothing kept longer than it is looked at."""
