"""The networks, one file each; `outputs` says what their numbers mean."""
