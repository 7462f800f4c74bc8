"""The protocols of other packages: statsmodels, marginaleffects, lme4's getME."""
