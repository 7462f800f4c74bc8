//! Dense kernels on column-major views: thin names over faer, always sequential.

use crate::stop;
use core::mem::MaybeUninit;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{self, LltError};
use faer::linalg::matmul::triangular::{self as triangular_product, BlockStructure};
use faer::linalg::{matmul, triangular_inverse, triangular_solve};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, MatMut, MatRef, Par, Spec};

/// Column-major view of `rows x columns` numbers whose columns lie `stride` apart.
#[inline]
pub(super) fn view(data: &[f64], rows: usize, columns: usize, stride: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice_with_stride(data, rows, columns, stride)
}

/// Mutable twin of [`view`].
#[inline]
pub(super) fn view_mut(data: &mut [f64], rows: usize, columns: usize, stride: usize) -> MatMut<'_, f64> {
    MatMut::from_column_major_slice_with_stride_mut(data, rows, columns, stride)
}

/// `A = L L'` on the lower triangle; `Err` is the index of the pivot that is not positive.
pub(super) fn cholesky(a: MatMut<'_, f64>) -> Result<(), usize> {
    stop::point(a.nrows().pow(3) / 3);
    // faer asks for one column of scratch: on the stack for every tile and most supernodes.
    const ON_STACK: usize = 4096;
    let request = factor::cholesky_in_place_scratch::<f64>(a.nrows(), Par::Seq, Spec::default());
    let mut local = [MaybeUninit::<u8>::uninit(); ON_STACK];
    let mut heap;
    let stack = if request.unaligned_bytes_required() <= ON_STACK {
        MemStack::new(&mut local)
    } else {
        heap = MemBuffer::new(request);
        MemStack::new(&mut heap)
    };
    factor::cholesky_in_place(a, Default::default(), Par::Seq, stack, Spec::default())
        .map(|_| ())
        .map_err(|LltError::NonPositivePivot { index }| index)
}

/// `X := L^-1 X`.
#[inline]
pub(super) fn solve_lower(l: MatRef<'_, f64>, x: MatMut<'_, f64>) {
    stop::point(l.nrows().pow(2) * x.ncols());
    triangular_solve::solve_lower_triangular_in_place(l, x, Par::Seq);
}

/// `X := L^-T X`.
#[inline]
pub(super) fn solve_lower_transpose(l: MatRef<'_, f64>, x: MatMut<'_, f64>) {
    stop::point(l.nrows().pow(2) * x.ncols());
    triangular_solve::solve_upper_triangular_in_place(l.transpose(), x, Par::Seq);
}

/// `X := X L^-T`.
#[inline]
pub(super) fn divide_by_transpose(x: MatMut<'_, f64>, l: MatRef<'_, f64>) {
    stop::point(l.nrows().pow(2) * x.nrows());
    triangular_solve::solve_lower_triangular_in_place(l, x.transpose_mut(), Par::Seq);
}

/// `X := X L^-1`.
#[inline]
pub(super) fn divide(x: MatMut<'_, f64>, l: MatRef<'_, f64>) {
    stop::point(l.nrows().pow(2) * x.nrows());
    triangular_solve::solve_upper_triangular_in_place(l.transpose(), x.transpose_mut(), Par::Seq);
}

/// `C := C + alpha A B`.
#[inline]
pub(super) fn add_product(c: MatMut<'_, f64>, alpha: f64, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    stop::point(2 * a.nrows() * a.ncols() * b.ncols());
    matmul::matmul(c, Accum::Add, a, b, alpha, Par::Seq);
}

/// Lower triangle of `C := C + alpha A A'`.
#[inline]
pub(super) fn add_square(c: MatMut<'_, f64>, alpha: f64, a: MatRef<'_, f64>) {
    stop::point(a.nrows().pow(2) * a.ncols());
    let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    let at = a.transpose();
    triangular_product::matmul(c, lower, Accum::Add, a, full, at, full, alpha, Par::Seq);
}

/// `C := (L L')^-1` in full from the lower triangle of `L`; `w` is scratch of the same shape.
pub(super) fn invert_square(mut c: MatMut<'_, f64>, mut w: MatMut<'_, f64>) {
    stop::point(c.nrows().pow(3));
    w.rb_mut().fill(0.0);
    triangular_inverse::invert_lower_triangular(w.rb_mut(), c.rb(), Par::Seq);
    let (lower, upper) = (BlockStructure::TriangularLower, BlockStructure::TriangularUpper);
    let w = w.rb();
    triangular_product::matmul(c.rb_mut(), lower, Accum::Replace, w.transpose(), upper, w, lower, 1.0, Par::Seq);
    mirror(c);
}

/// Copies the lower triangle onto the upper one.
pub(super) fn mirror(mut c: MatMut<'_, f64>) {
    let n = c.ncols();
    for start in (0..n).step_by(SQUARE) {
        let end = n.min(start + SQUARE);
        for j in start + 1..end {
            for i in start..j {
                c[(i, j)] = c[(j, i)];
            }
        }
        let (_, right, below, _) = c.rb_mut().split_at_mut(end, end);
        let right = right.subrows_mut(start, end - start);
        transpose_into(right, below.rb().subcols(start, end - start));
    }
}

/// `C := A'`, in squares that fit the nearest cache.
pub(super) fn transpose_into(mut c: MatMut<'_, f64>, a: MatRef<'_, f64>) {
    for column in (0..c.ncols()).step_by(SQUARE) {
        for row in (0..c.nrows()).step_by(SQUARE) {
            for j in column..c.ncols().min(column + SQUARE) {
                for i in row..c.nrows().min(row + SQUARE) {
                    c[(i, j)] = a[(j, i)];
                }
            }
        }
    }
}

/// Side of the squares in which transposes are done.
const SQUARE: usize = 32;
