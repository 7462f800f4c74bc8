"""Whether a likelihood rises for ever: directions of the coefficients that separate the outcomes."""
