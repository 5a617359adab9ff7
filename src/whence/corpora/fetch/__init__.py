"""Download, check and unpack public data."""
