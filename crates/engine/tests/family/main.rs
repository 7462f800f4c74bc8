//! Families seen from outside: the worked example of CONTRIBUTING.md, and densities over jets beside hand-written ones.
//! Values against high-precision arithmetic are compared in Python, in tests/families.

mod differences;
mod jets;
mod lanes;
mod laws;
mod worked_example;

use mixedmodels_engine::family; // so that the worked example's paths are those that it has inside the engine
