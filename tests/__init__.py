"""Tests, in the rooms of what they test; what several of them share is in tests.support."""
