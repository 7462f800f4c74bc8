//! What every mixed model does with its random effects, whatever the response: from the user's theta to templates, the
//! elimination level by level, the selected inverse, average information, the boundary.
//!
//! Notation (Bates et al. 2015): b = Lambda u, Lambda block-diagonal with the template T_f of factor f for each of
//! its levels, C = Lambda'Z'Z Lambda + I, V = I + Z Lambda Lambda'Z' (sigma^2 profiled out), P the projection of V^-1
//! past X. The levels of the first factor in `Gram::order` are the *leaves*; all others form the *tail*. A generalised
//! model does the same with weighted cross products, Z'WZ.
//!
//! | file | holds |
//! |---|---|
//! | `template` | T of one factor, exact on the boundary |
//! | `layout` | who is a leaf, where tail columns lie |
//! | `leaves` | every leaf's own factor, and its columns in the tail |
//! | `tail` | the tail's matrix: none, dense tiles, or sparse supernodes |
//! | `elimination` | blocked Cholesky of C bordered by `[X y]` |
//! | `border` | what is left of `[X y]'[X y]`: beta, sigma |
//! | `score` | back-substitution and selected inverse: D = d criterion / d Sigma |
//! | `information` | average information along given directions |
//! | `conditional` | conditional covariance of each level's effects |
//! | `start` | covariances to begin with, by the method of moments |
//! | `parameters` | the user's theta of all terms <-> templates of all factors |
//! | `chart` | the coordinates in which the optimiser moves |
//! | `user_theta` | the user's theta in those coordinates |
//! | `equations` | Henderson's equations: variances of rows, solutions, slopes of modes |
//! | `boundary` | onto the boundary, off it, and how optimal a point of it is |
//! | `plan` | what was chosen, in figures |

pub(crate) mod border;
pub(crate) mod boundary;
pub(crate) mod chart;
pub(crate) mod conditional;
pub(crate) mod elimination;
pub mod equations;
pub(crate) mod information;
pub(crate) mod layout;
pub(crate) mod leaves;
pub(crate) mod parameters;
pub(crate) mod plan;
pub(crate) mod score;
pub(crate) mod start;
pub(crate) mod tail;
pub(crate) mod template;
pub(crate) mod user_theta;

pub use boundary::Certificate;
pub use plan::Plan;
