//! The soft penalty of Sterzinger and Kosmidis (2023, Statistics and Computing 33): with
//!
//! P(beta, Sigma) = log|X'W(beta)X| / 2 + sum over terms of [sum_i h(log l_ii) + sum_{i > j} h(l_ij)],
//!
//! the log-likelihood plus c P is maximised. W are the expected weights at X beta + offset, as if there were no random
//! effects; L is the Cholesky factor of a term's Sigma for the columns as they came; h(x) is -x^2 / 2 up to |x| = 1 and
//! 1 / 2 - |x| beyond. P falls without limit towards every boundary, infinite beta and singular or infinite Sigma, and
//! c = 2 sqrt(p / n) makes it vanish beside the likelihood as n grows. n counts trials, so that rows of a binomial table
//! and its single trials are fitted alike.
//!
//! On the scale of the deviance, Q = -2 c P, and with h_i = x_i'(X'WX)^-1 x_i
//!
//! dQ/dbeta = -c sum_i h_i (dW_i/d eta_i) x_i,  dQ/dpsi = -c sum_i h_i dW_i/dpsi.

use rayon::prelude::*;

use super::Penalty;
use crate::dense::eigen::left_singular;
use crate::dense::small::{cholesky, log_determinant, lower_factor, multiply, multiply_transpose_left, solve_lower};
use crate::dense::view::{View, ViewMut, positions};
use crate::effects::parameters::Direction;
use crate::glmm::blocks::{fixed_part, fixed_products, fixed_sums};
use crate::glmm::data::Data;
use crate::glmm::likelihood::{Likelihood, PIECE};
use crate::glmm::point::{At, State};
use crate::glmm::quadrature::score_matrix;
use crate::gram::standard::FactorStandard;
use crate::stop;

/// Steps of the difference quotients that the working curvature is made of (nothing reported depends on them): of a
/// linear predictor, and of T as a share of the smallest diagonal element of its triangular form.
const ETA_STEP: f64 = 1e-4;
const T_STEP: f64 = 1e-4;

/// Smallest variance to start from, as a share of the largest of its term (standardised columns), or of 1.
const LEAST_START: f64 = 0.01;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Soft {
    c: f64,
    /// log|X'WX| of the columns as they came, less that of the standardised ones.
    log_scale: f64,
}

impl Soft {
    pub(crate) fn new(data: &Data) -> Self {
        let count = data.weights.as_ref().map_or(data.n as f64, |w| w.iter().sum());
        let p = data.x.len().max(1) as f64;
        let log_scale = -2.0 * data.x_standard.columns.iter().map(|a| a.scale.ln()).sum::<f64>();
        Self { c: 2.0 * (p / count).sqrt(), log_scale }
    }

    /// -c log|X'WX| with its derivatives in beta and psi.
    fn jeffreys(&self, likelihood: Likelihood, at: At, curved: bool) -> Option<Jeffreys> {
        let data = likelihood.data;
        let (n, p, shapes) = (data.n, data.x.len(), at.psi.len());
        let mut out = Jeffreys { value: 0.0, gradient: vec![0.0; p + shapes], curvature: vec![0.0; p * p] };
        if p == 0 {
            return Some(out);
        }
        let mut eta = vec![0.0; n];
        fixed_part(data, at.beta, &mut eta);
        let weights = Weights::of(likelihood, &eta, at.psi);
        let mut factor = fixed_products(data, &weights.w);
        cholesky(&mut factor, p).ok()?;
        out.value = -self.c * (log_determinant(&factor, p) + self.log_scale);
        let h = leverages(data, &factor);
        let pull: Vec<f64> = h.iter().zip(&weights.dw).map(|(h, dw)| -self.c * h * dw).collect();
        out.gradient[..p].copy_from_slice(&fixed_sums(data, &pull));
        for j in 0..shapes {
            let by_shape = &weights.by_shape[j * n..(j + 1) * n];
            out.gradient[p + j] = -self.c * h.iter().zip(by_shape).map(|(h, d)| h * d).sum::<f64>();
        }
        if curved {
            // Leverages taken as they are: -sum_i W_i h_i (log W_i)'' x_i x_i', without what is negative.
            let bend = log_weight_bend(likelihood, &eta, at.psi);
            let weigh = |((h, w), b): ((&f64, &f64), f64)| self.c * h * w * (-b).max(0.0);
            let v: Vec<f64> = h.iter().zip(&weights.w).zip(bend).map(weigh).collect();
            out.curvature = fixed_products(data, &v);
        }
        (out.value.is_finite() && out.gradient.iter().all(|g| g.is_finite())).then_some(out)
    }

    /// The part of one factor's covariances and its D.
    fn huber(&self, standard: &FactorStandard, t: &[f64]) -> Option<(f64, Vec<f64>)> {
        let k = standard.k();
        let back = standard.inverse();
        let (mut own, mut d) = (vec![0.0; k * k], vec![0.0; k * k]);
        multiply(&back, t, k, &mut own);
        let (mut value, mut first) = (0.0, 0);
        for &size in &standard.blocks {
            let (l, _) = lower_factor(&View::square(&own, k).cut(first, size), size);
            let mut slope = vec![0.0; size * size];
            for j in 0..size {
                for i in j..size {
                    let at = i + j * size;
                    let x = if i == j { l[at].ln() } else { l[at] };
                    if !x.is_finite() {
                        return None;
                    }
                    value += 2.0 * self.c * if x.abs() <= 1.0 { 0.5 * x * x } else { x.abs() - 0.5 };
                    slope[at] = self.c * x.clamp(-1.0, 1.0) / if i == j { l[at] } else { 1.0 };
                }
            }
            let block = score_matrix(&slope, &l, size)?;
            ViewMut::square(&mut d, k).put(first, size, block);
            first += size;
        }
        let (mut half, mut out) = (vec![0.0; k * k], vec![0.0; k * k]);
        multiply_transpose_left(&back, &d, k, &mut half);
        multiply(&half, &back, k, &mut out);
        (value.is_finite() && out.iter().all(|v| v.is_finite())).then_some((value, out))
    }

    /// Second derivatives of the covariances' part along directions of T.
    fn add_curvature(
        &self,
        data: &Data,
        templates: &[Vec<f64>],
        directions: &[Direction],
        first: usize,
        size: usize,
        hessian: &mut [f64],
    ) {
        let slope = |group: usize, t: &[f64]| -> Option<Vec<f64>> {
            let k = data.factors[group].k();
            let (_, d) = self.huber(&data.factor_standard[group], t)?;
            let mut out = vec![0.0; k * k];
            multiply(&d, t, k, &mut out);
            Some(out)
        };
        for (m, direction) in directions.iter().enumerate() {
            stop::point(directions.len() * direction.dt.len());
            let t = &templates[direction.group];
            let k = data.factors[direction.group].k();
            let (l, _) = lower_factor(t, k);
            let step = T_STEP * (0..k).map(|j| l[j + j * k]).fold(f64::INFINITY, f64::min);
            let moved =
                |sign: f64| -> Vec<f64> { t.iter().zip(&direction.dt).map(|(t, dt)| t + sign * step * dt).collect() };
            let (Some(up), Some(down)) = (slope(direction.group, &moved(1.0)), slope(direction.group, &moved(-1.0)))
            else {
                continue;
            };
            for (l, other) in directions.iter().enumerate().filter(|(_, other)| other.group == direction.group) {
                let change: f64 = other.dt.iter().zip(up.iter().zip(&down)).map(|(e, (u, d))| e * (u - d)).sum();
                // Gradients are 2 D T; half of each mixed derivative comes from either side.
                let value = 0.5 * change / step;
                hessian[first + l + (first + m) * size] += value;
                hessian[first + m + (first + l) * size] += value;
            }
        }
    }
}

impl Penalty for Soft {
    /// Add Q to the criterion, its derivatives to gradient and D, and along directions its curvature to the Hessian.
    /// None on the boundary, where Q is infinite.
    fn apply(&self, likelihood: Likelihood, at: At, directions: Option<&[Direction]>, state: &mut State) -> Option<()> {
        let data = likelihood.data;
        let p = data.x.len();
        let jeffreys = self.jeffreys(likelihood, at, directions.is_some())?;
        let mut added = jeffreys.value;
        crate::dense::small::add(&mut state.gradient, &jeffreys.gradient);
        for (f, d) in state.d.iter_mut().enumerate() {
            let (value, own) = self.huber(&data.factor_standard[f], &at.templates[f])?;
            added += value;
            crate::dense::small::add(d, &own);
        }
        state.criterion += added;
        state.added += added;
        if let Some(directions) = directions {
            let size = p + directions.len() + at.psi.len();
            for j in 0..p {
                for i in 0..p {
                    state.hessian[i + j * size] += jeffreys.curvature[i + j * p];
                }
            }
            self.add_curvature(data, at.templates, directions, p, size, &mut state.hessian);
        }
        Some(())
    }
}

/// See [`Soft::jeffreys`]; gradient in beta, then psi.
struct Jeffreys {
    value: f64,
    gradient: Vec<f64>,
    curvature: Vec<f64>,
}

/// Expected weights of every row, with their derivatives.
struct Weights {
    w: Vec<f64>,
    dw: Vec<f64>,
    by_shape: Vec<f64>,
}

impl Weights {
    fn of(likelihood: Likelihood, eta: &[f64], psi: &[f64]) -> Self {
        let n = eta.len();
        let mut out = Self { w: vec![0.0; n], dw: vec![0.0; n], by_shape: vec![0.0; n * psi.len()] };
        if !likelihood.expected(eta, psi, &mut out.w, &mut out.dw, &mut out.by_shape) {
            let mut g = vec![0.0; n];
            likelihood.second(eta, psi, &mut g, &mut out.w);
            likelihood.third(eta, psi, &mut out.dw);
            for (j, by_shape) in out.by_shape.chunks_exact_mut(n).enumerate() {
                likelihood.shape(eta, psi, j, &mut g, by_shape);
            }
        }
        out
    }
}

/// x_i'(X'WX)^-1 x_i of every row.
fn leverages(data: &Data, factor: &[f64]) -> Vec<f64> {
    let p = data.x.len();
    let mut out = vec![0.0; data.n];
    out.par_chunks_mut(PIECE).enumerate().for_each(|(m, out)| {
        let mut x = vec![0.0; p];
        for (row, out) in (m * PIECE..).zip(out) {
            stop::large(20 + 2 * p * p);
            x.iter_mut().zip(data.x.iter()).for_each(|(x, column)| *x = column.at(row));
            solve_lower(factor, p, &mut x);
            *out = x.iter().map(|v| v * v).sum();
        }
    });
    out
}

/// Second derivatives of log W in eta; 0 where there is none.
fn log_weight_bend(likelihood: Likelihood, eta: &[f64], psi: &[f64]) -> Vec<f64> {
    let slope = |step: f64| -> Vec<f64> {
        let moved: Vec<f64> = eta.iter().map(|e| e + step).collect();
        let weights = Weights::of(likelihood, &moved, psi);
        weights.dw.iter().zip(&weights.w).map(|(dw, w)| dw / w).collect()
    };
    let (up, down) = (slope(ETA_STEP), slope(-ETA_STEP));
    let bend = up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * ETA_STEP));
    bend.map(|b| if b.is_finite() { b } else { 0.0 }).collect()
}

/// T of one factor away from the boundary: the Sigma of a term with all but no variance in some direction grows.
pub(crate) fn inside(standard: &FactorStandard, t: &[f64]) -> Vec<f64> {
    let k = standard.k();
    let (mut out, mut first) = (vec![0.0; k * k], 0);
    for &size in &standard.blocks {
        let block = View::square(t, k).cut(first, size);
        let rows = View::square(&block, size);
        let mut sigma: Vec<f64> =
            positions(size, size).map(|(a, b)| (0..size).map(|j| rows.at(a, j) * rows.at(b, j)).sum()).collect();
        let least = LEAST_START * (0..size).map(|j| sigma[j + j * size]).fold(1.0f64, f64::max);
        let (_, values) = left_singular(&block, size);
        let thin = values.iter().any(|v| v * v < least);
        (0..size).for_each(|j| sigma[j + j * size] += least);
        let grown = thin && cholesky(&mut sigma, size).is_ok();
        ViewMut::square(&mut out, k).put(first, size, if grown { sigma } else { block });
        first += size;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gram::standard::Affine;

    /// Two terms: ones with a shifted and scaled column, and a scaled column alone.
    fn standard() -> FactorStandard {
        let columns = [(0.0, 1.0), (0.7, 2.5), (0.0, 0.2)].map(|(shift, scale)| Affine { shift, scale }).to_vec();
        FactorStandard { columns, blocks: vec![2, 1], anchor: vec![0, 0, 2] }
    }

    #[test]
    fn the_slope_is_that_of_the_value() {
        let penalty = Soft { c: 0.3, log_scale: 0.0 };
        let standard = standard();
        // Elements of L on both sides of 1, and of exp(+-1).
        for scale in [0.05, 0.9, 20.0] {
            let t: Vec<f64> = [1.0, -0.6, 0.0, 0.4, 1.3, 0.0, 0.0, 0.0, 0.8].map(|v| scale * v).to_vec();
            let (_, d) = penalty.huber(&standard, &t).unwrap();
            let mut slope = vec![0.0; 9];
            multiply(&d, &t, 3, &mut slope);
            for m in [0, 1, 3, 4, 8] {
                let h = 1e-5 * scale;
                let value = |sign: f64| {
                    let mut moved = t.clone();
                    moved[m] += sign * h;
                    penalty.huber(&standard, &moved).unwrap().0
                };
                let numeric = (value(1.0) - value(-1.0)) / (2.0 * h);
                assert!((2.0 * slope[m] - numeric).abs() < 1e-7 * (1.0 + numeric.abs()), "{scale} {m}");
            }
        }
    }

    #[test]
    fn the_boundary_has_no_value_and_starts_leave_it() {
        let penalty = Soft { c: 0.3, log_scale: 0.0 };
        let singular = [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.8];
        assert!(penalty.huber(&standard(), &singular).is_none());
        let lifted = inside(&standard(), &singular);
        assert!(penalty.huber(&standard(), &lifted).is_some());
        assert_eq!(lifted[8], 0.8); // the other term stays as it is
    }
}
