//! Sums of products of the columns of `[X y]`, a chunk of rows at a time.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

/// Adds up `[X y]'[X y]` over chunks; each chunk is summed on its own, so that rounding errors do not pile up.
pub(crate) struct FixedSums {
    width: usize,
    total: Vec<f64>,
    /// What the additions to `total` lost (Kahan), the same size.
    lost: Vec<f64>,
    part: Vec<f64>,
}

impl FixedSums {
    pub(crate) fn new(width: usize) -> Self {
        let zero = vec![0.0; width * width];
        Self { width, total: zero.clone(), lost: zero.clone(), part: zero }
    }

    /// `columns` holds `width` columns of `rows` values each.
    pub(crate) fn add_chunk(&mut self, columns: &[f64], rows: usize) {
        let width = self.width;
        if width <= 4 {
            for j in 0..width {
                for i in j..width {
                    self.part[i + j * width] =
                        dot(&columns[i * rows..(i + 1) * rows], &columns[j * rows..(j + 1) * rows]);
                }
            }
        } else {
            let a = MatRef::from_column_major_slice(columns, rows, width);
            let out = MatMut::from_column_major_slice_mut(&mut self.part, width, width);
            let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
            matmul(out, lower, Accum::Replace, a.transpose(), full, a, full, 1.0, Par::Seq);
        }
        for j in 0..width {
            for i in j..width {
                let m = i + j * width;
                let y = self.part[m] - self.lost[m];
                let t = self.total[m] + y;
                self.lost[m] = (t - self.total[m]) - y;
                self.total[m] = t;
            }
        }
    }

    /// Add the sums of another set of rows.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (a, b) in self.total.iter_mut().zip(&other.total) {
            *a += b;
        }
        for (a, b) in self.lost.iter_mut().zip(&other.lost) {
            *a += b;
        }
    }

    /// The symmetric matrix of sums.
    pub(crate) fn finish(mut self) -> Vec<f64> {
        let width = self.width;
        for j in 0..width {
            for i in j..width {
                let value = self.total[i + j * width] - self.lost[i + j * width];
                self.total[i + j * width] = value;
                self.total[j + i * width] = value;
            }
        }
        self.total
    }
}

/// Inner product with eight running sums, so that the compiler may keep them in vector registers.
#[inline]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (ca, cb) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = ca.remainder().iter().zip(cb.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in ca.zip(cb) {
        for m in 0..8 {
            sums[m] += x[m] * y[m];
        }
    }
    sums.iter().sum::<f64>() + rest
}
