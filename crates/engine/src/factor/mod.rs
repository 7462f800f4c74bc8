//! Cholesky factors: dense by tiles, sparse by supernodes.
//!
//! Both keep a symmetric positive definite matrix, its factor `L` and entries of its
//! inverse in one and the same storage, so that a fit allocates once:
//! *scatter -> `cholesky` -> `logdet`, solves -> inverse in place*.
//!
//! | type | matrix | inverse |
//! |---|---|---|
//! | [`tiled::Tiled`] | dense, lower triangle in tiles, `n^2 / 2` numbers | all of it |
//! | [`sparse::Sparse`] | sparse, supernodes | the entries on the pattern of `L` |
//!
//! Every sum is accumulated in an order that does not depend on the number of threads, so
//! results are identical bit by bit whatever the size of the current rayon pool.

mod fronts_small;
mod kernels;
pub(crate) mod product;
pub mod sparse;
pub mod tiled;
