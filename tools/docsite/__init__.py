"""The documentation's site: pages run, staged with what they print and draw, and laid out by Sphinx."""
