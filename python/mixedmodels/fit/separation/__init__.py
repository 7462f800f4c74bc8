"""Separation: directions of the coefficients along which a likelihood rises for ever."""
