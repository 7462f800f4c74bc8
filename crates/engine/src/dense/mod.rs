//! Dense kernels for matrices of a few rows: the k x k blocks of a level and the p x p blocks of the fixed effects.

pub mod eigen;
pub mod lanes;
pub mod small;
pub(crate) mod tridiagonal;
pub(crate) mod view;
