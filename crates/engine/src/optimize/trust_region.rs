//! Newton's method in a trust region, with a stop that is measured on the scale of the function: the decrease that
//! the quadratic model still promises.

use super::subproblem::{ModelStep, solve};
use crate::stop;

/// Value, gradient and curvature at one point.
#[derive(Debug, Clone)]
pub struct Point {
    pub value: f64,
    pub gradient: Vec<f64>,
    /// Orthonormal directions in which to move, as columns: the function is flat along all others.
    pub basis: Vec<f64>,
    /// Along the directions; symmetric, column-major; need not be positive definite.
    pub hessian: Vec<f64>,
}

impl Point {
    /// Number of directions.
    fn directions(&self) -> usize {
        self.basis.len() / self.gradient.len().max(1)
    }

    /// Components of a vector along the directions.
    pub(crate) fn along(&self, v: &[f64]) -> Vec<f64> {
        self.basis.chunks_exact(v.len()).map(|q| q.iter().zip(v).map(|(q, v)| q * v).sum()).collect()
    }

    /// The vector with the given components.
    pub(crate) fn lift(&self, c: &[f64]) -> Vec<f64> {
        let n = self.gradient.len();
        let mut out = vec![0.0; n];
        for (q, c) in self.basis.chunks_exact(n).zip(c) {
            for (o, q) in out.iter_mut().zip(q) {
                *o += q * c;
            }
        }
        out
    }
}

/// What is minimised. `Ok(None)` says that the function has no value there (it counts as infinite).
pub trait Objective {
    type Error;
    fn evaluate(&mut self, x: &[f64]) -> Result<Option<Point>, Self::Error>;
    /// Called when the point just evaluated becomes the current one.
    fn accept(&mut self) {}
}

#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub max_evaluations: usize,
    /// Stop when the model promises less than this.
    pub tolerance: f64,
    pub radius: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_evaluations: 200, tolerance: 1e-11, radius: 1.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Converged,
    MaxEvaluations,
    /// The radius shrank to nothing: value and gradient contradict each other at the precision asked for.
    Stalled,
}

/// One evaluation of the record: value there, decrease promised by the step that led to it, radius.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub value: f64,
    pub predicted: f64,
    pub radius: f64,
    pub accepted: bool,
}

#[derive(Debug, Clone)]
pub struct Minimum {
    pub x: Vec<f64>,
    pub point: Point,
    /// Decrease that the model promises at `x`.
    pub predicted: f64,
    pub status: Status,
    pub trace: Vec<Step>,
}

/// Relative rounding error of a value: smaller differences say nothing about a step.
const ROUNDING: f64 = 4e-15;

/// Minimise from `start`. `Ok(None)`: the function has no value at the start.
pub fn minimise<O: Objective>(objective: &mut O, start: &[f64], options: Options) -> Result<Option<Minimum>, O::Error> {
    let Some(mut current) = objective.evaluate(start)? else { return Ok(None) };
    objective.accept();
    let mut x = start.to_vec();
    let mut radius = options.radius;
    let mut trace = vec![Step { value: current.value, predicted: f64::NAN, radius, accepted: true }];
    if start.is_empty() {
        return Ok(Some(Minimum { x, point: current, predicted: 0.0, status: Status::Converged, trace }));
    }
    let mut secant = Secant::new(start.len());
    loop {
        let model = secant.model(&current, radius);
        let noise = ROUNDING * current.value.abs().max(1.0);
        let finished =
            |status, current, x, trace| Minimum { x, point: current, predicted: model.decrease, status, trace };
        if model.decrease <= options.tolerance.max(0.5 * noise) && !(model.bounded && radius < options.radius) {
            return Ok(Some(finished(Status::Converged, current, x, trace)));
        }
        if trace.len() >= options.max_evaluations {
            return Ok(Some(finished(Status::MaxEvaluations, current, x, trace)));
        }
        if radius < 1e-12 {
            return Ok(Some(finished(Status::Stalled, current, x, trace)));
        }
        let trial: Vec<f64> = x.iter().zip(&model.step).map(|(x, s)| x + s).collect();
        let next = objective.evaluate(&trial)?;
        let ratio = next.as_ref().map_or(f64::NEG_INFINITY, |next| agreement(&current, next, &model, noise));
        let accepted = ratio > 0.1;
        let value = next.as_ref().map_or(f64::INFINITY, |p| p.value);
        trace.push(Step { value, predicted: model.decrease, radius, accepted });
        radius = next_radius(radius, ratio, &model);
        if !accepted && drowned(&model, value - current.value, noise) {
            return Ok(Some(finished(Status::Converged, current, x, trace)));
        }
        if let Some(next) = next.filter(|_| accepted) {
            objective.accept();
            secant.learn(&current, &next, &model, ratio);
            x = trial;
            current = next;
        }
    }
}

/// Whether a step failed only because its gain is below what the value can show.
fn drowned(model: &ModelStep, change: f64, noise: f64) -> bool {
    let visible = 1e4 * noise;
    !model.bounded && model.decrease < visible && change.abs() < visible
}

/// What the given curvature lacks, learnt from the last steps (a structured symmetric rank-one update). It turns the
/// linear convergence of an approximate curvature into a superlinear one; far from the optimum it would mislead, so
/// it is used only while steps are short and do what they promise.
struct Secant {
    matrix: Vec<f64>,
    /// How many steps in a row gained almost twice what they promised, as steps do under a curvature far too large.
    stiff: usize,
}

impl Secant {
    /// Steps that promised more than this teach nothing about the optimum.
    const NEAR: f64 = 0.5;
    /// A correction that promises so many times more is not believed.
    const FAR: f64 = 30.0;
    /// Actual over promised decrease of a step that is far too short: 2 if the true curvature is nothing beside the
    /// model's.
    const STIFF: f64 = 1.7;
    /// After so many of them the search creeps, and any correction is better: it is believed as far as the radius.
    const PATIENCE: usize = 8;
    const FAR_IF_STIFF: f64 = 300.0;

    fn new(k: usize) -> Self {
        Self { matrix: vec![0.0; k * k], stiff: 0 }
    }

    /// The step with the correction, unless that promises something else altogether: then it is forgotten.
    fn model(&mut self, current: &Point, radius: f64) -> ModelStep {
        let gradient = current.along(&current.gradient);
        let lifted = |mut model: ModelStep| {
            model.step = current.lift(&model.step);
            model
        };
        let plain = solve(&gradient, &current.hessian, radius);
        if self.matrix.iter().all(|&v| v == 0.0) {
            return lifted(plain);
        }
        let corrected = solve(&gradient, &self.corrected(current), radius);
        let creeps = self.stiff >= Self::PATIENCE;
        let far = if creeps { Self::FAR_IF_STIFF } else { Self::FAR };
        if plain.bounded || (corrected.bounded && !creeps) || corrected.decrease > far * plain.decrease {
            self.matrix.fill(0.0);
            return lifted(plain);
        }
        lifted(corrected)
    }

    /// Curvature along the point's directions with the correction.
    fn corrected(&self, point: &Point) -> Vec<f64> {
        let (n, m) = (point.gradient.len(), point.directions());
        let mut out = point.hessian.clone();
        for (j, q) in point.basis.chunks_exact(n).enumerate() {
            stop::large(2 * n * (n + m));
            let image: Vec<f64> = (0..n).map(|i| (0..n).map(|l| self.matrix[i + l * n] * q[l]).sum()).collect();
            for (i, value) in point.along(&image).iter().enumerate() {
                out[i + j * m] += value;
            }
        }
        out
    }

    fn learn(&mut self, old: &Point, new: &Point, model: &ModelStep, ratio: f64) {
        let k = model.step.len();
        self.stiff = if ratio > Self::STIFF { self.stiff + 1 } else { 0 };
        if model.decrease > Self::NEAR || model.bounded || !(0.5..2.0).contains(&ratio) {
            self.matrix.fill(0.0);
            return;
        }
        let h = self.corrected(new);
        let (m, step) = (new.directions(), new.along(&model.step));
        let image: Vec<f64> = (0..m).map(|i| (0..m).map(|j| h[i + j * m] * step[j]).sum()).collect();
        let change: Vec<f64> = new.gradient.iter().zip(&old.gradient).map(|(a, b)| a - b).collect();
        let lack: Vec<f64> = new.along(&change).iter().zip(&image).map(|(c, i)| c - i).collect();
        let lack = new.lift(&lack);
        let along: f64 = lack.iter().zip(&model.step).map(|(l, s)| l * s).sum();
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        if along.abs() <= 1e-6 * norm(&lack) * norm(&model.step) {
            return;
        }
        for j in 0..k {
            for i in 0..k {
                self.matrix[i + j * k] += lack[i] * lack[j] / along;
            }
        }
    }
}

/// Actual over promised decrease; where both drown in rounding, the gradient decides alone.
fn agreement(current: &Point, next: &Point, model: &ModelStep, noise: f64) -> f64 {
    let actual = current.value - next.value;
    if model.decrease < 50.0 * noise && actual.abs() < 50.0 * noise {
        let norm = |g: &[f64]| g.iter().map(|v| v * v).sum::<f64>();
        return if norm(&next.gradient) <= norm(&current.gradient) { 1.0 } else { 0.2 };
    }
    actual / model.decrease
}

fn next_radius(radius: f64, ratio: f64, model: &ModelStep) -> f64 {
    let length = model.step.iter().map(|v| v * v).sum::<f64>().sqrt();
    if ratio < 0.25 {
        0.25 * length
    } else if ratio > 0.75 {
        radius.max(2.0 * length)
    } else {
        radius
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rosenbrock(usize);

    impl Objective for Rosenbrock {
        type Error = ();
        fn evaluate(&mut self, x: &[f64]) -> Result<Option<Point>, ()> {
            self.0 += 1;
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            Ok(Some(Point {
                value: a * a + 100.0 * b * b,
                gradient: vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b],
                basis: vec![1.0, 0.0, 0.0, 1.0],
                hessian: vec![2.0 - 400.0 * b + 800.0 * x[0] * x[0], -400.0 * x[0], -400.0 * x[0], 200.0],
            }))
        }
    }

    #[test]
    fn finds_the_minimum_of_a_curved_valley() {
        let mut objective = Rosenbrock(0);
        let found = minimise(&mut objective, &[-1.2, 1.0], Options::default()).unwrap().unwrap();
        assert_eq!(found.status, Status::Converged);
        assert!((found.x[0] - 1.0).abs() < 1e-5 && (found.x[1] - 1.0).abs() < 1e-5);
        assert_eq!(found.trace.len(), objective.0);
    }

    /// x^4 - x^2: the gradient vanishes at the start, a maximum.
    struct DoubleWell;

    impl Objective for DoubleWell {
        type Error = ();
        fn evaluate(&mut self, x: &[f64]) -> Result<Option<Point>, ()> {
            let x = x[0];
            Ok(Some(Point {
                value: x.powi(4) - x * x,
                gradient: vec![4.0 * x.powi(3) - 2.0 * x],
                basis: vec![1.0],
                hessian: vec![12.0 * x * x - 2.0],
            }))
        }
    }

    #[test]
    fn leaves_a_stationary_point_that_is_no_minimum() {
        let found = minimise(&mut DoubleWell, &[0.0], Options::default()).unwrap().unwrap();
        assert!((found.x[0].abs() - 0.5f64.sqrt()).abs() < 1e-5, "{found:?}"); // within the tolerance on the value
    }
}
