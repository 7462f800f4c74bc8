//! Which columns of X to keep: R's rule that a column is dropped when what is left of it after the earlier columns
//! is shorter than 1e-7 of its length.

use super::blocks::CHUNK;
use super::fixed::{FixedSums, dot};
use super::levels::fill;
use super::standard::Affine;
use crate::rows::Column;

/// A column whose length falls below this share when the columns before it are taken out is a combination of them.
const TOLERANCE: f64 = 1e-7;
/// Growth of a residual from one refinement to the next that is more than rounding.
const GROWS: f64 = 1.01;

/// Columns kept, ascending. The Cholesky factor of X'X decides the clear cases; a column that it finds suspicious is
/// regressed on the kept ones row by row, twice, which is as exact as a QR decomposition. Where kept columns are so
/// nearly dependent that these refinements do not settle, the columns are made orthogonal one by one.
pub fn pivot_columns(x: &[Column], n: usize, weights: Option<&[f64]>) -> Vec<usize> {
    let rows = weights.map_or(n, |w| w.iter().filter(|w| **w > 0.0).count());
    by_cholesky(x, n, rows, weights).unwrap_or_else(|| by_orthogonal_columns(x, n, rows, weights))
}

/// `None` where X'X has lost too many digits. There are at most as many columns as `rows` with a weight.
fn by_cholesky(x: &[Column], n: usize, rows: usize, weights: Option<&[f64]>) -> Option<Vec<usize>> {
    const SUSPICIOUS: f64 = 1e-8; // of squared length: well above what rounding of X'X can hide
    let p = x.len();
    let gram = cross_products(x, n, weights);
    let mut kept: Vec<usize> = Vec::with_capacity(p);
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(p); // rows of L for the kept columns
    for j in 0..p {
        let length = gram[j + j * p];
        if length <= 0.0 || kept.len() == rows {
            continue;
        }
        let mut row = Vec::with_capacity(kept.len() + 1);
        for (m, &i) in kept.iter().enumerate() {
            let sum: f64 = (0..m).map(|l| row[l] * factor[m][l]).sum();
            row.push((gram[i + j * p] - sum) / factor[m][m]);
        }
        let mut left = length - row.iter().map(|v| v * v).sum::<f64>();
        if left < SUSPICIOUS * length {
            left = residual_square(x, n, weights, &kept, &factor, j)?;
        }
        if left.sqrt() > TOLERANCE * length.sqrt() {
            row.push(left.sqrt());
            factor.push(row);
            kept.push(j);
        }
    }
    Some(kept)
}

/// Gram and Schmidt's method, each column projected twice; it needs as much memory as the kept columns.
fn by_orthogonal_columns(x: &[Column], n: usize, rows: usize, weights: Option<&[f64]>) -> Vec<usize> {
    let (mut kept, mut basis): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    for (j, column) in x.iter().enumerate() {
        let mut left = vec![0.0; n];
        fill(&mut left, column, PLAIN, 0, weights);
        let length = dot(&left, &left).sqrt();
        for q in basis.iter().chain(&basis) {
            let share = dot(q, &left);
            left.iter_mut().zip(q).for_each(|(l, q)| *l -= share * q);
        }
        let rest = dot(&left, &left).sqrt();
        if rest > TOLERANCE * length && kept.len() < rows {
            left.iter_mut().for_each(|l| *l /= rest);
            basis.push(left);
            kept.push(j);
        }
    }
    kept
}

const PLAIN: Affine = Affine { shift: 0.0, scale: 1.0 };

fn cross_products(x: &[Column], n: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let p = x.len();
    let mut sums = FixedSums::new(p);
    let mut buffer = vec![0.0; p * CHUNK.min(n)];
    let mut start = 0;
    while start < n {
        let m = CHUNK.min(n - start);
        for (j, column) in x.iter().enumerate() {
            fill(&mut buffer[j * m..(j + 1) * m], column, PLAIN, start, weights.map(|w| &w[start..start + m]));
        }
        sums.add_chunk(&buffer[..p * m], m);
        start += m;
    }
    sums.finish()
}

/// Squared length of column j after regression on the kept columns, with two steps of iterative refinement; `None` where
/// they do not settle.
fn residual_square(
    x: &[Column],
    n: usize,
    weights: Option<&[f64]>,
    kept: &[usize],
    factor: &[Vec<f64>],
    j: usize,
) -> Option<f64> {
    let column = |i: usize| {
        let mut out = vec![0.0; n];
        fill(&mut out, &x[i], PLAIN, 0, weights);
        out
    };
    let mut residual = column(j);
    let mut square = dot(&residual, &residual);
    for _ in 0..3 {
        let mut c: Vec<f64> = kept.iter().map(|&i| dot(&column(i), &residual)).collect();
        for m in 0..c.len() {
            let sum: f64 = (0..m).map(|l| factor[m][l] * c[l]).sum();
            c[m] = (c[m] - sum) / factor[m][m];
        }
        for m in (0..c.len()).rev() {
            let sum: f64 = (m + 1..c.len()).map(|l| factor[l][m] * c[l]).sum();
            c[m] = (c[m] - sum) / factor[m][m];
        }
        for (&i, coefficient) in kept.iter().zip(&c) {
            for (r, v) in residual.iter_mut().zip(column(i)) {
                *r -= coefficient * v;
            }
        }
        let last = std::mem::replace(&mut square, dot(&residual, &residual));
        if square > GROWS * last {
            return None;
        }
    }
    Some(square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_later_of_two_collinear_columns() {
        let a: Vec<f64> = (0..50).map(|i| (i as f64).sin()).collect();
        let b: Vec<f64> = (0..50).map(|i| (i as f64 * 0.7).cos()).collect();
        let c: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 3.0 * a - 2.0 * b + 1.0).collect();
        let d: Vec<f64> = c.iter().enumerate().map(|(i, c)| c + 1e-5 * (i as f64 * 1.3).sin()).collect();
        let x = [Column::Ones, Column::Values(&a), Column::Values(&b), Column::Values(&c), Column::Values(&d)];
        assert_eq!(pivot_columns(&x, 50, None), vec![0, 1, 2, 4]);
    }

    /// Powers 0 to 30 of 20 values, of which R's `qr(outer(x, 0:30, "^"))` keeps these.
    #[test]
    fn nearly_dependent_columns_are_no_more_than_the_rank() {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i) / 19.0).collect();
        let powers: Vec<Vec<f64>> = (0..31).map(|k| x.iter().map(|x| x.powi(k)).collect()).collect();
        let columns: Vec<Column> = powers.iter().map(|v| Column::Values(v)).collect();
        assert_eq!(pivot_columns(&columns, 20, None), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 19, 23, 28]);
    }

    #[test]
    fn a_column_of_zeros_goes() {
        let zero = vec![0.0; 9];
        assert_eq!(pivot_columns(&[Column::Values(&zero), Column::Ones], 9, None), vec![1]);
    }
}
