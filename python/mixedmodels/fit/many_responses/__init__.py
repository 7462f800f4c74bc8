"""One design fitted to many responses."""
