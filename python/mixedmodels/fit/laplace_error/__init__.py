"""The error of Laplace's approximation at the estimates, against the exact likelihood."""
