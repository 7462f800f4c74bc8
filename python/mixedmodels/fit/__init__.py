"""Start, fit, check: a `Design` becomes a frozen record of estimates."""
