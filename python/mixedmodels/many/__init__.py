"""Fit one model to many responses, and put the estimates into one table."""
