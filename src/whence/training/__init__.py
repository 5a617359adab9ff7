"""A recipe and data become a run: trained weights, thresholds, and the record of how they came to be."""
