"""How far Laplace's approximation is from the exact likelihood at the estimates."""
