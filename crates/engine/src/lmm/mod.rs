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
//! | `state` | one evaluation, by either path |
//! | `search` | start, Newton, boundary: the optimum |
//! | `solution` | results in the units of the data, certificate |
//! | `model` | the handle: evaluate, fit, conditional variances |

mod border;
mod chart;
mod conditional;
mod elimination;
mod information;
mod krylov;
mod model;
mod one_factor;
mod parameters;
mod plan;
mod score;
mod search;
mod solution;
mod start;
mod state;
mod tail;
mod template;

pub use model::{Evaluation, Lmm};
pub use plan::Plan;
pub use search::Optimum;
pub use solution::{Certificate, Solution};
