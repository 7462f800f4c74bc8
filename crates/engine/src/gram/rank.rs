//! Which columns of X to keep: R's rule that a column is dropped when what is left of it after the earlier columns
//! is shorter than 1e-7 of its length.

use super::blocks::CHUNK;
use super::fixed::{FixedSums, dot};
use super::levels::fill;
use super::standard::{Affine, of_column};
use crate::rows::Column;
use crate::stop;

/// Share of its length that a column must have left.
const TOLERANCE: f64 = 1e-7;
/// Growth of a residual from one refinement to the next that is more than rounding.
const GROWS: f64 = 1.01;
/// How many times the rounding error of the data a column must have left.
const DIGITS: f64 = 100.0;

/// Columns kept, ascending. The Cholesky factor of X'X decides the clear cases; a column that it finds suspicious is
/// regressed on the kept ones row by row, twice, which is as exact as a QR decomposition. Where kept columns are so
/// nearly dependent that these refinements do not settle, the columns are made orthogonal one by one.
pub fn pivot_columns(x: &[Column], n: usize, weights: Option<&[f64]>) -> Vec<usize> {
    let rows = weights.map_or(n, |w| w.iter().filter(|w| **w > 0.0).count());
    let x = Standardised::of(x, weights);
    by_cholesky(&x, n, rows).unwrap_or_else(|| by_orthogonal_columns(&x, n, rows))
}

/// `None` where X'X has lost too many digits. There are at most as many columns as `rows` with a weight.
fn by_cholesky(x: &Standardised, n: usize, rows: usize) -> Option<Vec<usize>> {
    const SUSPICIOUS: f64 = 1e-8; // of squared length: well above what rounding of X'X can hide
    let p = x.columns.len();
    let gram = cross_products(x, n);
    let mut kept: Vec<usize> = Vec::with_capacity(p);
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(p); // rows of L for the kept columns
    let mut noise = 0.0f64; // the largest rounding error of a kept column, in units of its length
    for j in 0..p {
        stop::large(2 * j * j);
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
            left = residual_square(x, n, &kept, &factor, j)?;
        }
        if left.sqrt() > x.tolerance(j, noise) * length.sqrt() {
            row.push(left.sqrt());
            factor.push(row);
            kept.push(j);
            noise = noise.max(x.rounding(j));
        }
    }
    Some(kept)
}

/// Gram and Schmidt's method, each column projected twice; it needs as much memory as the kept columns.
fn by_orthogonal_columns(x: &Standardised, n: usize, rows: usize) -> Vec<usize> {
    let (mut kept, mut basis): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    let mut noise = 0.0f64;
    for j in 0..x.columns.len() {
        let mut left = vec![0.0; n];
        x.fill(j, 0, &mut left);
        let length = dot(&left, &left).sqrt();
        for q in basis.iter().chain(&basis) {
            let share = dot(q, &left);
            left.iter_mut().zip(q).for_each(|(l, q)| *l -= share * q);
        }
        let rest = dot(&left, &left).sqrt();
        if rest > x.tolerance(j, noise) * length && kept.len() < rows {
            left.iter_mut().for_each(|l| *l /= rest);
            basis.push(left);
            kept.push(j);
            noise = noise.max(x.rounding(j));
        }
    }
    kept
}

/// Columns with their weights, in units of their length; those that follow a column of ones about their mean.
struct Standardised<'a> {
    columns: &'a [Column<'a>],
    affine: Vec<Affine>,
    weights: Option<&'a [f64]>,
}

impl<'a> Standardised<'a> {
    fn of(columns: &'a [Column<'a>], weights: Option<&'a [f64]>) -> Self {
        let ones = columns.iter().position(|c| matches!(c, Column::Ones)).unwrap_or(columns.len());
        let affine = columns.iter().enumerate().map(|(j, c)| usable(of_column(c, j > ones))).collect();
        Self { columns, affine, weights }
    }

    fn fill(&self, j: usize, start: usize, out: &mut [f64]) {
        let weights = self.weights.map(|w| &w[start..start + out.len()]);
        fill(out, &self.columns[j], self.affine[j], start, weights);
    }

    /// Share of its length that column j must have left beside kept ones of this rounding error.
    fn tolerance(&self, j: usize, noise: f64) -> f64 {
        TOLERANCE.max(DIGITS * noise.max(self.rounding(j)))
    }

    /// Rounding error of the values of a column in units of its length.
    fn rounding(&self, j: usize) -> f64 {
        f64::EPSILON * (self.affine[j].shift * self.affine[j].scale).abs()
    }
}

/// A column whose squares do not fit into a double is taken as it is; the fit will say so.
fn usable(affine: Affine) -> Affine {
    if affine.is_finite() && affine.scale > 0.0 { affine } else { Affine::NONE }
}

fn cross_products(x: &Standardised, n: usize) -> Vec<f64> {
    let p = x.columns.len();
    let mut sums = FixedSums::new(p);
    let mut buffer = vec![0.0; p * CHUNK.min(n)];
    let mut start = 0;
    while start < n {
        let m = CHUNK.min(n - start);
        stop::point(m * p * (p + 2));
        for j in 0..p {
            x.fill(j, start, &mut buffer[j * m..(j + 1) * m]);
        }
        sums.add_chunk(&buffer[..p * m], m);
        start += m;
    }
    sums.finish()
}

/// Squared length of column j after regression on the kept columns, with two steps of iterative refinement; `None` where
/// they do not settle.
fn residual_square(x: &Standardised, n: usize, kept: &[usize], factor: &[Vec<f64>], j: usize) -> Option<f64> {
    let column = |i: usize| {
        stop::point(4 * n);
        let mut out = vec![0.0; n];
        x.fill(i, 0, &mut out);
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
    fn units_and_origins_do_not_matter() {
        let a: Vec<f64> = (0..50).map(|i| (i as f64).sin()).collect();
        let far: Vec<f64> = a.iter().map(|v| 1e9 + v).collect();
        let twice: Vec<f64> = far.iter().map(|v| 2.0 * v).collect();
        let large: Vec<f64> = (0..50).map(|i| 1e15 * (i as f64 * 0.7).cos()).collect();
        let constant: Vec<f64> = (0..50).map(|i| if i % 2 == 0 { 0.1 * 3.0 } else { 0.3 }).collect();
        let x = [
            Column::Ones,
            Column::Values(&far),
            Column::Values(&twice),
            Column::Values(&large),
            Column::Values(&constant),
        ];
        assert_eq!(pivot_columns(&x, 50, None), vec![0, 1, 3]);
    }

    #[test]
    fn a_column_of_zeros_goes() {
        let zero = vec![0.0; 9];
        assert_eq!(pivot_columns(&[Column::Values(&zero), Column::Ones], 9, None), vec![1]);
    }
}
