//! Products of dense column-major matrices of any shape.

use super::kernels::{self, view, view_mut};

/// Most multiplications done at once.
const MOST: usize = 1 << 28;

/// C += A B for C of `rows x columns`; a matrix that is marked comes transposed.
pub(crate) fn add_product(
    c: &mut [f64],
    (a, a_transposed): (&[f64], bool),
    (b, b_transposed): (&[f64], bool),
    (rows, inner, columns): (usize, usize, usize),
) {
    if rows == 0 || inner == 0 || columns == 0 {
        return;
    }
    // A few columns at a time, so that one of many and long ones can be stopped.
    let some = (MOST / (rows * inner)).clamp(64, columns.max(64));
    for from in (0..columns).step_by(some) {
        let count = some.min(columns - from);
        let c = &mut c[from * rows..(from + count) * rows];
        multiply(c, (a, a_transposed), (b, b_transposed), (rows, inner, columns), (from, count));
    }
}

/// The same for `count` columns of B and C, from column `from` on.
fn multiply(
    c: &mut [f64],
    (a, a_transposed): (&[f64], bool),
    (b, b_transposed): (&[f64], bool),
    (rows, inner, columns): (usize, usize, usize),
    (from, count): (usize, usize),
) {
    let a = if a_transposed { view(a, inner, rows, inner).transpose() } else { view(a, rows, inner, rows) };
    let b = if b_transposed { view(b, columns, inner, columns).transpose() } else { view(b, inner, columns, inner) };
    kernels::add_product(view_mut(c, rows, count, rows), 1.0, a, b.subcols(from, count));
}
