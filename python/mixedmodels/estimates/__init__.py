"""What a fit says, shared by all tests: coefficients, degrees of freedom, linear functions, variances."""
