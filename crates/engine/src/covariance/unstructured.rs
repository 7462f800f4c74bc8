//! Any covariance matrix: phi is the column-major lower triangle of T, as lme4's theta. Signs are free; a fit is
//! reported with non-negative diagonals.

use super::Structure;
use crate::dense::small::lower_factor;

pub struct Unstructured;

/// Row and column of parameter m.
fn position(m: usize, k: usize) -> (usize, usize) {
    let (mut column, mut left) = (0, m);
    while left >= k - column {
        left -= k - column;
        column += 1;
    }
    (column + left, column)
}

impl Structure for Unstructured {
    fn parameters(&self, k: usize) -> usize {
        k * (k + 1) / 2
    }

    fn template(&self, phi: &[f64], k: usize, out: &mut [f64]) {
        out.fill(0.0);
        let mut values = phi.iter();
        for j in 0..k {
            for i in j..k {
                out[i + j * k] = values.next().copied().unwrap_or(0.0);
            }
        }
    }

    fn derivative(&self, _phi: &[f64], m: usize, k: usize, out: &mut [f64]) {
        out.fill(0.0);
        let (i, j) = position(m, k);
        out[i + j * k] = 1.0;
    }

    fn second_derivative(&self, _phi: &[f64], _l: usize, _m: usize, _k: usize, _out: &mut [f64]) -> bool {
        false
    }

    fn parameters_of(&self, t: &[f64], k: usize) -> Vec<f64> {
        let (l, _) = lower_factor(t, k);
        (0..k).flat_map(|j| (j..k).map(move |i| (i, j))).map(|(i, j)| l[i + j * k]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn theta_is_the_column_major_lower_triangle() {
        let mut t = [0.0; 9];
        Unstructured.template(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, &mut t);
        assert_eq!(t, [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 0.0, 0.0, 6.0]);
        assert_eq!(Unstructured.parameters_of(&t, 3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut d = [0.0; 9];
        Unstructured.derivative(&[0.0; 6], 4, 3, &mut d);
        assert_eq!(d.iter().position(|&v| v == 1.0), Some(2 + 3));
    }
}
