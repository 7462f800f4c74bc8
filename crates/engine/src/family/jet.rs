//! Jets: a value with its derivatives to third order in N variables. A density written once over jets has all
//! derivatives that the engine asks for.
//!
//! `Jet<0>` is a plain number. Arithmetic is that of numbers, functions are methods: `(y * mu.ln() - mu).exp()`.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::special::{lgamma, log_minus_digamma, softplus, tetragamma, trigamma_excess};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jet<const N: usize> {
    pub value: f64,
    pub first: [f64; N],
    /// Symmetric.
    pub second: [[f64; N]; N],
    /// Symmetric.
    pub third: [[[f64; N]; N]; N],
}

impl<const N: usize> Jet<N> {
    pub fn constant(value: f64) -> Self {
        Self { value, first: [0.0; N], second: [[0.0; N]; N], third: [[[0.0; N]; N]; N] }
    }

    /// The variable number i.
    pub fn variable(value: f64, i: usize) -> Self {
        let mut jet = Self::constant(value);
        jet.first[i] = 1.0;
        jet
    }

    /// f of this jet, by the value and the first three derivatives of f here (Faa di Bruno).
    pub fn through(&self, [value, d1, d2, d3]: [f64; 4]) -> Self {
        let (a, b, c) = (&self.first, &self.second, &self.third);
        let mut out = Self::constant(value);
        for i in 0..N {
            out.first[i] = d1 * a[i];
            for j in 0..N {
                out.second[i][j] = d1 * b[i][j] + d2 * a[i] * a[j];
                for k in 0..N {
                    let mixed = a[i] * b[j][k] + a[j] * b[i][k] + a[k] * b[i][j];
                    out.third[i][j][k] = d1 * c[i][j][k] + d2 * mixed + d3 * a[i] * a[j] * a[k];
                }
            }
        }
        out
    }

    pub fn exp(&self) -> Self {
        self.through([self.value.exp(); 4])
    }

    pub fn ln(&self) -> Self {
        let r = 1.0 / self.value;
        self.through([self.value.ln(), r, -r * r, 2.0 * r * r * r])
    }

    /// log(1 + x).
    pub fn ln_1p(&self) -> Self {
        let r = 1.0 / (1.0 + self.value);
        self.through([self.value.ln_1p(), r, -r * r, 2.0 * r * r * r])
    }

    /// exp(x) - 1.
    pub fn exp_m1(&self) -> Self {
        let e = self.value.exp();
        self.through([self.value.exp_m1(), e, e, e])
    }

    pub fn recip(&self) -> Self {
        let r = 1.0 / self.value;
        self.through([r, -r * r, 2.0 * r * r * r, -6.0 * r * r * r * r])
    }

    pub fn sqrt(&self) -> Self {
        self.powf(0.5)
    }

    pub fn powf(&self, e: f64) -> Self {
        let x = self.value;
        let term = |factor: f64, e: f64| if factor == 0.0 { 0.0 } else { factor * x.powf(e) };
        self.through([
            x.powf(e),
            term(e, e - 1.0),
            term(e * (e - 1.0), e - 2.0),
            term(e * (e - 1.0) * (e - 2.0), e - 3.0),
        ])
    }

    pub fn lgamma(&self) -> Self {
        let x = self.value;
        self.through([lgamma(x), x.ln() - log_minus_digamma(x), (1.0 + trigamma_excess(x)) / x, tetragamma(x)])
    }

    /// log(1 + exp(x)).
    pub fn softplus(&self) -> Self {
        let e = (-self.value.abs()).exp();
        let large = 1.0 / (1.0 + e);
        let (p, q) = if self.value < 0.0 { (e * large, large) } else { (large, e * large) };
        self.through([softplus(self.value), p, p * q, p * q * (q - p)])
    }
}

impl<const N: usize> Neg for Jet<N> {
    type Output = Self;

    fn neg(self) -> Self {
        self * -1.0
    }
}

impl<const N: usize> Add for Jet<N> {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl<const N: usize> AddAssign for Jet<N> {
    fn add_assign(&mut self, other: Self) {
        self.value += other.value;
        for i in 0..N {
            self.first[i] += other.first[i];
            for j in 0..N {
                self.second[i][j] += other.second[i][j];
                for k in 0..N {
                    self.third[i][j][k] += other.third[i][j][k];
                }
            }
        }
    }
}

impl<const N: usize> Sub for Jet<N> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<const N: usize> Mul for Jet<N> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (x, y) = (&self, &other);
        let mut out = Self::constant(x.value * y.value);
        for i in 0..N {
            out.first[i] = x.first[i] * y.value + x.value * y.first[i];
            for j in 0..N {
                out.second[i][j] = x.second[i][j] * y.value
                    + x.first[i] * y.first[j]
                    + x.first[j] * y.first[i]
                    + x.value * y.second[i][j];
                for k in 0..N {
                    out.third[i][j][k] = x.third[i][j][k] * y.value
                        + x.second[i][j] * y.first[k]
                        + x.second[i][k] * y.first[j]
                        + x.second[j][k] * y.first[i]
                        + x.first[i] * y.second[j][k]
                        + x.first[j] * y.second[i][k]
                        + x.first[k] * y.second[i][j]
                        + x.value * y.third[i][j][k];
                }
            }
        }
        out
    }
}

impl<const N: usize> Div for Jet<N> {
    type Output = Self;

    // By the reciprocal, which knows its derivatives.
    #[allow(clippy::suspicious_arithmetic_impl)]
    fn div(self, other: Self) -> Self {
        self * other.recip()
    }
}

impl<const N: usize> Add<f64> for Jet<N> {
    type Output = Self;

    fn add(mut self, other: f64) -> Self {
        self.value += other;
        self
    }
}

impl<const N: usize> Sub<f64> for Jet<N> {
    type Output = Self;

    fn sub(self, other: f64) -> Self {
        self + -other
    }
}

impl<const N: usize> Mul<f64> for Jet<N> {
    type Output = Self;

    fn mul(self, other: f64) -> Self {
        self.through([self.value * other, other, 0.0, 0.0])
    }
}

impl<const N: usize> Div<f64> for Jet<N> {
    type Output = Self;

    fn div(self, other: f64) -> Self {
        self * (1.0 / other)
    }
}

impl<const N: usize> Add<Jet<N>> for f64 {
    type Output = Jet<N>;

    fn add(self, other: Jet<N>) -> Jet<N> {
        other + self
    }
}

impl<const N: usize> Sub<Jet<N>> for f64 {
    type Output = Jet<N>;

    fn sub(self, other: Jet<N>) -> Jet<N> {
        -other + self
    }
}

impl<const N: usize> Mul<Jet<N>> for f64 {
    type Output = Jet<N>;

    fn mul(self, other: Jet<N>) -> Jet<N> {
        other * self
    }
}

impl<const N: usize> Div<Jet<N>> for f64 {
    type Output = Jet<N>;

    #[allow(clippy::suspicious_arithmetic_impl)]
    fn div(self, other: Jet<N>) -> Jet<N> {
        other.recip() * self
    }
}
