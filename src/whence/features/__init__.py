"""A stereo signal becomes maps over time and mel band: log-mel, mid/side intensity, coherence."""
