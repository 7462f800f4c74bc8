"""Complete, no and partial pooling of the levels of a factor."""
