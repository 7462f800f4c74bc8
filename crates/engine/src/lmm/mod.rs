//! The linear mixed model as a function of its Gram blocks: criterion, gradient, curvature, optimum, certificate.
//!
//! Over the elimination of random effects (`effects`, whose notation it shares) it adds what is particular to a
//! Gaussian response: sigma^2 profiled out, REML, two passes for a single factor, and an estimated criterion where a
//! factorisation is out of reach.
//!
//! | file | holds |
//! |---|---|
//! | `one_factor` | the elimination in two passes for a single factor |
//! | `classes`, `by_class` | levels that share their Z'Z, and the same two passes over them |
//! | `krylov` | log|C| estimated where it cannot be factorised |
//! | `system` | what an evaluation reads of a model, and what any path delivers |
//! | `state` | one evaluation, by any path |
//! | `search` | start, Newton, boundary: the optimum |
//! | `solution` | results in the units of the data, certificate |
//! | `second_order` | exact second derivatives and scores of levels, for what follows a fit |
//! | `absolute` | the deviance in absolute parameters, for profiles |
//! | `many`, `batched` | one design, many responses: one by one, and eight at a time |
//! | `problem` | a model as its blocks |
//! | `model` | its verbs: evaluate, fit, conditional variances |

mod absolute;
mod batched;
mod by_class;
mod classes;
mod krylov;
mod many;
mod model;
mod one_factor;
mod problem;
mod search;
mod second_order;
mod solution;
mod state;
mod system;

pub use absolute::Absolute;
pub use many::{ManyFit, ManyResult, Wanted};
pub use model::Evaluation;
pub use problem::Lmm;
pub use search::Optimum;
pub use second_order::{Projections, SecondOrder};
pub use solution::Solution;
