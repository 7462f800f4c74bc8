"""Simulated residuals and their tests."""
