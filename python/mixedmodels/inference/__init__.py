"""Inference about a fit, one method a file."""
