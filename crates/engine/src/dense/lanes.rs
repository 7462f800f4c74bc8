//! Eight numbers that go through the same arithmetic side by side; the compiler turns it into vector instructions.

use std::array::from_fn;
use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};

/// Numbers side by side.
pub const LANES: usize = 8;

/// One number of each of eight problems.
#[derive(Debug, Clone, Copy)]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    pub const ZERO: Self = Self([0.0; LANES]);

    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub fn map(self, of: impl Fn(f64) -> f64) -> Self {
        Self(from_fn(|m| of(self.0[m])))
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(from_fn(|m| self.0[m] + other.0[m]))
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(from_fn(|m| self.0[m] - other.0[m]))
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(from_fn(|m| self.0[m] * other.0[m]))
    }
}

impl Mul<f64> for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: f64) -> Self {
        self.map(|v| v * other)
    }
}

impl Div for Lanes {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(from_fn(|m| self.0[m] / other.0[m]))
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Lanes {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// Lower Cholesky factor of k x k matrices (column-major; the lower triangle counts), in place; the other triangle is
/// left as it was. Where a matrix is not positive definite its lane becomes NaN.
#[inline(always)]
pub fn cholesky(a: &mut [Lanes], k: usize) {
    for j in 0..k {
        for m in 0..j {
            let factor = a[j + m * k];
            for i in j..k {
                let taken = a[i + m * k] * factor;
                a[i + j * k] -= taken;
            }
        }
        let root = a[j + j * k].map(|v| if v > 0.0 { v.sqrt() } else { f64::NAN });
        let reciprocal = Lanes::splat(1.0) / root;
        a[j + j * k] = root;
        for i in j + 1..k {
            a[i + j * k] = a[i + j * k] * reciprocal;
        }
    }
}

/// L^-1 b in place.
#[inline(always)]
pub fn solve_lower(l: &[Lanes], k: usize, b: &mut [Lanes]) {
    for j in 0..k {
        b[j] = b[j] / l[j + j * k];
        for i in j + 1..k {
            let taken = l[i + j * k] * b[j];
            b[i] -= taken;
        }
    }
}

/// L^-T b in place.
#[inline(always)]
pub fn solve_lower_transpose(l: &[Lanes], k: usize, b: &mut [Lanes]) {
    for j in (0..k).rev() {
        for i in j + 1..k {
            let taken = l[i + j * k] * b[i];
            b[j] -= taken;
        }
        b[j] = b[j] / l[j + j * k];
    }
}

/// (L L')^-1, all of it; `column` is a buffer of k.
#[inline(always)]
pub fn inverse(l: &[Lanes], k: usize, column: &mut [Lanes], out: &mut [Lanes]) {
    for j in 0..k {
        column.fill(Lanes::ZERO);
        column[j] = Lanes::splat(1.0);
        solve_lower(l, k, column);
        solve_lower_transpose(l, k, column);
        out[j * k..(j + 1) * k].copy_from_slice(column);
    }
}

/// A B of k x k matrices.
#[inline(always)]
pub fn multiply(a: &[Lanes], b: &[Lanes], k: usize, out: &mut [Lanes]) {
    for j in 0..k {
        for i in 0..k {
            let mut sum = Lanes::ZERO;
            for m in 0..k {
                sum += a[i + m * k] * b[m + j * k];
            }
            out[i + j * k] = sum;
        }
    }
}
