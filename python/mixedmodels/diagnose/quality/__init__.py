"""How well a model fits: R2, ICC, conditional AIC, and models side by side."""
