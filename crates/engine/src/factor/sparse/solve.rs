//! Solves with a factor: all supernodes forward, then all of them backward.

use super::super::kernels::{self, view, view_mut};
use super::Sparse;
use crate::stop;
use rayon::prelude::*;

/// Right-hand sides handled by one task; fixed, so that threads do not change rounding.
const RHS_CHUNK: usize = 32;

/// Columns from which a supernode calls dense kernels.
const WIDE: usize = 8;

impl Sparse {
    /// `X := L^-1 P X` for column-major `X` of `n x columns`, `P` the permutation to
    /// elimination order.
    ///
    /// The result is in elimination order. Inner products of such results are
    /// `(L^-1 P x)' (L^-1 P y) = x' A^-1 y`, whatever that order is.
    pub fn solve_lower(&self, rhs: &mut [f64], columns: usize) {
        self.each_rhs_chunk(rhs, columns, |rhs, columns| {
            let mut x = self.gather(rhs, columns);
            self.forward(&mut x, columns);
            transpose(&x, rhs, columns);
        });
    }

    /// `X := P' L^-T X`: takes `X` in elimination order, as `solve_lower` leaves it, and
    /// returns it as the caller numbers rows.
    pub fn solve_lower_transpose(&self, rhs: &mut [f64], columns: usize) {
        self.each_rhs_chunk(rhs, columns, |rhs, columns| {
            let mut x = vec![0.0; rhs.len()];
            transpose(rhs, &mut x, rhs.len() / columns);
            self.backward(&mut x, columns);
            self.scatter(&x, rhs, columns);
        });
    }

    /// `X := A^-1 X` for column-major `X` of `n x columns`.
    pub fn solve(&self, rhs: &mut [f64], columns: usize) {
        self.each_rhs_chunk(rhs, columns, |rhs, columns| {
            let mut x = self.gather(rhs, columns);
            self.forward(&mut x, columns);
            self.backward(&mut x, columns);
            self.scatter(&x, rhs, columns);
        });
    }

    /// `X := L^-1 X`, `X` row by row in elimination order.
    fn forward(&self, x: &mut [f64], columns: usize) {
        let symbolic = &*self.symbolic;
        let mut y = Vec::new();
        for s in 0..symbolic.supernodes() {
            let (w, r) = symbolic.shape(s);
            stop::large(2 * w * (w + r) * columns);
            let (m, rows, first) = (w + r, symbolic.rows_of(s), symbolic.start[s] as usize);
            let block = &self.values[symbolic.value_ptr[s]..symbolic.value_ptr[s + 1]];
            let (own, later) = x[first * columns..].split_at_mut(w * columns);
            let later_start = first + w;
            if w < WIDE {
                for k in 0..w {
                    let column = &block[k * m..(k + 1) * m];
                    let (xk, rest) = own[k * columns..].split_at_mut(columns);
                    xk.iter_mut().for_each(|v| *v /= column[k]);
                    for (xi, l) in rest.chunks_exact_mut(columns).zip(&column[k + 1..w]) {
                        subtract_scaled(xi, *l, xk);
                    }
                    for (&i, l) in rows.iter().zip(&column[w..]) {
                        let at = (i as usize - later_start) * columns;
                        subtract_scaled(&mut later[at..at + columns], *l, xk);
                    }
                }
                continue;
            }
            let l = view(block, m, w, m);
            let own = view_mut(own, columns, w, columns);
            let mut own = own.transpose_mut();
            kernels::solve_lower(l.subrows(0, w), own.as_mut());
            y.clear();
            y.resize(r * columns, 0.0);
            let product = view_mut(&mut y, columns, r, columns).transpose_mut();
            kernels::add_product(product, 1.0, l.subrows(w, r), own.as_ref());
            for (&i, y) in rows.iter().zip(y.chunks_exact(columns)) {
                let at = (i as usize - later_start) * columns;
                subtract_scaled(&mut later[at..at + columns], 1.0, y);
            }
        }
    }

    /// `X := L^-T X`, `X` row by row in elimination order.
    fn backward(&self, x: &mut [f64], columns: usize) {
        let symbolic = &*self.symbolic;
        let mut y = Vec::new();
        for s in (0..symbolic.supernodes()).rev() {
            let (w, r) = symbolic.shape(s);
            stop::large(2 * w * (w + r) * columns);
            let (m, rows, first) = (w + r, symbolic.rows_of(s), symbolic.start[s] as usize);
            let block = &self.values[symbolic.value_ptr[s]..symbolic.value_ptr[s + 1]];
            let (own, later) = x[first * columns..].split_at_mut(w * columns);
            let later_start = first + w;
            if w < WIDE {
                for k in (0..w).rev() {
                    let column = &block[k * m..(k + 1) * m];
                    let (xk, rest) = own[k * columns..].split_at_mut(columns);
                    for (xi, l) in rest.chunks_exact(columns).zip(&column[k + 1..w]) {
                        subtract_scaled(xk, *l, xi);
                    }
                    for (&i, l) in rows.iter().zip(&column[w..]) {
                        let at = (i as usize - later_start) * columns;
                        subtract_scaled(xk, *l, &later[at..at + columns]);
                    }
                    xk.iter_mut().for_each(|v| *v /= column[k]);
                }
                continue;
            }
            let l = view(block, m, w, m);
            y.clear();
            for &i in rows {
                let at = (i as usize - later_start) * columns;
                y.extend_from_slice(&later[at..at + columns]);
            }
            let mut own = view_mut(own, columns, w, columns).transpose_mut();
            let y = view(&y, columns, r, columns).transpose();
            kernels::add_product(own.as_mut(), -1.0, l.subrows(w, r).transpose(), y);
            kernels::solve_lower_transpose(l.subrows(0, w), own);
        }
    }

    /// Rows in elimination order, row by row.
    fn gather(&self, rhs: &[f64], columns: usize) -> Vec<f64> {
        let n = self.symbolic.n;
        let row = |&i: &u32| (0..columns).map(move |c| rhs[c * n + i as usize]);
        self.symbolic.order.iter().flat_map(row).collect()
    }

    /// Undoes [`gather`](Self::gather).
    fn scatter(&self, x: &[f64], rhs: &mut [f64], columns: usize) {
        let n = self.symbolic.n;
        for (row, &i) in x.chunks_exact(columns).zip(&self.symbolic.order) {
            row.iter().enumerate().for_each(|(c, v)| rhs[c * n + i as usize] = *v);
        }
    }

    fn each_rhs_chunk(&self, rhs: &mut [f64], columns: usize, task: impl Fn(&mut [f64], usize) + Sync) {
        let n = self.symbolic.n;
        if n == 0 || columns == 0 {
            return;
        }
        let rhs = &mut rhs[..n * columns];
        let task = |chunk: &mut [f64]| task(chunk, chunk.len() / n);
        if columns <= RHS_CHUNK || rayon::current_num_threads() == 1 {
            rhs.chunks_mut(n * RHS_CHUNK).for_each(task);
        } else {
            rhs.par_chunks_mut(n * RHS_CHUNK).with_max_len(1).for_each(task);
        }
    }
}

#[inline]
fn subtract_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y -= a * x);
}

/// `to := from'`, where `from` has rows of `columns` numbers one after another.
fn transpose(from: &[f64], to: &mut [f64], columns: usize) {
    let rows = from.len() / columns;
    for (i, row) in from.chunks_exact(columns).enumerate() {
        row.iter().enumerate().for_each(|(c, v)| to[c * rows + i] = *v);
    }
}
