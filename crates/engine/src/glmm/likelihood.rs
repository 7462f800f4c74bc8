//! A family over all rows: pieces of fixed size, side by side, sums in order.

use rayon::prelude::*;

use super::data::Data;
use crate::dense::eigen::symmetric;
use crate::dense::view::{View, positions};
use crate::family::{Expected, Family, Response, Second, Shape, pair};
use crate::stop;

/// Rows of one piece; results do not depend on the number of threads.
pub(crate) const PIECE: usize = 8192;
/// The same where there are several linear predictors, whose rows take longer.
const SHORT: usize = 1024;

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

    /// With one linear predictor a batch is cut where its arrays are.
    fn in_pieces(&self) -> bool {
        self.data.predictors == 1 && self.data.n > 2 * PIECE
    }

    /// With several a piece has its runs gathered.
    fn in_short_pieces(&self) -> bool {
        self.data.predictors > 1 && self.data.n > 2 * SHORT
    }

    /// `work` on each short piece, given its first row, its rows and its linear predictors, side by side.
    fn short_pieces<R: Send>(&self, eta: &[f64], work: impl Fn(Response, &[f64]) -> R + Sync) -> Vec<(usize, R)> {
        let n = self.data.n;
        let starts: Vec<usize> = (0..n).step_by(SHORT).collect();
        let piece = |&from: &usize| {
            let to = n.min(from + SHORT);
            stop::point((to - from) * self.data.predictors * ROW);
            let runs: Vec<f64> = eta.chunks(n).flat_map(|run| &run[from..to]).copied().collect();
            (from, work(self.rows().part(from, to), &runs))
        };
        starts.par_iter().map(piece).collect()
    }

    fn part(&self, piece: usize, len: usize) -> Response<'_> {
        self.rows().part(piece * PIECE, piece * PIECE + len)
    }

    /// The sum of what `work` returns for each short piece, with what it writes into runs of `g` and `w`.
    fn gathered(
        &self,
        eta: &[f64],
        g: &mut [f64],
        w: &mut [f64],
        work: impl Fn(Response, &[f64], &mut [f64], &mut [f64]) -> f64 + Sync,
    ) -> f64 {
        let n = self.data.n;
        let (runs_g, runs_w) = (g.len() / n, w.len() / n);
        let pieces = self.short_pieces(eta, |rows, eta| {
            let (mut g, mut w) = (vec![0.0; runs_g * rows.y.len()], vec![0.0; runs_w * rows.y.len()]);
            let value = work(rows, eta, &mut g, &mut w);
            (value, g, w)
        });
        for (from, (_, piece_g, piece_w)) in &pieces {
            scatter(piece_g, g, n, *from);
            scatter(piece_w, w, n, *from);
        }
        pieces.iter().map(|(_, (value, ..))| value).sum()
    }

    pub(crate) fn second(&self, eta: &[f64], psi: &[f64], g: &mut [f64], w: &mut [f64]) -> f64 {
        if self.in_short_pieces() {
            let value = self.gathered(eta, g, w, |rows, eta, g, w| self.family.second(rows, eta, psi, Second { g, w }));
            return finite(value);
        }
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
        if self.in_short_pieces() {
            let pieces = self.short_pieces(eta, |rows, eta| {
                let mut piece = vec![0.0; out.len() / self.data.n * rows.y.len()];
                self.family.third(rows, eta, psi, &mut piece);
                piece
            });
            pieces.iter().for_each(|(from, piece)| scatter(piece, out, self.data.n, *from));
            return;
        }
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
        if self.in_short_pieces() {
            return self.gathered(eta, g, w, |rows, eta, g, w| self.family.shape(rows, eta, psi, j, Shape { g, w }));
        }
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

/// Runs of the piece that begins at row `from` into those of all n rows.
fn scatter(piece: &[f64], out: &mut [f64], n: usize, from: usize) {
    let len = piece.len() * n / out.len();
    for (part, run) in piece.chunks(len).zip(out.chunks_mut(n)) {
        run[from..from + len].copy_from_slice(part);
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
