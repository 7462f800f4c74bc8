"""Influence of rows and levels on a fit: deletions, leverage, Cook's distances."""
