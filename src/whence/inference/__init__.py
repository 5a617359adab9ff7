"""Signals become events: networks run, joined, averaged, on clips of any length."""
