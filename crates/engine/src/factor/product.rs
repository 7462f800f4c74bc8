//! Products of dense column-major matrices of any shape.

use super::kernels::{self, view, view_mut};

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
    let a = if a_transposed { view(a, inner, rows, inner).transpose() } else { view(a, rows, inner, rows) };
    let b = if b_transposed { view(b, columns, inner, columns).transpose() } else { view(b, inner, columns, inner) };
    kernels::add_product(view_mut(c, rows, columns, rows), 1.0, a, b);
}
