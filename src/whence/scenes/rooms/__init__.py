"""Rooms: impulse responses, simulated or measured."""
