"""Shared by all tests."""

import os

# Torch's waiting threads spin by default, which slows small work on few cores many times; this must precede its import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
