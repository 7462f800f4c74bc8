//! Plain loops for small fronts: a few columns at a time, without calls into the large
//! kernels, whose fixed costs would dominate.
//!
//! A front is a block of factor columns, `m x w` with the `w x w` triangle on top, and a
//! symmetric `r x r` matrix, `m = w + r`, both column-major. The loops are compiled for wide
//! registers too, and the processor at hand decides (`pulp`).

use faer::traits::pulp::Arch;

/// Eliminates the columns: `[L_J; L_R] L_J' = [A_J; A_R]`, `U := U - L_R L_R'` (lower).
///
/// # Errors
/// The column of the first pivot that is not positive.
pub(super) fn eliminate(l: &mut [f64], u: &mut [f64], w: usize, r: usize) -> Result<(), usize> {
    Arch::new().dispatch(
        #[inline(always)]
        || eliminate_columns(l, u, w, r),
    )
}

#[inline(always)]
fn eliminate_columns(l: &mut [f64], u: &mut [f64], w: usize, r: usize) -> Result<(), usize> {
    let m = w + r;
    for j in 0..w {
        let (before, column) = l.split_at_mut(j * m);
        let column = &mut column[j..m];
        subtract_columns(column, before, m, j, j, |k| before[k * m + j]);
        let pivot = column[0];
        // Also catches NaN, and an infinite pivot, whose column would vanish.
        if !(pivot > 0.0 && pivot < f64::INFINITY) {
            return Err(j);
        }
        let root = pivot.sqrt();
        let scale = root.recip();
        column[0] = root;
        column[1..].iter_mut().for_each(|v| *v *= scale);
    }
    for j in 0..r {
        let column = &mut u[j * r + j..(j + 1) * r];
        subtract_columns(column, l, m, w + j, w, |k| l[k * m + w + j]);
    }
    Ok(())
}

/// Replaces the factor columns by those of the inverse, given the lower triangle of `Z`, the
/// inverse on the rows below. Column `k` from the last to the first, `B` the rows below it:
///
/// ```text
/// y = l_B / l_kk,   z_Bk = -Z_BB y,   z_kk = 1 / l_kk^2 - y' z_Bk
/// ```
///
/// The upper triangles of `Z` and of the block's top are filled too. `y` is scratch of `m`.
pub(super) fn invert(l: &mut [f64], z: &mut [f64], y: &mut [f64], w: usize, r: usize) {
    Arch::new().dispatch(
        #[inline(always)]
        || invert_columns(l, z, y, w, r),
    );
}

#[inline(always)]
fn invert_columns(l: &mut [f64], z: &mut [f64], y: &mut [f64], w: usize, r: usize) {
    let m = w + r;
    for j in 1..r {
        for i in 0..j {
            z[j * r + i] = z[i * r + j];
        }
    }
    let y = &mut y[..m];
    for k in (0..w).rev() {
        let (columns, later) = l.split_at_mut((k + 1) * m);
        let out = &mut columns[k * m..];
        let scale = out[k].recip();
        for i in k + 1..m {
            y[i] = out[i] * scale;
            out[i] = 0.0;
        }
        let inner = w - k - 1;
        subtract_columns(&mut out[k + 1..], later, m, k + 1, inner, |c| y[k + 1 + c]);
        if r > 0 {
            for (c, column) in later.chunks_exact(m).enumerate() {
                out[k + 1 + c] -= dot(&column[w..], &y[w..]);
            }
            subtract_columns(&mut out[w..], z, r, 0, r, |c| y[w + c]);
        }
        out[k] = scale * scale - dot(&y[k + 1..], &out[k + 1..]);
        for c in 0..inner {
            later[c * m + k] = out[k + 1 + c];
        }
    }
}

/// `y := y - sum_k a(k) x_k`, where `x_k` is column `k` of `count` from row `first` on.
///
/// Four columns at a time, so that `y` is read and written a quarter as often.
#[inline(always)]
fn subtract_columns(y: &mut [f64], x: &[f64], stride: usize, first: usize, count: usize, a: impl Fn(usize) -> f64) {
    let size = y.len();
    let column = |k: usize| &x[k * stride + first..][..size];
    let fours = count - count % 4;
    for k in (0..fours).step_by(4) {
        let (a0, a1, a2, a3) = (a(k), a(k + 1), a(k + 2), a(k + 3));
        let (x0, x1, x2, x3) = (column(k), column(k + 1), column(k + 2), column(k + 3));
        for i in 0..size {
            y[i] -= (a0 * x0[i] + a1 * x1[i]) + (a2 * x2[i] + a3 * x3[i]);
        }
    }
    for k in fours..count {
        let ak = a(k);
        y.iter_mut().zip(column(k)).for_each(|(y, x)| *y -= ak * x);
    }
}

/// `x' y` in four partial sums, which the compiler may keep in one register.
#[inline(always)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (xs, ys) = (x.chunks_exact(4), y.chunks_exact(4));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 4];
    for (x, y) in xs.zip(ys) {
        for i in 0..4 {
            sums[i] += x[i] * y[i];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}
