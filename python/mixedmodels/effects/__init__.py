"""What a model says about its predictors: adjusted predictions, partial residuals, ways of pooling."""
