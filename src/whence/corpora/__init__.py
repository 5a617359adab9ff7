"""Data people own becomes (signal, events) or (sound, class)."""
