"""General linear hypotheses with adjusted p-values."""
