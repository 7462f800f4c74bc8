//! Column-major k x k kernels without allocation. `a[i + j * k]` is the element in row i and column j.

use crate::stop::{self, BIG};

/// Cholesky factor L of a symmetric matrix, in place in the lower triangle; the upper triangle is set to zero.
/// `Err(j)` names the pivot that is not positive.
#[inline]
pub fn cholesky(a: &mut [f64], k: usize) -> Result<(), usize> {
    for j in 0..k {
        if k >= BIG {
            stop::point(2 * j * (k - j));
        }
        let mut pivot = a[j + j * k];
        for m in 0..j {
            pivot -= a[j + m * k] * a[j + m * k];
        }
        if pivot.is_nan() || pivot <= 0.0 {
            return Err(j);
        }
        let root = pivot.sqrt();
        a[j + j * k] = root;
        let scale = 1.0 / root;
        for i in j + 1..k {
            let mut sum = a[i + j * k];
            for m in 0..j {
                sum -= a[i + m * k] * a[j + m * k];
            }
            a[i + j * k] = sum * scale;
            a[j + i * k] = 0.0;
        }
    }
    Ok(())
}

/// Sum of the logarithms of the diagonal, times two: the log-determinant of L L'.
#[inline]
pub fn log_determinant(l: &[f64], k: usize) -> f64 {
    2.0 * (0..k).map(|j| l[j + j * k].ln()).sum::<f64>()
}

/// Solve L x = b in place for one right-hand side.
#[inline]
pub fn solve_lower(l: &[f64], k: usize, b: &mut [f64]) {
    for j in 0..k {
        let value = b[j] / l[j + j * k];
        b[j] = value;
        for i in j + 1..k {
            b[i] -= l[i + j * k] * value;
        }
    }
}

/// Solve L' x = b in place for one right-hand side.
#[inline]
pub fn solve_lower_transpose(l: &[f64], k: usize, b: &mut [f64]) {
    for j in (0..k).rev() {
        let mut value = b[j];
        for i in j + 1..k {
            value -= l[i + j * k] * b[i];
        }
        b[j] = value / l[j + j * k];
    }
}

/// into += from, element by element.
#[inline]
pub fn add(into: &mut [f64], from: &[f64]) {
    for (a, b) in into.iter_mut().zip(from) {
        *a += b;
    }
}

/// out = a b for k x k matrices.
#[inline]
pub fn multiply(a: &[f64], b: &[f64], k: usize, out: &mut [f64]) {
    for j in 0..k {
        if k >= BIG {
            stop::point(2 * k * k);
        }
        for i in 0..k {
            let mut sum = 0.0;
            for m in 0..k {
                sum += a[i + m * k] * b[m + j * k];
            }
            out[i + j * k] = sum;
        }
    }
}

/// out = a' b for k x k matrices.
#[inline]
pub fn multiply_transpose_left(a: &[f64], b: &[f64], k: usize, out: &mut [f64]) {
    for j in 0..k {
        if k >= BIG {
            stop::point(2 * k * k);
        }
        for i in 0..k {
            let mut sum = 0.0;
            for m in 0..k {
                sum += a[m + i * k] * b[m + j * k];
            }
            out[i + j * k] = sum;
        }
    }
}

/// out = a b' for k x k matrices.
#[inline]
pub fn multiply_transpose_right(a: &[f64], b: &[f64], k: usize, out: &mut [f64]) {
    for j in 0..k {
        if k >= BIG {
            stop::point(2 * k * k);
        }
        for i in 0..k {
            let mut sum = 0.0;
            for m in 0..k {
                sum += a[i + m * k] * b[j + m * k];
            }
            out[i + j * k] = sum;
        }
    }
}

/// The mean of a k x k matrix and its transpose, in place.
pub fn symmetrise(a: &mut [f64], k: usize) {
    for j in 0..k {
        for i in 0..j {
            let mean = 0.5 * (a[i + j * k] + a[j + i * k]);
            a[i + j * k] = mean;
            a[j + i * k] = mean;
        }
    }
}

/// The identity.
pub fn identity(k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    for j in 0..k {
        out[j + j * k] = 1.0;
    }
    out
}

/// Inverse of a symmetric positive definite matrix from its factor L.
pub fn inverse_from_cholesky(l: &[f64], k: usize) -> Vec<f64> {
    let mut out = identity(k);
    for j in 0..k {
        if k >= BIG {
            stop::point(2 * k * k);
        }
        let column = &mut out[j * k..(j + 1) * k];
        solve_lower(l, k, column);
        solve_lower_transpose(l, k, column);
    }
    out
}

/// Inverse of a square matrix by Gauss-Jordan elimination with row pivoting; `None` where it is singular.
pub fn inverse(a: &[f64], k: usize) -> Option<Vec<f64>> {
    let (mut a, mut out) = (a.to_vec(), identity(k));
    for j in 0..k {
        let pivot = (j..k).max_by(|&x, &y| a[x + j * k].abs().total_cmp(&a[y + j * k].abs()))?;
        let largest = (0..k).map(|c| a[pivot + c * k].abs()).fold(0.0, f64::max);
        if a[pivot + j * k].is_nan() || a[pivot + j * k].abs() <= 1e-14 * largest {
            return None;
        }
        for c in 0..k {
            a.swap(j + c * k, pivot + c * k);
            out.swap(j + c * k, pivot + c * k);
        }
        let scale = 1.0 / a[j + j * k];
        for c in 0..k {
            a[j + c * k] *= scale;
            out[j + c * k] *= scale;
        }
        for i in (0..k).filter(|&i| i != j) {
            let factor = a[i + j * k];
            for c in 0..k {
                a[i + c * k] -= factor * a[j + c * k];
                out[i + c * k] -= factor * out[j + c * k];
            }
        }
    }
    Some(out)
}

/// The lower-triangular L with non-negative diagonal and L L' = A A', for any square A (singular too): an LQ
/// decomposition by Givens rotations of columns. Returns also the orthogonal Q with A = L Q. Where the diagonal
/// element is zero its whole column is, as in the Cholesky factor of a singular matrix.
pub fn lower_factor(a: &[f64], k: usize) -> (Vec<f64>, Vec<f64>) {
    let mut l = a.to_vec();
    let mut q = identity(k);
    // Columns whose own diagonal is zero: what they hold further down goes to the rows' own columns.
    let mut deferred: Vec<usize> = Vec::new();
    for i in 0..k {
        for j in (i + 1..k).chain(deferred.iter().copied()) {
            rotate(&mut l, &mut q, k, i, j);
        }
        let row: f64 = (0..k).map(|m| a[i + m * k] * a[i + m * k]).sum();
        if l[i + i * k].abs() <= 1e-15 * row.sqrt() {
            l[i + i * k] = 0.0;
            deferred.push(i);
        }
        if l[i + i * k] < 0.0 {
            for m in 0..k {
                l[m + i * k] = -l[m + i * k];
                q[i + m * k] = -q[i + m * k];
            }
        }
    }
    (l, q)
}

/// Rotate columns i and j of L, and rows i and j of Q, so that the element (i, j) of L becomes zero: L Q stays.
fn rotate(l: &mut [f64], q: &mut [f64], k: usize, i: usize, j: usize) {
    let (x, y) = (l[i + i * k], l[i + j * k]);
    let r = x.hypot(y);
    if y == 0.0 || r == 0.0 {
        return;
    }
    let (c, s) = (x / r, y / r);
    for m in 0..k {
        let (u, v) = (l[m + i * k], l[m + j * k]);
        l[m + i * k] = c * u + s * v;
        l[m + j * k] = c * v - s * u;
        let (u, v) = (q[i + m * k], q[j + m * k]);
        q[i + m * k] = c * u + s * v;
        q[j + m * k] = c * v - s * u;
    }
    l[i + j * k] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: &[f64], b: &[f64]) {
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() < 1e-12, "{a:?} is not {b:?}");
        }
    }

    #[test]
    fn cholesky_of_two_by_two() {
        let mut a = vec![4.0, 2.0, 2.0, 5.0];
        cholesky(&mut a, 2).unwrap();
        close(&a, &[2.0, 1.0, 0.0, 2.0]);
        assert!((log_determinant(&a, 2) - 16f64.ln()).abs() < 1e-14);
    }

    #[test]
    fn cholesky_names_the_bad_pivot() {
        let mut a = vec![1.0, 2.0, 2.0, 1.0];
        assert_eq!(cholesky(&mut a, 2), Err(1));
    }

    #[test]
    fn lower_factor_of_a_zero_row_has_a_zero_column() {
        // Slopes vary, intercepts do not: theta is (0, 0, s), not (0, s, 0).
        let (l, q) = lower_factor(&[0.0, 0.677, 0.0, 0.0], 2);
        close(&l, &[0.0, 0.0, 0.0, 0.677]);
        let mut product = vec![0.0; 4];
        multiply(&l, &q, 2, &mut product);
        close(&product, &[0.0, 0.677, 0.0, 0.0]);
    }

    #[test]
    fn lower_factor_keeps_the_product_also_when_singular() {
        let a = vec![1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 0.5, 0.0, 1.0];
        let (l, q) = lower_factor(&a, 3);
        let mut product = vec![0.0; 9];
        multiply(&l, &q, 3, &mut product);
        close(&product, &a);
        let mut orthogonal = vec![0.0; 9];
        multiply_transpose_right(&q, &q, 3, &mut orthogonal);
        close(&orthogonal, &identity(3));
        assert_eq!((l[3], l[6], l[7]), (0.0, 0.0, 0.0));
        // Two rows that vanish before two that do not.
        let mut a = vec![0.0; 16];
        for (m, value) in [(2, 0.3), (3, -0.8), (6, 0.5), (7, 0.1), (10, -0.4), (15, 0.9)] {
            a[m] = value;
        }
        let (l, q) = lower_factor(&a, 4);
        let mut product = vec![0.0; 16];
        multiply(&l, &q, 4, &mut product);
        close(&product, &a);
        assert!((0..8).all(|m| l[m] == 0.0) && l[14] == 0.0 && l[10] > 0.0 && l[15] > 0.0);
        assert!((0..3).all(|i| l[i + 3 * i] >= 0.0));
    }
}
