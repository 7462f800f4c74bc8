//! Eigenvalues of symmetric matrices through a tridiagonal one: Householder's reduction, then QL with implicit shifts
//! (Golub and Van Loan 2013, sections 8.3.1 and 8.3.3). Errors are rounding beside the largest eigenvalue, where Jacobi's
//! rotations (`eigen`) are right to the digits of small ones, at many times the cost from some twenty rows on.

use super::small::identity;
use crate::stop;

/// Steps for one eigenvalue; two or three are usual.
const MOST_STEPS: usize = 60;

/// Eigenvalues (ascending) and orthonormal eigenvectors (columns) of a symmetric column-major matrix; `None` where a
/// number is not finite.
pub(crate) fn symmetric(a: &[f64], k: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let (mut d, mut e, mut v) = reduced(a.to_vec(), k);
    for l in 0..k {
        stop::large(30 * k * k);
        for _ in 0..MOST_STEPS {
            // The block that begins at l ends where an element beside the diagonal is rounding.
            let m = (l..k - 1).find(|&m| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs())).unwrap_or(k - 1);
            if m == l {
                break;
            }
            implicit_step(&mut d, &mut e, &mut v, k, l, m);
        }
    }
    if !d.iter().chain(&v).all(|value| value.is_finite()) {
        return None;
    }
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&i, &j| d[i].total_cmp(&d[j]));
    let vectors = order.iter().flat_map(|&i| v[i * k..(i + 1) * k].to_vec()).collect();
    Some((order.iter().map(|&i| d[i]).collect(), vectors))
}

/// Diagonal, the elements below it, and the orthogonal Q of A = Q T Q'.
fn reduced(mut a: Vec<f64>, k: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut q, mut e) = (identity(k), vec![0.0; k]);
    for j in 0..k.saturating_sub(2) {
        stop::large(8 * (k - j) * k);
        // Reflect rows j + 1.. of column j onto its first element.
        let mut w: Vec<f64> = (j + 1..k).map(|i| a[i + j * k]).collect();
        let rest = w[1..].iter().map(|x| x * x).sum::<f64>();
        if rest == 0.0 {
            e[j] = w[0];
            continue;
        }
        let length = (w[0] * w[0] + rest).sqrt();
        let to = if w[0] > 0.0 { -length } else { length };
        w[0] -= to;
        let beta = 2.0 / (w[0] * w[0] + rest);
        e[j] = to;
        // A <- A - w u' - u w' with p = beta A w, u = p - (beta p'w / 2) w.
        let block = |i: usize, m: usize| (i + j + 1) + (m + j + 1) * k;
        let size = w.len();
        let mut p = vec![0.0; size];
        for (m, wm) in w.iter().enumerate() {
            for (i, p) in p.iter_mut().enumerate() {
                *p += beta * a[block(i, m)] * wm;
            }
        }
        let half = 0.5 * beta * p.iter().zip(&w).map(|(p, w)| p * w).sum::<f64>();
        p.iter_mut().zip(&w).for_each(|(p, w)| *p -= half * w);
        for m in 0..size {
            for i in 0..size {
                a[block(i, m)] -= w[i] * p[m] + p[i] * w[m];
            }
        }
        // Q <- Q (I - beta w w').
        let mut qw = vec![0.0; k];
        for (m, wm) in w.iter().enumerate() {
            let column = &q[(m + j + 1) * k..(m + j + 2) * k];
            qw.iter_mut().zip(column).for_each(|(o, c)| *o += beta * c * wm);
        }
        for (m, wm) in w.iter().enumerate() {
            let column = &mut q[(m + j + 1) * k..(m + j + 2) * k];
            column.iter_mut().zip(&qw).for_each(|(c, o)| *c -= o * wm);
        }
    }
    if k > 1 {
        e[k - 2] = a[k - 1 + (k - 2) * k];
    }
    ((0..k).map(|i| a[i + i * k]).collect(), e, q)
}

/// One QL step with Wilkinson's shift on the block l..=m.
fn implicit_step(d: &mut [f64], e: &mut [f64], v: &mut [f64], k: usize, l: usize, m: usize) {
    let theta = (d[l + 1] - d[l]) / (2.0 * e[l]);
    let root = theta.hypot(1.0);
    let shift = d[l] - e[l] / (theta + if theta < 0.0 { -root } else { root });
    let mut g = d[m] - shift;
    let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (s * e[i], c * e[i]);
        let r = f.hypot(g);
        e[i + 1] = r;
        if r == 0.0 {
            // The block falls apart here.
            d[i + 1] -= p;
            e[m] = 0.0;
            return;
        }
        (s, c) = (f / r, g / r);
        g = d[i + 1] - p;
        let r = (d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        let (left, right) = v.split_at_mut((i + 1) * k);
        for (x, y) in left[i * k..].iter_mut().zip(&mut right[..k]) {
            let old = *y;
            *y = s * *x + c * old;
            *x = c * *x - s * old;
        }
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix with given eigenvalues: reflections of a diagonal.
    fn matrix(values: &[f64]) -> Vec<f64> {
        let k = values.len();
        let mut a: Vec<f64> = (0..k * k).map(|m| if m % k == m / k { values[m % k] } else { 0.0 }).collect();
        for turn in 1..4 {
            let w: Vec<f64> = (0..k).map(|i| ((i * turn + 1) as f64).sin()).collect();
            let scale = 2.0 / w.iter().map(|x| x * x).sum::<f64>();
            let aw: Vec<f64> = (0..k).map(|i| (0..k).map(|j| a[i + j * k] * w[j]).sum::<f64>() * scale).collect();
            let waw = aw.iter().zip(&w).map(|(x, y)| x * y).sum::<f64>() * scale;
            for j in 0..k {
                for i in 0..k {
                    a[i + j * k] += waw * w[i] * w[j] - aw[i] * w[j] - w[i] * aw[j];
                }
            }
        }
        a
    }

    #[test]
    fn eigenpairs_are_those_of_the_matrix() {
        for k in [1usize, 2, 3, 17, 40, 79] {
            let spread: Vec<f64> =
                (0..k).map(|i| 10f64.powi(i as i32 % 12 - 11) * if i % 5 == 0 { -1.0 } else { 1.0 }).collect();
            for mut values in [spread, vec![2.0; k], vec![0.0; k], (0..k).map(|i| (i / 3) as f64).collect()] {
                let a = matrix(&values);
                let (found, v) = symmetric(&a, k).unwrap();
                values.sort_by(f64::total_cmp);
                let size = values.iter().fold(1e-300f64, |m, x| m.max(x.abs()));
                for (x, y) in found.iter().zip(&values) {
                    assert!((x - y).abs() < 1e-13 * size, "{k}: {x} {y}");
                }
                for j in 0..k {
                    for i in 0..k {
                        let dot: f64 = (0..k).map(|m| v[m + i * k] * v[m + j * k]).sum();
                        assert!((dot - f64::from(i == j)).abs() < 1e-13, "{k}: {dot}");
                        let back: f64 = (0..k).map(|m| v[i + m * k] * found[m] * v[j + m * k]).sum();
                        assert!((back - a[i + j * k]).abs() < 1e-13 * size, "{k}");
                    }
                }
            }
        }
        assert!(symmetric(&[f64::NAN; 9], 3).is_none());
    }
}
