"""Mixed-effects models for Python."""
