"""The assumptions of a model, one check a test."""
