//! Dense work on one front: eliminate its columns, or invert them.
//!
//! A front is a block of factor columns, `m x w` with the `w x w` triangle on top, and a
//! symmetric `r x r` matrix `U` (or `Z`), `m = w + r`, both column-major. Small fronts take
//! plain loops. Large ones are cut into blocks that depend on shapes alone and run under
//! `rayon::join`, so the result does not depend on the number of threads.

use super::super::fronts_small;
use super::super::kernels::{self, view, view_mut};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{MatMut, MatRef};

/// Fronts with at most this many columns and rows take plain loops.
const SMALL_WIDTH: usize = 32;
const SMALL_HEIGHT: usize = 64;

/// Columns eliminated or inverted at once.
const PANEL: usize = 128;

/// Side of the blocks of one task.
const BLOCK: usize = 256;

fn is_small(w: usize, r: usize) -> bool {
    w <= SMALL_WIDTH && w + r <= SMALL_HEIGHT
}

/// Scratch that [`invert`] needs.
pub(super) fn scratch(w: usize, r: usize) -> usize {
    if is_small(w, r) {
        return w + r;
    }
    let panel = w.min(PANEL);
    (w + r) * panel
}

/// Eliminates the columns: `[L_J; L_R] L_J' = [A_J; A_R]`, `U := U - L_R L_R'` (lower).
///
/// # Errors
/// The column of the first pivot that is not positive.
pub(super) fn eliminate(l: &mut [f64], u: &mut [f64], w: usize, r: usize) -> Result<(), usize> {
    let m = w + r;
    if is_small(w, r) {
        return fronts_small::eliminate(l, u, w, r);
    }
    eliminate_columns(view_mut(l, m, w, m))?;
    if r > 0 {
        let below = view(l, m, w, m).subrows(w, r);
        subtract_outer(view_mut(u, r, r, r), below, below, true);
    }
    Ok(())
}

/// Recursive halves: the products, which are most of the work, get as deep as they can.
fn eliminate_columns(mut a: MatMut<'_, f64>) -> Result<(), usize> {
    let (m, w) = (a.nrows(), a.ncols());
    if w <= PANEL {
        let (mut diagonal, below) = a.split_at_row_mut(w);
        kernels::cholesky(diagonal.rb_mut())?;
        divide_rows(below, diagonal.rb());
        return Ok(());
    }
    let half = (w / 2).next_multiple_of(64);
    let (mut left, right) = a.rb_mut().split_at_col_mut(half);
    eliminate_columns(left.rb_mut())?;
    let below = left.rb().subrows(half, m - half);
    let mut right = right.subrows_mut(half, m - half);
    subtract_outer(right.rb_mut(), below, below.subrows(0, w - half), true);
    eliminate_columns(right).map_err(|k| half + k)
}

/// `C := C - A B'`, by blocks; of a `trapezoid` only what lies on and below the diagonal.
fn subtract_outer(c: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>, trapezoid: bool) {
    let (rows, columns) = (c.nrows(), c.ncols());
    if rows == 0 || columns == 0 {
        return;
    }
    if columns > BLOCK && (trapezoid || columns >= rows) {
        let half = middle(columns);
        let (left, right) = c.split_at_col_mut(half);
        let (b_left, b_right) = b.split_at_row(half);
        // Rows above the diagonal of the right half are not touched.
        let skip = if trapezoid { half } else { 0 };
        let right = right.subrows_mut(skip, rows - skip);
        let a_right = a.subrows(skip, rows - skip);
        join(|| subtract_outer(left, a, b_left, trapezoid), || subtract_outer(right, a_right, b_right, trapezoid));
    } else if trapezoid {
        let (top, bottom) = c.split_at_row_mut(columns);
        let (a_top, a_bottom) = a.split_at_row(columns);
        join(|| kernels::add_square(top, -1.0, a_top), || subtract_outer(bottom, a_bottom, b, false));
    } else if rows > BLOCK {
        let half = middle(rows);
        let (upper, lower) = c.split_at_row_mut(half);
        let (a_upper, a_lower) = a.split_at_row(half);
        join(|| subtract_outer(upper, a_upper, b, false), || subtract_outer(lower, a_lower, b, false));
    } else {
        kernels::add_product(c, -1.0, a, b.transpose());
    }
}

/// Replaces the factor columns by those of the inverse, given the lower triangle of `Z`, the
/// inverse on the rows below:
///
/// ```text
/// Y = L_R L_J^-1,   Z_RJ = -Z Y,   Z_JJ = (L_J L_J')^-1 - Y' Z_RJ
/// ```
///
/// one panel of columns at a time, from the last. The upper triangles of `Z` and `Z_JJ` may be
/// filled too: the products want them in full.
pub(super) fn invert(l: &mut [f64], z: &mut [f64], scratch: &mut [f64], w: usize, r: usize) {
    if is_small(w, r) {
        return fronts_small::invert(l, z, scratch, w, r);
    }
    if r > 0 {
        kernels::mirror(view_mut(z, r, r, r));
    }
    let (m, mut end) = (w + r, w);
    while end > 0 {
        let start = (end - 1) / PANEL * PANEL;
        let (columns, later) = l.split_at_mut(end * m);
        let known = view(later, m, w - end, m).subrows(end, m - end);
        let panel = view_mut(&mut columns[start * m..], m, end - start, m);
        let panel = panel.subrows_mut(start, m - start);
        invert_panel(panel, known, view(z, r, r, r), scratch);
        // Its rows right of the diagonal, for the panels before it.
        let panel = view(&columns[start * m..], m, end - start, m).subrows(end, w - end);
        let later = view_mut(later, m, w - end, m).subrows_mut(start, end - start);
        kernels::transpose_into(later, panel);
        end = start;
    }
}

/// One panel, diagonal block on top; `known` holds the later columns `[Z_JJ; Z_RJ]`.
fn invert_panel(panel: MatMut<'_, f64>, known: MatRef<'_, f64>, z: MatRef<'_, f64>, scratch: &mut [f64]) {
    let width = panel.ncols();
    let (mut diagonal, mut out) = panel.split_at_row_mut(width);
    let below = out.nrows();
    let (square, rest) = scratch.split_at_mut(width * width);
    let mut y = view_mut(rest, below, width, below);
    y.copy_from(out.rb());
    divide_rows_plain(y.rb_mut(), diagonal.rb());
    let y = y.rb();

    let inner = known.ncols();
    let (y_inner, y_outer) = y.split_at_row(inner);
    let (z_inner, z_outer) = known.split_at_row(inner);
    let (out_inner, out_outer) = out.rb_mut().split_at_row_mut(inner);
    join(
        || set_products(out_inner, (z_inner, y_inner), (z_outer.transpose(), y_outer)),
        || set_products(out_outer, (z_outer, y_inner), (z, y_outer)),
    );

    kernels::invert_square(diagonal.rb_mut(), view_mut(square, width, width, width));
    subtract_inner(diagonal.rb_mut(), y, out.rb());
    kernels::mirror(diagonal);
}

type Factors<'a> = (MatRef<'a, f64>, MatRef<'a, f64>);

/// `C := -A1 B1 - A2 B2`, by blocks of rows.
fn set_products(mut c: MatMut<'_, f64>, one: Factors<'_>, two: Factors<'_>) {
    let rows = c.nrows();
    if rows > BLOCK {
        let half = middle(rows);
        let (upper, lower) = c.split_at_row_mut(half);
        let (one_upper, one_lower) = one.0.split_at_row(half);
        let (two_upper, two_lower) = two.0.split_at_row(half);
        join(
            || set_products(upper, (one_upper, one.1), (two_upper, two.1)),
            || set_products(lower, (one_lower, one.1), (two_lower, two.1)),
        );
    } else if rows > 0 {
        c.fill(0.0);
        for (a, b) in [one, two] {
            if a.ncols() > 0 {
                kernels::add_product(c.rb_mut(), -1.0, a, b);
            }
        }
    }
}

/// `C := C - Y' X` for tall `Y` and `X`, by strips of columns.
fn subtract_inner(c: MatMut<'_, f64>, y: MatRef<'_, f64>, x: MatRef<'_, f64>) {
    const STRIP: usize = 32;
    if y.nrows() == 0 {
        return;
    }
    if y.nrows() <= BLOCK || c.ncols() <= STRIP {
        return kernels::add_product(c, -1.0, y.transpose(), x);
    }
    let half = (c.ncols() / 2).next_multiple_of(STRIP);
    let (left, right) = c.split_at_col_mut(half);
    let (x_left, x_right) = x.split_at_col(half);
    join(|| subtract_inner(left, y, x_left), || subtract_inner(right, y, x_right));
}

/// `X := X L^-T`, by blocks of rows.
fn divide_rows(x: MatMut<'_, f64>, l: MatRef<'_, f64>) {
    by_rows(x, &|x| kernels::divide_by_transpose(x, l));
}

/// `X := X L^-1`, by blocks of rows.
fn divide_rows_plain(x: MatMut<'_, f64>, l: MatRef<'_, f64>) {
    by_rows(x, &|x| kernels::divide(x, l));
}

fn by_rows(x: MatMut<'_, f64>, task: &(impl Fn(MatMut<'_, f64>) + Sync)) {
    let rows = x.nrows();
    if rows > BLOCK {
        let (upper, lower) = x.split_at_row_mut(middle(rows));
        join(|| by_rows(upper, task), || by_rows(lower, task));
    } else if rows > 0 {
        task(x);
    }
}

/// About half, at a multiple of 64.
fn middle(size: usize) -> usize {
    (size / 2).next_multiple_of(64)
}

/// Both tasks, at once if there are threads.
fn join(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    if rayon::current_num_threads() == 1 {
        a();
        b();
    } else {
        rayon::join(a, b);
    }
}
