"""Models that were never fitted, and the power of tests under them."""
