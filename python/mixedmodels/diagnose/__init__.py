"""Whether a model fits: simulated residuals, influence, singular fits, figures of merit. Numbers, no pictures."""
