//! The last rows of the factorisation: what is left of `[X y]'[X y]` once all random effects are eliminated.

use crate::dense::small::{cholesky, inverse_from_cholesky};
use crate::dense::view::View;
use crate::error::EngineError;
use crate::stop;

/// `[X y]'V^-1[X y]`, then its Cholesky factor.
#[derive(Debug, Clone)]
pub(crate) struct Border {
    pub p: usize,
    /// (p + 1) x (p + 1) column-major; the lower triangle counts.
    pub matrix: Vec<f64>,
    pub logdet_x: f64,
    /// Penalised residual sum of squares.
    pub r2: f64,
}

impl Border {
    pub(crate) fn new(p: usize) -> Self {
        Self { p, matrix: vec![0.0; (p + 1) * (p + 1)], logdet_x: 0.0, r2: 0.0 }
    }

    pub(crate) fn subtract(&mut self, taken: &[f64]) {
        for (f, t) in self.matrix.iter_mut().zip(taken) {
            *f -= t;
        }
    }

    /// Subtract the products of the columns of a matrix of `rows` rows.
    pub(crate) fn subtract_products(&mut self, columns: &[f64], rows: usize) {
        let width = self.p + 1;
        for j in 0..width {
            stop::large(2 * (width - j) * rows);
            for i in j..width {
                let (a, b) = (&columns[i * rows..(i + 1) * rows], &columns[j * rows..(j + 1) * rows]);
                self.matrix[i + j * width] -= a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
            }
        }
    }

    /// Factorise: X must have full column rank, and y must not be a combination of the columns.
    pub(crate) fn finish(&mut self) -> Result<(), EngineError> {
        let (p, width) = (self.p, self.p + 1);
        let total = self.matrix[p + p * width];
        match cholesky(&mut self.matrix, width) {
            Ok(()) => {}
            Err(j) if j < p => return Err(EngineError::RankDeficient(j)),
            Err(_) if total.is_finite() => return Err(EngineError::PerfectFit),
            Err(_) => return Err(EngineError::NotFinite),
        }
        self.logdet_x = 2.0 * (0..p).map(|j| self.matrix[j + j * width].ln()).sum::<f64>();
        self.r2 = self.matrix[p + p * width].powi(2);
        Ok(())
    }

    /// beta, the back-solve of the factor's last row.
    pub(crate) fn beta(&self) -> Vec<f64> {
        let (p, width) = (self.p, self.p + 1);
        let mut beta: Vec<f64> = (0..p).map(|j| self.matrix[p + j * width]).collect();
        for j in (0..p).rev() {
            for i in j + 1..p {
                beta[j] -= self.matrix[i + j * width] * beta[i];
            }
            beta[j] /= self.matrix[j + j * width];
        }
        beta
    }

    /// R^-T v: v'(X'V^-1 X)^-1 v is its squared length.
    #[inline]
    pub(crate) fn half_solve(&self, v: &mut [f64]) {
        let (p, width) = (self.p, self.p + 1);
        for j in 0..p {
            v[j] /= self.matrix[j + j * width];
            let value = v[j];
            for (i, v) in v.iter_mut().enumerate().take(p).skip(j + 1) {
                *v -= self.matrix[i + j * width] * value;
            }
        }
    }

    /// Rows of the inverse of the p x p Cholesky factor: row i holds i + 1 numbers and then zeros.
    pub(crate) fn x_inverse_rows(&self) -> Vec<f64> {
        let p = self.p;
        let mut rows = vec![0.0; p * p];
        let mut unit = vec![0.0; p];
        for j in 0..p {
            unit.fill(0.0);
            unit[j] = 1.0;
            self.half_solve(&mut unit);
            (j..p).for_each(|i| rows[i * p + j] = unit[i]);
        }
        rows
    }

    /// (X'V^-1 X)^-1, p x p.
    pub(crate) fn x_inverse(&self) -> Vec<f64> {
        inverse_from_cholesky(&self.x_factor(), self.p)
    }

    /// The p x p Cholesky factor of X'V^-1 X.
    pub(crate) fn x_factor(&self) -> Vec<f64> {
        View::square(&self.matrix, self.p + 1).cut(0, self.p)
    }
}
