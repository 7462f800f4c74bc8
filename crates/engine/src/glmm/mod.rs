//! Generalised linear mixed models: Laplace's approximation to the likelihood, its exact gradient, the optimum with
//! the full Hessian there, and adaptive quadrature. Written over a family (a log-likelihood for each row in one to
//! three linear predictors) and the linear model's elimination of random effects; it knows neither in particular.
//!
//! | file | holds |
//! |---|---|
//! | `rows` | rows as they are given |
//! | `data` | sorted rows, standardised columns, the pattern of cross products |
//! | `merge` | rows that say the same become one |
//! | `likelihood` | a family over all rows |
//! | `blocks` | weighted cross products |
//! | `mode` | a conditional mode of the random effects |
//! | `inner` | the inner problem: how the mode is found |
//! | `chord_method` | modes near a known one, by its factorisation |
//! | `marginal` | variances of the linear predictors given the data |
//! | `point` | a point, and what an evaluation leaves behind there |
//! | `laplace` | criterion, gradient and working curvature at a point |
//! | `restricted` | the mean's fixed effects integrated out too |
//! | `quadrature` | adaptive quadrature in its place, for one grouping factor |
//! | `penalty` | what a soft penalty and priors add to the criterion |
//! | `importance` | how far all that is from the likelihood, by sampling |
//! | `components` | parts of the design that are independent |
//! | `leaf_integral` | the integral over one level's effects given the others |
//! | `proposal` | what the draws are of |
//! | `weights` | the mean of importance weights and its standard error |
//! | `start` | where the search begins |
//! | `coordinates` | the optimiser's vector <-> beta, T, psi |
//! | `held` | parameters that do not move, or move together |
//! | `objective` | what the optimiser sees |
//! | `search` | the optimum |
//! | `hessian` | second derivatives at the optimum |
//! | `absolute` | the deviance as profiles ask for it
//! | `solution` | results in the units of the data |
//! | `problem` | a model as its rows, family and coordinates |
//! | `model` | its verbs |

mod absolute;
mod blocks;
mod chord_method;
mod components;
mod coordinates;
mod data;
mod held;
mod hessian;
mod importance;
mod inner;
mod laplace;
mod leaf_integral;
mod likelihood;
mod marginal;
mod merge;
mod mode;
mod model;
mod objective;
mod penalty;
mod point;
mod problem;
mod proposal;
mod quadrature;
mod restricted;
mod rows;
mod search;
mod solution;
mod start;
mod weights;

pub use absolute::Absolute;
pub use held::Held;
pub use importance::Importance;
pub use model::{Evaluation, Start};
pub use penalty::{Density, Prior};
pub use problem::{Glmm, How, Parameter};
pub use rows::GlmmRows;
pub use search::Optimum;
pub use solution::Solution;
pub use weights::Estimate;
