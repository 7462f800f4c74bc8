//! A family over all rows: pieces of fixed size, side by side, sums in order.

use rayon::prelude::*;

use super::data::Data;
use crate::dense::eigen::symmetric;
use crate::dense::view::{View, positions};
use crate::family::{Expected, Family, Response, Second, Shape, pair};
use crate::stop;

/// Rows of one piece; results do not depend on the number of threads.
pub(crate) const PIECE: usize = 8192;

/// About how much work a row's derivatives are.
const ROW: usize = 50;

/// The log-likelihood of the rows of a model as a function of their linear predictors.
#[derive(Clone, Copy)]
pub(crate) struct Likelihood<'a> {
    pub family: &'a dyn Family,
    pub data: &'a Data,
}

impl Likelihood<'_> {
    fn rows(&self) -> Response<'_> {
        Response { y: &self.data.y, weights: self.data.weights.as_deref() }
    }

    /// With one linear predictor a batch may be cut into pieces.
    fn in_pieces(&self) -> bool {
        self.data.predictors == 1 && self.data.n > 2 * PIECE
    }

    fn part(&self, piece: usize, len: usize) -> Response<'_> {
        self.rows().part(piece * PIECE, piece * PIECE + len)
    }

    pub(crate) fn second(&self, eta: &[f64], psi: &[f64], g: &mut [f64], w: &mut [f64]) -> f64 {
        if !self.in_pieces() {
            stop::point(eta.len() * ROW);
            return finite(self.family.second(self.rows(), eta, psi, Second { g, w }));
        }
        let values: Vec<f64> = eta
            .par_chunks(PIECE)
            .zip(g.par_chunks_mut(PIECE))
            .zip(w.par_chunks_mut(PIECE))
            .enumerate()
            .map(|(m, ((eta, g), w))| {
                stop::point(eta.len() * ROW);
                self.family.second(self.part(m, eta.len()), eta, psi, Second { g, w })
            })
            .collect();
        finite(values.iter().sum())
    }

    pub(crate) fn third(&self, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        if !self.in_pieces() {
            stop::point(eta.len() * ROW);
            return self.family.third(self.rows(), eta, psi, out);
        }
        eta.par_chunks(PIECE).zip(out.par_chunks_mut(PIECE)).enumerate().for_each(|(m, (eta, out))| {
            stop::point(eta.len() * ROW);
            self.family.third(self.part(m, eta.len()), eta, psi, out);
        });
    }

    pub(crate) fn shape(&self, eta: &[f64], psi: &[f64], j: usize, g: &mut [f64], w: &mut [f64]) -> f64 {
        stop::point(eta.len() * ROW);
        self.family.shape(self.rows(), eta, psi, j, Shape { g, w })
    }

    pub(crate) fn shape_curvature(&self, eta: &[f64], psi: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; psi.len() * psi.len()];
        self.family.shape_curvature(self.rows(), eta, psi, &mut out);
        out
    }

    pub(crate) fn expected(
        &self,
        eta: &[f64],
        psi: &[f64],
        w: &mut [f64],
        dw: &mut [f64],
        by_shape: &mut [f64],
    ) -> bool {
        self.family.expected(self.rows(), eta, psi, Expected { w, dw, dw_shape: by_shape })
    }

    /// Weights that make no direction one of negative curvature, in place of the observed ones in `w`: the expected
    /// ones, or where the family has none the observed ones with their eigenvalues' signs left out.
    pub(crate) fn positive(&self, eta: &[f64], psi: &[f64], w: &mut [f64]) {
        let m = self.data.predictors;
        let (mut dw, mut by_shape) = (vec![0.0; w.len() * m], vec![0.0; w.len() * psi.len()]);
        if !self.expected(eta, psi, w, &mut dw, &mut by_shape) {
            (0..self.data.n).for_each(|row| without_signs(w, row, self.data.n, m));
        }
    }
}

/// The absolute value of one row's W, a matrix of m x m in runs of its pairs.
fn without_signs(w: &mut [f64], row: usize, n: usize, m: usize) {
    if m == 1 {
        w[row] = w[row].abs();
        return;
    }
    let runs = View::new(w, n, m * (m + 1) / 2);
    let matrix: Vec<f64> = positions(m, m).map(|(s, t)| runs.at(row, pair(s, t))).collect();
    if matrix.iter().any(|v| !v.is_finite()) {
        return;
    }
    let (values, vectors) = symmetric(&matrix, m);
    if values.iter().all(|&v| v >= 0.0) {
        return;
    }
    for t in 0..m {
        for s in 0..=t {
            w[pair(s, t) * n + row] = (0..m).map(|e| values[e].abs() * vectors[s + e * m] * vectors[t + e * m]).sum();
        }
    }
}

/// Anything that is not a number counts as impossible.
fn finite(value: f64) -> f64 {
    if value.is_nan() { f64::NEG_INFINITY } else { value }
}
