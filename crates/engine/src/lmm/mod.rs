//! The linear mixed model as a function of its Gram blocks: criterion, gradient, curvature, optimum, certificate.
//!
//! Notation (Bates et al. 2015): b = Lambda u, Lambda block-diagonal with the template T_f of factor f for each of
//! its levels, C = Lambda'Z'Z Lambda + I, V = I + Z Lambda Lambda'Z' (sigma^2 profiled out), P the projection of V^-1
//! past X. The levels of the first factor in `Gram::order` are the *leaves*; all others form the *tail*.
//!
//! | file | holds |
//! |---|---|
//! | `template` | T of one factor, exact on the boundary |
//! | `tail` | the tail's matrix: none, dense tiles, or sparse supernodes |
//! | `elimination` | blocked Cholesky of C bordered by `[X y]`: the criterion |
//! | `border` | what is left of `[X y]'[X y]`: beta, sigma |
//! | `one_factor` | the same in two passes for a single factor |
//! | `score` | back-substitution and selected inverse: D = d criterion / d Sigma |
//! | `information` | average information along given directions |
//! | `start` | where the search begins |
//! | `parameters` | the user's theta of all terms <-> templates of all factors |
//! | `chart` | the coordinates in which the optimiser moves |
//! | `turned` | the user's theta in those coordinates |
//! | `state` | one evaluation, by either path |
//! | `boundary` | onto the boundary, off it, and how optimal a point of it is |
//! | `search` | start, Newton, boundary: the optimum |
//! | `solution` | results in the units of the data, certificate |
//! | `model` | the handle: evaluate, fit, conditional variances |

pub(crate) mod border;
pub(crate) mod boundary;
pub(crate) mod chart;
pub(crate) mod conditional;
pub(crate) mod elimination;
pub(crate) mod information;
mod krylov;
mod model;
mod one_factor;
pub(crate) mod parameters;
pub(crate) mod plan;
pub(crate) mod score;
mod search;
mod solution;
pub(crate) mod start;
pub(crate) mod state;
pub(crate) mod tail;
pub(crate) mod template;
pub(crate) mod turned;

pub use model::{Evaluation, Lmm};
pub use plan::Plan;
pub use search::Optimum;
pub use solution::{Certificate, Solution};
