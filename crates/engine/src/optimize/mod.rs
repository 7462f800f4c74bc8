//! Minimising a smooth function of a few parameters whose gradient and curvature are known. Knows no statistics.

mod subproblem;
mod trust_region;

pub(crate) use subproblem::solve as model_step;
pub use trust_region::{Minimum, Objective, Options, Point, Status, Step, minimise};

/// Decrease that the quadratic model promises within a radius of one.
pub fn promise(gradient: &[f64], hessian: &[f64]) -> f64 {
    subproblem::solve(gradient, hessian, 1.0).decrease
}

/// The step of the quadratic model at a point within a radius of one.
pub fn step_towards(point: &Point) -> Vec<f64> {
    let gradient = point.along(&point.gradient);
    point.lift(&subproblem::solve(&gradient, &point.hessian, 1.0).step)
}
