"""The effects of predictors: adjusted predictions, partial residuals, poolings."""
