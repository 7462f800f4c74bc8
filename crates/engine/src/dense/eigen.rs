//! Eigenvalues of small symmetric matrices by Jacobi's rotations: slow for large ones, accurate for tiny eigenvalues.

use super::small::identity;
use crate::stop;

/// Eigenvalues (ascending) and orthonormal eigenvectors (columns) of a symmetric column-major matrix.
pub fn symmetric(a: &[f64], k: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = a.to_vec();
    let mut v = identity(k);
    let norm = a.iter().map(|x| x * x).sum::<f64>().sqrt();
    for _sweep in 0..60 {
        let mut turned = false;
        for j in 1..k {
            stop::large(12 * j * k);
            for i in 0..j {
                turned |= rotate(&mut a, &mut v, k, i, j, norm);
            }
        }
        if !turned {
            break;
        }
    }
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&i, &j| a[i + i * k].total_cmp(&a[j + j * k]));
    let values = order.iter().map(|&i| a[i + i * k]).collect();
    let vectors = order.iter().flat_map(|&i| v[i * k..(i + 1) * k].to_vec()).collect();
    (values, vectors)
}

/// One Jacobi rotation that makes a[i, j] zero; false where it is zero up to rounding already.
fn rotate(a: &mut [f64], v: &mut [f64], k: usize, i: usize, j: usize, norm: f64) -> bool {
    let apq = a[i + j * k];
    let negligible = 1e-17 * (a[i + i * k] * a[j + j * k]).abs().sqrt();
    if apq.abs() <= negligible.max(1e-18 * norm) || !apq.is_finite() {
        return false;
    }
    let tau = (a[j + j * k] - a[i + i * k]) / (2.0 * apq);
    let t = tangent(tau);
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for m in 0..k {
        let (x, y) = (a[m + i * k], a[m + j * k]);
        a[m + i * k] = c * x - s * y;
        a[m + j * k] = s * x + c * y;
    }
    for m in 0..k {
        let (x, y) = (a[i + m * k], a[j + m * k]);
        a[i + m * k] = c * x - s * y;
        a[j + m * k] = s * x + c * y;
        let (x, y) = (v[m + i * k], v[m + j * k]);
        v[m + i * k] = c * x - s * y;
        v[m + j * k] = s * x + c * y;
    }
    a[i + j * k] = 0.0;
    a[j + i * k] = 0.0;
    true
}

/// Tangent of the smaller angle whose doubled cotangent is tau.
fn tangent(tau: f64) -> f64 {
    if tau == 0.0 { 1.0 } else { tau.signum() / (tau.abs() + tau.hypot(1.0)) }
}

/// Left singular vectors U (columns) and singular values of a square matrix A, from one-sided Jacobi on A's
/// columns: A V = U S. Small singular values keep their relative accuracy. A zero singular value leaves its column
/// of U to be completed to an orthonormal basis.
pub fn left_singular(a: &[f64], k: usize) -> (Vec<f64>, Vec<f64>) {
    let mut w = a.to_vec();
    for _sweep in 0..60 {
        let mut turned = false;
        for j in 1..k {
            stop::large(10 * j * k);
            for i in 0..j {
                let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
                for m in 0..k {
                    aa += w[m + i * k] * w[m + i * k];
                    bb += w[m + j * k] * w[m + j * k];
                    ab += w[m + i * k] * w[m + j * k];
                }
                if ab.abs() <= 1e-16 * (aa * bb).sqrt() || ab == 0.0 {
                    continue;
                }
                turned = true;
                let tau = (bb - aa) / (2.0 * ab);
                let t = tangent(tau);
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for m in 0..k {
                    let (x, y) = (w[m + i * k], w[m + j * k]);
                    w[m + i * k] = c * x - s * y;
                    w[m + j * k] = s * x + c * y;
                }
            }
        }
        if !turned {
            break;
        }
    }
    let values: Vec<f64> = (0..k).map(|j| (0..k).map(|m| w[m + j * k].powi(2)).sum::<f64>().sqrt()).collect();
    let mut done: Vec<usize> = Vec::with_capacity(k);
    for (j, &value) in values.iter().enumerate().filter(|(_, v)| **v > 0.0) {
        w[j * k..(j + 1) * k].iter_mut().for_each(|x| *x /= value);
        done.push(j);
    }
    for (j, _) in values.iter().enumerate().filter(|(_, v)| **v == 0.0) {
        complete(&mut w, k, j, &done);
        done.push(j);
    }
    (w, values)
}

/// Fill column j with a unit vector orthogonal to the columns in `done` (the best of the axes, Gram-Schmidt twice).
fn complete(w: &mut [f64], k: usize, j: usize, done: &[usize]) {
    let mut best = (0.0, vec![0.0; k]);
    for axis in 0..k {
        let mut e = vec![0.0; k];
        e[axis] = 1.0;
        for _ in 0..2 {
            for &d in done {
                let dot: f64 = (0..k).map(|m| w[m + d * k] * e[m]).sum();
                for m in 0..k {
                    e[m] -= dot * w[m + d * k];
                }
            }
        }
        let norm = e.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > best.0 {
            e.iter_mut().for_each(|x| *x /= norm);
            best = (norm, e);
        }
    }
    w[j * k..(j + 1) * k].copy_from_slice(&best.1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenpairs_reproduce_the_matrix() {
        let a = [4.0, 1.0, -2.0, 1.0, 2.0, 0.0, -2.0, 0.0, 3.0];
        let (values, v) = symmetric(&a, 3);
        assert!(values.windows(2).all(|w| w[0] <= w[1]));
        for i in 0..3 {
            for j in 0..3 {
                let sum: f64 = (0..3).map(|m| v[i + m * 3] * values[m] * v[j + m * 3]).sum();
                assert!((sum - a[i + j * 3]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn singular_values_of_a_singular_matrix() {
        // Columns (1, 2) and (2, 4): singular values 5 and 0.
        let (u, s) = left_singular(&[1.0, 2.0, 2.0, 4.0], 2);
        let (big, small) = (s[0].max(s[1]), s[0].min(s[1]));
        assert!((big - 5.0).abs() < 1e-14 && small < 1e-15);
        let dot = u[0] * u[2] + u[1] * u[3];
        assert!(dot.abs() < 1e-14 && (u[2].hypot(u[3]) - 1.0).abs() < 1e-14);
    }
}
