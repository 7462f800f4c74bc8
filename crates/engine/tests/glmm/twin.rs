//! The slow twin: Z and X in full, Newton's method for the mode, log|H| from one dense Cholesky factor.

use std::sync::Arc;

use mixedmodels_engine::family::{Expected, Family, Response, Second, pair};
use mixedmodels_engine::glmm::Parameter;

use super::designs::Design;
use super::matrix::{Matrix, dot};

pub struct Twin {
    family: Arc<dyn Family>,
    design: Design,
    z: Matrix,
    expected: bool,
    /// Leading columns of X that are integrated out together with u, without a prior.
    flat: usize,
}

impl Twin {
    pub fn new(family: &Arc<dyn Family>, design: &Design, expected: bool) -> Self {
        Self { family: Arc::clone(family), design: design.clone(), z: design.z(), expected, flat: 0 }
    }

    /// The restricted likelihood: the coefficients of the first linear predictor are integrated out too.
    pub fn restricted(family: &Arc<dyn Family>, design: &Design) -> Self {
        let flat = design.x_predictor.iter().filter(|&&r| r == 0).count();
        Self { flat, ..Self::new(family, design, false) }
    }

    /// Z Lambda with the columns beside it that are integrated out too.
    fn unknowns(&self, theta: &[f64]) -> Matrix {
        let (a, x) = (self.z.times(&self.design.lambda(theta)), self.design.x());
        Matrix::from(
            a.rows,
            a.columns + self.flat,
            |i, j| {
                if j < a.columns { a.at(i, j) } else { x.at(i, j - a.columns) }
            },
        )
    }

    fn rows(&self) -> Response<'_> {
        Response { y: &self.design.data.y, weights: self.design.data.weights.as_deref() }
    }

    /// Log-likelihood, g and W.
    fn second(&self, eta: &[f64], psi: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let (n, m) = (self.design.n(), self.design.predictors());
        let (mut g, mut w) = (vec![0.0; m * n], vec![0.0; m * (m + 1) / 2 * n]);
        let value = self.family.second(self.rows(), eta, psi, Second { g: &mut g, w: &mut w });
        (if value.is_nan() { f64::NEG_INFINITY } else { value }, g, w)
    }

    /// Rows of a product W A, A with a row for each row of each linear predictor.
    fn weighted(&self, w: &[f64], a: &Matrix) -> Matrix {
        let (n, m) = (self.design.n(), self.design.predictors());
        let mut out = Matrix::zeros(a.rows, a.columns);
        for s in 0..m {
            for t in 0..m {
                for i in 0..n {
                    let w = w[pair(s, t) * n + i];
                    let row = &mut out.values[(s * n + i) * a.columns..(s * n + i + 1) * a.columns];
                    row.iter_mut().zip(a.row(t * n + i)).for_each(|(o, a)| *o += w * a);
                }
            }
        }
        out
    }

    /// -2 log-likelihood.
    pub fn criterion(&self, at: &Parameter) -> f64 {
        self.from(at, None).0
    }

    /// The same, with the search for the mode from the given u, and the mode.
    pub fn from(&self, at: &Parameter, start: Option<&[f64]>) -> (f64, Vec<f64>) {
        let a = self.unknowns(&at.theta);
        let (q, own) = (a.columns, self.z.columns);
        let turned = a.transpose();
        let beta: Vec<f64> = (0..at.beta.len()).map(|j| if j < self.flat { 0.0 } else { at.beta[j] }).collect();
        let known = self.design.known(&beta);
        let prior = Matrix::from(q, q, |i, j| f64::from(u8::from(i == j && i < own)));
        let eta = |u: &[f64]| -> Vec<f64> { (0..a.rows).map(|i| known[i] + dot(a.row(i), u)).collect() };
        let objective = |u: &[f64]| 0.5 * dot(&u[..own], &u[..own]) - self.second(&eta(u), &at.psi).0;
        let begin = || [vec![0.0; own], at.beta[..self.flat].to_vec()].concat();
        let mut u = start.map_or_else(begin, <[f64]>::to_vec);
        let mut value = objective(&u);
        let mut last = f64::INFINITY;
        for _ in 0..500 {
            let (_, g, w) = self.second(&eta(&u), &at.psi);
            let slope: Vec<f64> = (0..q).map(|j| prior.at(j, j) * u[j] - dot(turned.row(j), &g)).collect();
            let size = slope.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            if size < 1e-12 || (size < 1e-9 && size >= 0.5 * last) {
                break;
            }
            last = size;
            let h = turned.times(&self.weighted(&w, &a)).plus(&prior, 1.0);
            // Enough is added to the diagonal for the step to go down.
            let mut damping = 0.0;
            loop {
                let damped = h.plus(&Matrix::identity(q), damping);
                damping = if damping == 0.0 { 1e-3 } else { 4.0 * damping };
                assert!(damping < 1e12, "the twin finds no mode");
                if damped.cholesky().values.iter().any(|v| v.is_nan()) {
                    continue;
                }
                let inverse = damped.inverse();
                let trial: Vec<f64> = (0..q).map(|j| u[j] - dot(inverse.row(j), &slope)).collect();
                let there = objective(&trial);
                if there <= value + 1e-13 * (1.0 + value.abs()) {
                    (u, value) = (trial, there);
                    break;
                }
            }
        }
        let eta = eta(&u);
        let (l, _, mut w) = self.second(&eta, &at.psi);
        if self.expected {
            let m = self.design.predictors();
            let (mut dw, mut by_shape) = (vec![0.0; w.len() * m], vec![0.0; w.len() * at.psi.len()]);
            let out = Expected { w: &mut w, dw: &mut dw, dw_shape: &mut by_shape };
            self.family.expected(self.rows(), &eta, &at.psi, out);
        }
        let h = turned.times(&self.weighted(&w, &a)).plus(&prior, 1.0);
        let l_factor = h.cholesky();
        let logdet: f64 = 2.0 * (0..q).map(|j| l_factor.at(j, j).ln()).sum::<f64>();
        let constant = self.family.constant(self.rows());
        let flat = self.flat as f64 * (2.0 * std::f64::consts::PI).ln();
        (dot(&u[..own], &u[..own]) - 2.0 * (l + constant) + logdet - flat, u)
    }

    /// Slope along a direction in (theta, beta, psi), by a central difference of fourth order from warm modes.
    pub fn slope(&self, at: &Parameter, direction: &[f64], step: f64) -> f64 {
        let (_, mode) = self.from(at, None);
        let there = |by: f64| self.from(&moved(at, direction, by), Some(&mode)).0;
        let across = |by: f64| (there(by) - there(-by)) / (2.0 * by);
        (4.0 * across(step) - across(2.0 * step)) / 3.0
    }
}

/// The point at + by * direction.
pub fn moved(at: &Parameter, direction: &[f64], by: f64) -> Parameter {
    let mut steps = direction.iter().map(|d| by * d);
    let mut go =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|v| v + steps.next().expect("long enough")).collect() };
    let (theta, beta, psi) = (go(&at.theta), go(&at.beta), go(&at.psi));
    Parameter { theta, beta, psi }
}
