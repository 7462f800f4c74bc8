"""Quality of a fit: R2, ICC, conditional AIC, and models side by side."""
