"""Robust covariances: clusters, heteroscedasticity, the infinitesimal jackknife."""
