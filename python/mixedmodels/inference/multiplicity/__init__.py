"""Several hypotheses at once: adjusted p-values, simultaneous limits, compact letters."""
