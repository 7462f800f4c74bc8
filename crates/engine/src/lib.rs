//! Numerical core.
