//! Profile likelihoods of linear and generalised models alike: the smallest deviance with one quantity held at each of a
//! row of values, by a predictor and a corrector along the curve of constrained optima.
//!
//! Parameters are absolute: a square root S of each term's covariance (Var b = S S'), and the others (log sigma and
//! contrasts of beta, or beta and log shapes). A model says deviance and slope ([`Deviance`]), nothing else. The slope
//! in Sigma, one symmetric matrix D per term, serves every chart of S: each quantity is profiled in a chart in which it
//! is a coordinate and its boundary an ordinary point.
//!
//! | file | holds |
//! |---|---|
//! | `point` | a point, the slope there, what a model must answer |
//! | `chart` | coordinates of which one is the quantity that is profiled |
//! | `space` | curvature in Sigma itself, the same for all charts, and how it is learnt |
//! | `constrained` | the deviance with a quantity held: what the corrector minimises |
//! | `curve` | the walk along the curve, and the limits where it crosses given values |

mod chart;
mod constrained;
mod curve;
mod point;
mod space;

use rayon::prelude::*;

use crate::error::EngineError;

pub use chart::{Chart, Coordinate};
pub use constrained::Quantity;
pub use curve::{Curve, End, Knot, Walk, curve};
pub use point::{Deviance, Point, Slope};
pub use space::Curvature;

/// Profiles of several quantities, which know nothing of each other, over the engine's threads; in their order.
pub fn in_parallel<R: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<R, EngineError> + Send + Sync,
) -> Result<Vec<R>, EngineError> {
    if count < 2 {
        return (0..count).map(work).collect();
    }
    crate::threads::run(|| (0..count).into_par_iter().map(work).collect())
}
