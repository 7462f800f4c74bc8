"""Summaries in R's layout, and tidy tables of parameters."""
