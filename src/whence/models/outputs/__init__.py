"""Codings: how a network's numbers encode events. Each file holds encode, loss and decode of one."""
