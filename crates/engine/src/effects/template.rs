//! The covariance template of a grouping factor at one point, in coordinates that stay exact on the boundary.

use crate::dense::eigen::left_singular;
use crate::dense::small::{multiply, multiply_transpose_right, symmetrise};

/// Singular values are never smaller than this: Sigma moves by 1e-20, but T has an inverse, so that the score
/// matrix D can be had on the null space of Sigma too.
const FLOOR: f64 = 1e-10;

/// T of one factor, replaced by U S of its singular value decomposition. Criterion, b and D depend on T T' alone,
/// and column j of everything that is proportional to U S carries the factor s_j with full relative accuracy, so
/// dividing by s_j loses nothing (which dividing by a triangular T would).
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub k: usize,
    /// U S, column-major.
    pub t: Vec<f64>,
    /// The transposed inverse of `t`: U S^-1.
    pub inverse_transpose: Vec<f64>,
    u: Vec<f64>,
    s: Vec<f64>,
}

impl Template {
    pub(crate) fn of(t: &[f64], k: usize) -> Self {
        let (u, mut s) = left_singular(t, k);
        for value in &mut s {
            *value = value.max(FLOOR);
        }
        let (mut scaled, mut inverse_transpose) = (u.clone(), u.clone());
        for j in 0..k {
            for i in 0..k {
                scaled[i + j * k] *= s[j];
                inverse_transpose[i + j * k] /= s[j];
            }
        }
        Self { k, t: scaled, inverse_transpose, u, s }
    }

    /// T as it is, for an elimination in the user's own u: its inverse and its decomposition, which scores alone use,
    /// are left out.
    pub(crate) fn exact(t: &[f64], k: usize) -> Self {
        Self { k, t: t.to_vec(), inverse_transpose: Vec::new(), u: Vec::new(), s: Vec::new() }
    }

    /// D from D (U S): scale the columns back and turn them by U'; the result is made symmetric.
    pub(crate) fn score_matrix(&self, d_us: &[f64]) -> Vec<f64> {
        let k = self.k;
        let mut columns = d_us.to_vec();
        for j in 0..k {
            for i in 0..k {
                columns[i + j * k] /= self.s[j];
            }
        }
        let mut d = vec![0.0; k * k];
        multiply_transpose_right(&columns, &self.u, k, &mut d);
        symmetrise(&mut d, k);
        d
    }
}

impl Template {
    /// sum over levels of [Z'V^-1 Z]_ll from that of the blocks of H^-1, since T'[Z'V^-1 Z]_ll T = I - [H^-1]_ll.
    /// `None` where T is so small that the difference would have lost its digits.
    pub(crate) fn score_by_inverse_blocks(&self, levels: usize, sum: &[f64]) -> Option<Vec<f64>> {
        const LEAST: f64 = 1e-3;
        let k = self.k;
        if self.s.iter().any(|&s| s < LEAST) {
            return None;
        }
        let mut inner: Vec<f64> = sum.iter().map(|v| -v).collect();
        for j in 0..k {
            inner[j + j * k] += levels as f64;
        }
        let (mut half, mut out) = (vec![0.0; k * k], vec![0.0; k * k]);
        multiply(&self.inverse_transpose, &inner, k, &mut half);
        multiply_transpose_right(&half, &self.inverse_transpose, k, &mut out);
        Some(out)
    }
}

/// dT T' + T dT', k x k: the derivative of Sigma along dT.
pub(crate) fn sigma_direction(t: &[f64], dt: &[f64], k: usize) -> Vec<f64> {
    // dT has few elements, as a rule: of many effects most terms would be zero.
    let mut half = vec![0.0; k * k];
    for (m, column) in dt.chunks_exact(k).enumerate() {
        for (i, &value) in column.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            (0..k).for_each(|j| half[i + j * k] += value * t[j + m * k]);
        }
    }
    let mut out = half.clone();
    for j in 0..k {
        for i in 0..k {
            out[i + j * k] += half[j + i * k];
        }
    }
    out
}

/// <A, D B> = tr(A' D B) for k x k matrices, of which A has few elements.
pub(crate) fn inner(a: &[f64], d: &[f64], b: &[f64], k: usize) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.chunks_exact(k).zip(b.chunks_exact(k)) {
        for (i, value) in a.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            sum += value * b.iter().enumerate().fold(0.0, |sum, (m, b)| sum + d[i + m * k] * b);
        }
    }
    sum
}
