"""Cross-validation: how well a model predicts rows or groups that it was not fitted to."""
