"""Profile likelihoods and the limits that they give."""
