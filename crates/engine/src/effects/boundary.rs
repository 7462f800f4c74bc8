//! The boundary of the covariance matrices: onto it where T all but vanishes, away from it where D says so, and how far
//! a point is from being optimal over all covariance matrices.

use super::chart::Chart;
use super::parameters::Parameters;
use crate::dense::eigen::{left_singular, symmetric};
use crate::dense::small::multiply_transpose_right;
use crate::dense::view::{View, positions};

/// Singular values of T below this (standardised columns) are tried at zero.
const SNAP: f64 = 1e-3;
/// By how much zero may raise the criterion and still be preferred: rounding.
pub(crate) const SNAP_SLACK: f64 = 1e-9;
/// Escapes from the boundary before the search gives up.
pub(crate) const MOST_ESCAPES: usize = 5;
/// Largest decrease that a certified optimum may still promise.
pub(crate) const DECREASE_SLACK: f64 = 1e-7;

/// First-order optimality over all covariance matrices: D >= 0 and D Sigma = 0 for every term.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Decrease of the criterion that the quadratic model still promises.
    pub predicted_decrease: f64,
    /// Smallest eigenvalue of D of each term (standardised columns); negative where a direction outside the range of
    /// Sigma would still lower the criterion.
    pub min_score_eigenvalue: Vec<f64>,
    /// Decrease that growing Sigma along the worst of these directions promises.
    pub escape_gain: f64,
    pub holds: bool,
}

impl Certificate {
    /// Of a point whose quadratic model promises `predicted_decrease`.
    pub(crate) fn of(
        predicted_decrease: f64,
        parameters: &Parameters,
        levels: &[usize],
        d: &[Vec<f64>],
        scale: &[Vec<f64>],
    ) -> Self {
        let (min_score_eigenvalue, escape_gain) = judge(parameters, levels, d, scale);
        let holds = predicted_decrease <= DECREASE_SLACK && escape_gain <= DECREASE_SLACK;
        Self { predicted_decrease, min_score_eigenvalue, escape_gain, holds }
    }
}

/// phi with tiny singular values of T set to zero, if there are any.
pub(crate) fn snapped(chart: &Chart, parameters: &Parameters, phi: &[f64]) -> Option<Vec<f64>> {
    let mut templates = chart.templates(phi);
    let mut any = false;
    for (g, t) in templates.iter_mut().enumerate() {
        let size = parameters.sizes[g];
        for (at, k) in parameters.of_group(g) {
            any |= flatten(t, size, at, k);
        }
    }
    any.then(|| chart.phi_of(&templates))
}

/// phi moved off the boundary along the most negative eigenvector of a term's D, where that pays.
pub(crate) fn escaped(
    chart: &Chart,
    parameters: &Parameters,
    levels: &[usize],
    phi: &[f64],
    d: &[Vec<f64>],
    scale: &[Vec<f64>],
) -> Option<Vec<f64>> {
    let mut templates = chart.templates(phi);
    let mut moved = false;
    for (g, template) in templates.iter_mut().enumerate() {
        let size = parameters.sizes[g];
        for (at, k) in parameters.of_group(g) {
            let (values, vectors) = symmetric(&View::square(&d[g], size).cut(at, k), k);
            let scale = View::square(&scale[g], size).cut(at, k);
            if values[0] >= 0.0 || gain(values[0], &vectors[..k], &scale, levels[g]) <= DECREASE_SLACK {
                continue;
            }
            moved = true;
            grow(template, size, at, &vectors[..k]);
        }
    }
    moved.then(|| chart.phi_of(&templates))
}

/// Smallest eigenvalue of D of each term, and the decrease that growing Sigma along the worst direction promises.
pub(crate) fn judge(parameters: &Parameters, levels: &[usize], d: &[Vec<f64>], scale: &[Vec<f64>]) -> (Vec<f64>, f64) {
    let (mut min_score_eigenvalue, mut escape_gain) = (Vec::new(), 0.0f64);
    for (g, at, k) in parameters.slots() {
        let size = parameters.sizes[g];
        let (values, vectors) = symmetric(&View::square(&d[g], size).cut(at, k), k);
        let scale = View::square(&scale[g], size).cut(at, k);
        for (v, &value) in vectors.chunks_exact(k).zip(&values).filter(|(_, v)| **v < 0.0) {
            escape_gain = escape_gain.max(gain(value, v, &scale, levels[g]));
        }
        min_score_eigenvalue.push(values[0]);
    }
    (min_score_eigenvalue, escape_gain)
}

/// Add a hundredth of the largest variance along v to one term's Sigma; T becomes its symmetric root.
fn grow(t: &mut [f64], size: usize, at: usize, v: &[f64]) {
    let k = v.len();
    let block = View::square(t, size).cut(at, k);
    let mut sigma = vec![0.0; k * k];
    multiply_transpose_right(&block, &block, k, &mut sigma);
    let scale = 0.01 * (0..k).map(|j| sigma[j + j * k]).fold(0.01, f64::max);
    for j in 0..k {
        for i in 0..k {
            sigma[i + j * k] += scale * v[i] * v[j];
        }
    }
    let (values, u) = symmetric(&sigma, k);
    for j in 0..k {
        for i in 0..k {
            t[at + i + (at + j) * size] = u[i + j * k] * values[j].max(0.0).sqrt();
        }
    }
}

/// Replace singular values below [`SNAP`] by zero in one term's block; whether there was one.
fn flatten(t: &mut [f64], size: usize, at: usize, k: usize) -> bool {
    let (u, s) = left_singular(&View::square(t, size).cut(at, k), k);
    if s.iter().all(|&v| v >= SNAP || v == 0.0) {
        return false;
    }
    for j in 0..k {
        let value = if s[j] < SNAP { 0.0 } else { s[j] };
        for i in 0..k {
            t[at + i + (at + j) * size] = u[i + j * k] * value;
        }
    }
    true
}

/// Decrease from adding epsilon v v' to Sigma, slope `value` = v'D v: the curvature is about the sum over levels of
/// (v'[Z'V^-1 Z]_ll v)^2, at least its mean squared.
fn gain(value: f64, v: &[f64], scale: &[f64], levels: usize) -> f64 {
    let k = v.len();
    let mass: f64 = positions(k, k).zip(scale).map(|((i, j), scale)| v[i] * scale * v[j]).sum();
    0.5 * value * value * levels as f64 / (mass * mass).max(1e-300)
}
