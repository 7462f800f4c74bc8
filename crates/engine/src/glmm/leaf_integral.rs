//! The integral over one leaf's effects with the tail's effects held at given values, over its Laplace approximation
//! at the mode of all effects.

use rand::{Rng, rngs::StdRng};
use rand_distr::StandardNormal;

use super::likelihood::Likelihood;
use super::mode::Mode;
use super::proposal::Proposal;
use super::quadrature::Rule;
use crate::dense::small::{cholesky, identity, solve_lower, solve_lower_transpose};
use crate::effects::elimination::Elimination;
use crate::family::{Response, Second, pair};
use crate::stop;

/// Points of the quadrature for one effect, and for each of two: the first that are enough at the mode.
const POINTS: [&[usize]; 2] = [&[7, 11, 17, 27, 41, 61], &[5, 7, 11, 17, 25]];
/// How far two rules may lie apart, all leaves together.
const ENOUGH: f64 = 3e-3;
/// Draws of a leaf of more effects beside those of the tail: pairs of opposite signs.
const DRAWN: usize = 32;
/// Newton steps towards a leaf's mode, and squared length of the last one: the integral is right around any centre.
const MOST_STEPS: usize = 12;
const CLOSE: f64 = 1e-4;

/// Where the integrand is looked at: standard normal coordinates and the logarithm of the weight of each node.
pub(crate) enum Nodes {
    /// A grid: k numbers and the weight, one after another.
    Grid { k: usize, values: Vec<f64> },
    /// So many draws.
    Drawn { k: usize, count: usize, proposal: Proposal },
}

impl Nodes {
    pub(crate) fn drawn(k: usize, count: usize) -> Self {
        Self::Drawn { k, count, proposal: Proposal::new(k) }
    }

    fn grid(k: usize, points: usize) -> Self {
        Self::Grid { k, values: Rule::new(points).grid(k) }
    }

    pub(crate) fn fixed(&self) -> bool {
        matches!(self, Self::Grid { .. })
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Grid { k, values } => values.len() / (k + 1),
            Self::Drawn { count, .. } => *count,
        }
    }

    /// The random numbers of a leaf, for both halves of a pair; log w of a normal integrand where there is one draw.
    pub(crate) fn draw(&self, rng: &mut StdRng, out: &mut Vec<f64>) -> f64 {
        let Self::Drawn { k, count, proposal } = self else { return 0.0 };
        out.clear();
        for _ in 0..count.div_ceil(2) {
            let stretch = proposal.stretch(rng);
            out.extend((0..*k).map(|_| stretch * rng.sample::<f64, _>(StandardNormal)));
        }
        let square: f64 = out.iter().map(|z| z * z).sum();
        if *count == 1 { proposal.log_weight(square) - 0.5 * square } else { 0.0 }
    }

    /// Call `visit(z, log weight)` for every node.
    fn each(&self, drawn: &[f64], sign: f64, z: &mut Vec<f64>, mut visit: impl FnMut(&[f64], f64)) {
        match self {
            Self::Grid { k, values } => {
                for node in values.chunks_exact(k + 1) {
                    visit(&node[..*k], node[*k]);
                }
            }
            Self::Drawn { k, count, proposal } => {
                let constant = 0.5 * *k as f64 * (2.0 * std::f64::consts::PI).ln() - (*count as f64).ln();
                for m in 0..*count {
                    let sign = if m % 2 == 0 { sign } else { -sign };
                    z.clear();
                    z.extend(drawn[m / 2 * k..(m / 2 + 1) * k].iter().map(|v| sign * v));
                    let square: f64 = z.iter().map(|v| v * v).sum();
                    visit(z, constant + proposal.log_weight(square));
                }
            }
        }
    }
}

/// All leaves at the mode.
pub(crate) struct Leaves<'a> {
    likelihood: Likelihood<'a>,
    psi: &'a [f64],
    mode: &'a Mode,
    k: usize,
    /// Of each row and linear predictor the k numbers that u is multiplied by.
    a: Vec<f64>,
    /// u at the mode.
    u: Vec<f64>,
    /// Logarithm of the Laplace approximation of each leaf at the mode.
    laplace: Vec<f64>,
}

/// Buffers of one leaf.
#[derive(Default)]
pub(crate) struct Scratch {
    base: Vec<f64>,
    eta: Vec<f64>,
    g: Vec<f64>,
    w: Vec<f64>,
    z: Vec<f64>,
    logs: Vec<f64>,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(
        likelihood: Likelihood<'a>,
        leaf: usize,
        t: &[f64],
        e: &Elimination,
        mode: &'a Mode,
        u: Vec<f64>,
        psi: &'a [f64],
    ) -> Self {
        let data = likelihood.data;
        let columns = &data.factors[leaf].columns;
        let (k, m) = (columns.len(), data.predictors);
        let mut a = vec![0.0; data.n * m * k];
        for row in 0..data.n {
            for (c, z) in columns.iter().enumerate() {
                let (z, at) = (z.at(row), (row * m + z.predictor) * k);
                (0..k).for_each(|j| a[at + j] += z * t[c + j * k]);
            }
        }
        let mut out = Self { likelihood, psi, mode, k, a, u, laplace: Vec::new() };
        let mut scratch = Scratch::default();
        let half_log_two_pi = 0.5 * k as f64 * (2.0 * std::f64::consts::PI).ln();
        out.laplace = (0..data.factors[leaf].levels)
            .map(|level| {
                out.start(level, &[], 0.0, &mut scratch);
                let linv = &e.leaves.linv[level * k * k..(level + 1) * k * k];
                let half_log_det: f64 = (0..k).map(|j| linv[j + j * k].ln()).sum();
                out.value(level, &vec![0.0; k], &mut scratch) + half_log_two_pi + half_log_det
            })
            .collect();
        out
    }

    /// Nodes that integrate the leaves well with the tail at its mode: the fewest points that agree with more.
    pub(crate) fn nodes(&self) -> Nodes {
        let Some(points) = POINTS.get(self.k - 1) else { return Nodes::drawn(self.k, DRAWN) };
        let mut scratch = Scratch::default();
        let mut whole = |nodes: &Nodes| -> f64 {
            let levels = 0..self.laplace.len();
            levels.map(|level| self.ratio(level, &[], 0.0, nodes, &[], &mut scratch)).sum()
        };
        let mut last = Nodes::grid(self.k, points[0]);
        let mut value = whole(&last);
        for &more in &points[1..] {
            let nodes = Nodes::grid(self.k, more);
            let next = whole(&nodes);
            let enough = (next - value).abs() <= ENOUGH;
            (last, value) = (nodes, next);
            if enough {
                break;
            }
        }
        last
    }

    /// Logarithm of the integral with the linear predictors moved by `sign * shift`, less that of Laplace's
    /// approximation where nothing is moved.
    pub(crate) fn ratio(
        &self,
        level: usize,
        shift: &[f64],
        sign: f64,
        nodes: &Nodes,
        drawn: &[f64],
        scratch: &mut Scratch,
    ) -> f64 {
        let k = self.k;
        self.start(level, shift, sign, scratch);
        stop::point((20 + scratch.base.len() * 50) * (nodes.count() + 4));
        let (centre, factor) = self.centre(level, scratch);
        let mut logs = std::mem::take(&mut scratch.logs);
        let mut z = std::mem::take(&mut scratch.z);
        let mut d = Vec::with_capacity(k);
        logs.clear();
        nodes.each(drawn, sign, &mut z, |z, log_weight| {
            d.clear();
            d.extend_from_slice(z);
            solve_lower_transpose(&factor, k, &mut d);
            d.iter_mut().zip(&centre).for_each(|(d, c)| *d += c);
            logs.push(log_weight + self.value(level, &d, scratch));
        });
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|l| (l - top).exp()).sum();
        (scratch.logs, scratch.z) = (logs, z);
        if !top.is_finite() {
            return f64::NEG_INFINITY;
        }
        let log_det: f64 = (0..k).map(|j| factor[j + j * k].ln()).sum();
        top + sum.ln() - log_det - self.laplace[level]
    }

    /// The leaf's linear predictors with its own effects at the mode.
    fn start(&self, level: usize, shift: &[f64], sign: f64, scratch: &mut Scratch) {
        let data = self.likelihood.data;
        let (from, to, n) = (data.leaf_start[level], data.leaf_start[level + 1], data.n);
        scratch.base.clear();
        for r in 0..data.predictors {
            let eta = &self.mode.eta[r * n + from..r * n + to];
            if shift.is_empty() {
                scratch.base.extend_from_slice(eta);
            } else {
                scratch.base.extend(eta.iter().zip(&shift[r * n + from..r * n + to]).map(|(e, s)| e + sign * s));
            }
        }
    }

    /// The linear predictors with the leaf's effects at u + d, into `scratch.eta`.
    fn moved(&self, level: usize, d: &[f64], scratch: &mut Scratch) {
        let (m, k) = (self.likelihood.data.predictors, self.k);
        let from = self.likelihood.data.leaf_start[level];
        let len = scratch.base.len() / m;
        scratch.eta.clear();
        scratch.eta.extend_from_slice(&scratch.base);
        for (i, a) in self.a[from * m * k..(from + len) * m * k].chunks_exact(m * k).enumerate() {
            for (r, a) in a.chunks_exact(k).enumerate() {
                scratch.eta[r * len + i] += a.iter().zip(d).map(|(a, d)| a * d).sum::<f64>();
            }
        }
    }

    fn rows(&self, level: usize) -> Response<'_> {
        let data = self.likelihood.data;
        Response { y: &data.y, weights: data.weights.as_deref() }
            .part(data.leaf_start[level], data.leaf_start[level + 1])
    }

    /// l - |u + d|^2 / 2.
    fn value(&self, level: usize, d: &[f64], scratch: &mut Scratch) -> f64 {
        self.moved(level, d, scratch);
        let value = self.likelihood.family.value(self.rows(level), &scratch.eta, self.psi);
        if value.is_nan() { f64::NEG_INFINITY } else { value - 0.5 * self.square(level, d) }
    }

    fn square(&self, level: usize, d: &[f64]) -> f64 {
        let u = &self.u[level * self.k..(level + 1) * self.k];
        u.iter().zip(d).map(|(u, d)| (u + d).powi(2)).sum()
    }

    /// A point near the conditional mode, as a distance from u, and the Cholesky factor of the Hessian there (the
    /// identity where it has none).
    fn centre(&self, level: usize, scratch: &mut Scratch) -> (Vec<f64>, Vec<f64>) {
        let (k, m) = (self.k, self.likelihood.data.predictors);
        let len = scratch.base.len() / m;
        scratch.g.resize(m * len, 0.0);
        scratch.w.resize(m * (m + 1) / 2 * len, 0.0);
        let mut d = vec![0.0; k];
        for _ in 0..MOST_STEPS {
            self.moved(level, &d, scratch);
            let out = Second { g: &mut scratch.g[..m * len], w: &mut scratch.w[..m * (m + 1) / 2 * len] };
            let value = self.likelihood.family.second(self.rows(level), &scratch.eta, self.psi, out)
                - 0.5 * self.square(level, &d);
            let u = &self.u[level * k..(level + 1) * k];
            let mut slope: Vec<f64> = u.iter().zip(&d).map(|(u, d)| -u - d).collect();
            let mut h = identity(k);
            self.add_products(level, len, scratch, &mut slope, &mut h);
            if cholesky(&mut h, k).is_err() || !value.is_finite() {
                return (vec![0.0; k], identity(k));
            }
            let mut step = slope.clone();
            solve_lower(&h, k, &mut step);
            let decrement: f64 = step.iter().map(|s| s * s).sum();
            if decrement < CLOSE {
                return (d, h);
            }
            solve_lower_transpose(&h, k, &mut step);
            let mut length = 1.0;
            let next = loop {
                let next: Vec<f64> = d.iter().zip(&step).map(|(d, s)| d + length * s).collect();
                if length < 1e-3 || self.value(level, &next, scratch) >= value {
                    break next;
                }
                length *= 0.5;
            };
            if length < 1e-3 {
                return (d, h);
            }
            d = next;
        }
        (vec![0.0; k], identity(k))
    }

    /// slope += A'g, H += A'WA (the lower triangle).
    fn add_products(&self, level: usize, len: usize, scratch: &Scratch, slope: &mut [f64], h: &mut [f64]) {
        let (k, m) = (self.k, self.likelihood.data.predictors);
        let from = self.likelihood.data.leaf_start[level];
        for (i, a) in self.a[from * m * k..(from + len) * m * k].chunks_exact(m * k).enumerate() {
            for r in 0..m {
                let g = scratch.g[r * len + i];
                slope.iter_mut().zip(&a[r * k..]).for_each(|(s, a)| *s += a * g);
                for t in 0..m {
                    let w = scratch.w[pair(r, t) * len + i];
                    for c in 0..k {
                        for b in c..k {
                            h[b + c * k] += w * a[r * k + b] * a[t * k + c];
                        }
                    }
                }
            }
        }
    }
}
