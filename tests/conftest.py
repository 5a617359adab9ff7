"""Shared by all tests."""

import os

# Torch's waiting threads spin by default, which slows small work on few cores many times; this must precede its import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Read when onnxruntime is loaded, which some tests do by themselves: it sends usage data otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
