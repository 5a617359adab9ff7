"""Submissions to DCASE Task 3."""
