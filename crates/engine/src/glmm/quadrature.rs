//! Adaptive Gauss-Hermite quadrature for models with one grouping factor: the likelihood of every level integrated over
//! its k effects on a grid centred at the mode and scaled by S, the lower Cholesky factor of the inverse of H there,
//!
//! log L_j = log|S| - (k / 2) log 2 pi + log sum_q w_q exp(|z_q|^2 / 2 - f_j(u + S z_q)),
//!
//! constants kept, so that one point is Laplace's approximation. T is the lower Cholesky factor of Sigma here, which
//! makes the grid a function of Sigma alone.
//!
//! The gradient is exact, the movement of the grid included. With pi_q the share of node q, a_i = T'z_i,
//! v = sum pi_q grad f(u_q), M = sum pi_q grad f(u_q) z_q' and P the lower triangle of S'M with half its diagonal,
//!
//! K = H^-1 / 2 - S (P + P') S' / 2,  alpha = H^-1 (v + sum_i W'_i (a_i'K a_i) a_i),
//! r_i = -sum_q pi_q g_i(u_q) + W'_i a_i'K a_i - W_i a_i'alpha,
//! dF/dbeta = X'r,  dF/dT = sum_i z_i [-sum_q pi_q g_i(u_q) u_q + 2 W_i K a_i + (W'_i a_i'K a_i - W_i a_i'alpha) u + g_i alpha]'.

use std::ops::Range;

use rayon::prelude::*;

use super::blocks::fixed_sums;
use super::data::Data;
use super::likelihood::Likelihood;
use super::point::{At, Shapes, State};
use crate::dense::eigen::symmetric;
use crate::dense::small::{
    add, cholesky, identity, inverse, inverse_from_cholesky, log_determinant, lower_factor, multiply,
    multiply_transpose_left, multiply_transpose_right,
};
use crate::dense::view::{View, positions};
use crate::effects::template::Template;
use crate::family::{Response, Second, Shape};
use crate::stop;

/// Nodes and logarithms of the weights of a rule for exp(-z^2 / 2), in one dimension.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    nodes: Vec<f64>,
    /// log w + z^2 / 2.
    log_weights: Vec<f64>,
}

impl Rule {
    /// By the eigenvalues of the Jacobi matrix of Hermite's polynomials (Golub and Welsch 1969), made symmetric.
    pub(crate) fn new(points: usize) -> Self {
        let mut jacobi = vec![0.0; points * points];
        for m in 1..points {
            let value = (m as f64).sqrt();
            jacobi[m - 1 + m * points] = value;
            jacobi[m + (m - 1) * points] = value;
        }
        let (values, _) = symmetric(&jacobi, points);
        let (mut nodes, mut log_weights) = (Vec::new(), Vec::new());
        for m in 0..points {
            let mirror = points - 1 - m;
            let z = 0.5 * (values[m] - values[mirror]);
            nodes.push(z);
            log_weights.push(log_weight(z, points) + 0.5 * (2.0 * std::f64::consts::PI).ln() + 0.5 * z * z);
        }
        Self { nodes, log_weights }
    }

    /// The grid in k dimensions: k nodes and the logarithm of the weight, one after another.
    pub(crate) fn grid(&self, k: usize) -> Vec<f64> {
        let points = self.nodes.len();
        let mut out = Vec::with_capacity(points.pow(k as u32) * (k + 1));
        for index in 0..points.pow(k as u32) {
            stop::point(10 * k);
            let at = |d: usize| index / points.pow(d as u32) % points;
            out.extend((0..k).map(|d| self.nodes[at(d)]));
            out.push((0..k).map(|d| self.log_weights[at(d)]).sum());
        }
        out
    }
}

/// log w of the node z: 1 / w is the sum of squares of the orthonormal polynomials there, which keeps the digits of the
/// smallest weights (the eigenvectors do not).
fn log_weight(z: f64, points: usize) -> f64 {
    let (mut before, mut now, mut sum) = (0.0, 1.0, 1.0);
    for j in 1..points {
        let next = (z * now - (j as f64 - 1.0).sqrt() * before) / (j as f64).sqrt();
        (before, now) = (now, next);
        sum += now * now;
    }
    -f64::ln(sum)
}

/// Levels handled by one task.
const LEVELS_PER_TASK: usize = 64;

/// Replace Laplace's criterion, gradient and D by those of the quadrature.
pub(crate) fn refine(rule: &Rule, likelihood: Likelihood, at: At, state: &mut State) -> Option<()> {
    let data = likelihood.data;
    let leaf = data.layout.leaf?;
    let k = data.factors[leaf].k();
    let (t, _) = lower_factor(&Template::of(&at.templates[leaf], k).t, k);
    let n = data.n;
    let (mut g, mut w, mut dw) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    likelihood.second(&state.mode.eta, at.psi, &mut g, &mut w);
    likelihood.third(&state.mode.eta, at.psi, &mut dw);
    let shapes = Shapes::of(likelihood, &state.mode.eta, at.psi);
    let grid = rule.grid(k);
    let work = Quadrature { likelihood, data, leaf, k, t: &t, psi: at.psi, state, g: &g, w: &w, dw: &dw, shapes, grid };
    let levels = data.factors[leaf].levels;
    let starts: Vec<usize> = (0..levels).step_by(LEVELS_PER_TASK).collect();
    let piece = |&first: &usize| work.levels(first..(first + LEVELS_PER_TASK).min(levels));
    let parts: Vec<Part> = if starts.len() == 1 {
        starts.iter().map(piece).collect::<Option<_>>()?
    } else {
        starts.par_iter().map(piece).collect::<Option<_>>()?
    };
    let mut whole = Part::new(k, at.psi.len());
    for part in &parts {
        whole.value += part.value;
        add(&mut whole.t, &part.t);
        add(&mut whole.psi, &part.psi);
        whole.r.extend_from_slice(&part.r);
    }
    let mut gradient = fixed_sums(data, &whole.r);
    gradient.extend_from_slice(&whole.psi);
    gradient.iter_mut().for_each(|v| *v *= 2.0);
    state.gradient = gradient;
    state.criterion = 2.0 * whole.value;
    state.d[leaf] = score_matrix(&whole.t, &t, k)?;
    state.criterion.is_finite().then_some(())
}

/// D of a triangular T with dF = <slope, dT>: dT = T Phi(T^-1 dSigma T^-T), Phi the lower triangle with half the
/// diagonal, so that D = T^-T (P + P') T^-1 with P = Phi(T'slope).
pub(crate) fn score_matrix(slope: &[f64], t: &[f64], k: usize) -> Option<Vec<f64>> {
    let back = inverse(t, k)?;
    let (mut inner, mut half, mut d) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
    multiply_transpose_left(t, slope, k, &mut inner);
    // Twice the symmetric part of P: the lower triangle on both sides.
    let both = both_triangles(&inner, k);
    multiply_transpose_left(&back, &both, k, &mut half);
    multiply(&half, &back, k, &mut d);
    Some(d)
}

/// What levels add up to: F, its derivative in T and psi, and r of their rows.
struct Part {
    value: f64,
    t: Vec<f64>,
    psi: Vec<f64>,
    r: Vec<f64>,
}

impl Part {
    fn new(k: usize, shapes: usize) -> Self {
        Self { value: 0.0, t: vec![0.0; k * k], psi: vec![0.0; shapes], r: Vec::new() }
    }
}

struct Quadrature<'a> {
    likelihood: Likelihood<'a>,
    data: &'a Data,
    leaf: usize,
    k: usize,
    t: &'a [f64],
    psi: &'a [f64],
    state: &'a State,
    /// At the mode, row by row.
    g: &'a [f64],
    w: &'a [f64],
    dw: &'a [f64],
    shapes: Shapes,
    /// k nodes and the logarithm of the weight, one after another.
    grid: Vec<f64>,
}

/// Averages over the nodes of one level.
struct Nodes {
    /// log sum_q exp(...).
    log_sum: f64,
    /// sum pi_q grad f(u_q), and sum pi_q grad f(u_q) z_q' (k x k).
    v: Vec<f64>,
    m: Vec<f64>,
    /// sum pi_q g_i(u_q) of every row, and sum pi_q g_i(u_q) u_q (k a row).
    g: Vec<f64>,
    gu: Vec<f64>,
    /// sum pi_q dl/dpsi.
    psi: Vec<f64>,
}

impl Quadrature<'_> {
    fn levels(&self, levels: Range<usize>) -> Option<Part> {
        let mut part = Part::new(self.k, self.psi.len());
        for level in levels {
            self.level(level, &mut part)?;
        }
        Some(part)
    }

    fn level(&self, level: usize, part: &mut Part) -> Option<()> {
        let k = self.k;
        let rows = self.data.leaf_start[level]..self.data.leaf_start[level + 1];
        let z = self.columns(&rows);
        let a: Vec<f64> = z.chunks_exact(k).flat_map(|z| transposed(self.t, z)).collect();
        let mut h = identity(k);
        for (a, row) in a.chunks_exact(k).zip(rows.clone()) {
            for (h, (i, j)) in h.iter_mut().zip(positions(k, k)) {
                *h += self.w[row] * a[i] * a[j];
            }
        }
        cholesky(&mut h, k).ok()?;
        let h_inverse = inverse_from_cholesky(&h, k);
        let mut s = h_inverse.clone();
        cholesky(&mut s, k).ok()?;
        let u = transposed(self.t, &self.state.mode.s[self.leaf][level * k..(level + 1) * k]);
        let nodes = self.nodes(&rows, &a, &s, &u)?;
        let log_two_pi = (2.0 * std::f64::consts::PI).ln();
        part.value -= 0.5 * log_determinant(&s, k) - 0.5 * k as f64 * log_two_pi + nodes.log_sum;
        // How the grid moves.
        let kernel = grid_kernel(&nodes.m, &s, &h_inverse, k);
        let quadratic = |a: &[f64]| kernel.iter().zip(positions(k, k)).map(|(h, (i, j))| a[i] * h * a[j]).sum::<f64>();
        let hk: Vec<f64> = a.chunks_exact(k).map(quadratic).collect();
        let mut sum = nodes.v.clone();
        for ((a, hk), row) in a.chunks_exact(k).zip(&hk).zip(rows.clone()) {
            sum.iter_mut().zip(a).for_each(|(s, a)| *s += self.dw[row] * hk * a);
        }
        let alpha: Vec<f64> = (0..k).map(|i| (0..k).map(|j| h_inverse[i + j * k] * sum[j]).sum()).collect();
        for (i, row) in rows.clone().enumerate() {
            let (z, a) = (&z[i * k..(i + 1) * k], &a[i * k..(i + 1) * k]);
            let along: f64 = a.iter().zip(&alpha).map(|(a, b)| a * b).sum();
            let moved = self.dw[row] * hk[i] - self.w[row] * along;
            part.r.push(moved - nodes.g[i]);
            for c in 0..k {
                let ka: f64 = (0..k).map(|j| kernel[c + j * k] * a[j]).sum();
                let slope = 2.0 * self.w[row] * ka + moved * u[c] + self.g[row] * alpha[c] - nodes.gu[i * k + c];
                part.t[c * k..(c + 1) * k].iter_mut().zip(z).for_each(|(t, z)| *t += z * slope);
            }
            for (j, shape) in self.shapes.list.iter().enumerate() {
                part.psi[j] += shape.w[row] * hk[i] + shape.g[row] * along;
            }
        }
        part.psi.iter_mut().zip(&nodes.psi).for_each(|(p, l)| *p -= l);
        Some(())
    }

    /// Columns of Z, k a row.
    fn columns(&self, rows: &Range<usize>) -> Vec<f64> {
        let columns = &self.data.factors[self.leaf].columns;
        rows.clone().flat_map(|row| columns.iter().map(move |z| z.at(row))).collect()
    }

    /// Visit every node twice: for the shares, then for what they average.
    fn nodes(&self, rows: &Range<usize>, a: &[f64], s: &[f64], u: &[f64]) -> Option<Nodes> {
        let (k, len) = (self.k, rows.len());
        let response = self.response(rows);
        let stride = k + 1;
        let eta = |node: &[f64], out: &mut [f64]| -> Vec<f64> {
            let moved: Vec<f64> = (0..k).map(|i| (0..=i).map(|j| s[i + j * k] * node[j]).sum()).collect();
            for ((o, a), row) in out.iter_mut().zip(a.chunks_exact(k)).zip(rows.clone()) {
                *o = self.state.mode.eta[row] + a.iter().zip(&moved).map(|(a, d)| a * d).sum::<f64>();
            }
            moved.iter().zip(u).map(|(d, u)| u + d).collect()
        };
        let family = self.likelihood.family;
        stop::point(self.grid.len() / stride * 20);
        let mut at = vec![0.0; len];
        let logs: Vec<f64> = self
            .grid
            .chunks_exact(stride)
            .map(|node| {
                stop::large(len * 20);
                let uq = eta(node, &mut at);
                let value = family.value(response, &at, self.psi);
                node[k] + value - 0.5 * uq.iter().map(|u| u * u).sum::<f64>()
            })
            .collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() {
            return None;
        }
        let total: f64 = logs.iter().map(|l| (l - top).exp()).sum();
        let mut out = Nodes {
            log_sum: top + total.ln(),
            v: vec![0.0; k],
            m: vec![0.0; k * k],
            g: vec![0.0; len],
            gu: vec![0.0; len * k],
            psi: vec![0.0; self.psi.len()],
        };
        let (mut g, mut w, mut other) = (vec![0.0; len], vec![0.0; len], vec![0.0; len]);
        for (node, log) in self.grid.chunks_exact(stride).zip(&logs) {
            let share = (log - top).exp() / total;
            if share < 1e-20 {
                continue;
            }
            stop::large(len * (50 + 4 * k));
            let uq = eta(node, &mut at);
            family.second(response, &at, self.psi, Second { g: &mut g, w: &mut w });
            let mut slope = uq.clone();
            for (i, a) in a.chunks_exact(k).enumerate() {
                out.g[i] += share * g[i];
                for c in 0..k {
                    slope[c] -= g[i] * a[c];
                    out.gu[i * k + c] += share * g[i] * uq[c];
                }
            }
            for (c, slope) in slope.iter().enumerate() {
                out.v[c] += share * slope;
                for (d, z) in node[..k].iter().enumerate() {
                    out.m[c + d * k] += share * slope * z;
                }
            }
            for j in 0..self.psi.len() {
                out.psi[j] += share * family.shape(response, &at, self.psi, j, Shape { g: &mut w, w: &mut other });
            }
        }
        Some(out)
    }

    fn response(&self, rows: &Range<usize>) -> Response<'_> {
        Response { y: &self.data.y, weights: self.data.weights.as_deref() }.part(rows.start, rows.end)
    }
}

/// K = H^-1 / 2 - S (P + P') S' / 2.
fn grid_kernel(m: &[f64], s: &[f64], h_inverse: &[f64], k: usize) -> Vec<f64> {
    let (mut sm, mut half, mut moved) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
    multiply_transpose_left(s, m, k, &mut sm);
    // (P + P') / 2 with P the lower triangle and half the diagonal.
    let symmetric: Vec<f64> = both_triangles(&sm, k).iter().map(|v| 0.5 * v).collect();
    multiply(s, &symmetric, k, &mut half);
    multiply_transpose_right(&half, s, k, &mut moved);
    h_inverse.iter().zip(&moved).map(|(h, m)| 0.5 * h - m).collect()
}

/// The symmetric matrix that has this lower triangle.
fn both_triangles(lower: &[f64], k: usize) -> Vec<f64> {
    let lower = View::square(lower, k);
    positions(k, k).map(|(i, j)| lower.at(i.max(j), i.min(j))).collect()
}

/// T'z.
fn transposed(t: &[f64], z: &[f64]) -> Vec<f64> {
    let k = z.len();
    (0..k).map(|j| (0..k).map(|i| t[i + j * k] * z[i]).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_integrates_polynomials_exactly() {
        for points in (1..=25).chain([41, 101]) {
            let rule = Rule::new(points);
            let moment = |power: i32| -> f64 {
                let term = |(z, l): (&f64, &f64)| z.powi(power) * (l - 0.5 * z * z).exp();
                rule.nodes.iter().zip(&rule.log_weights).map(term).sum()
            };
            let root = (2.0 * std::f64::consts::PI).sqrt();
            let mut double_factorial = 1.0;
            for power in (0..2 * points as i32).step_by(2).take(6) {
                if power > 0 {
                    double_factorial *= f64::from(power - 1);
                }
                assert!((moment(power) / (root * double_factorial) - 1.0).abs() < 1e-11, "{points} {power}");
                assert!(moment(power + 1).abs() < 1e-9 * root * double_factorial.max(1.0) * 10.0);
            }
        }
    }
}
