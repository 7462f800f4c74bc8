"""Models against models: likelihood ratios, dropped terms, variances at their boundary."""
