//! Jets: a value with its derivatives to third order in N variables. A density written once over jets has all
//! derivatives that the engine asks for.
//!
//! `Jet<0>` is a plain number. Arithmetic is that of numbers, functions are methods: `(y * mu.ln() - mu).exp()`.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::special::{
    HALF_LOG_TWO_PI, lgamma, log_minus_digamma, log_normal, log1mexp, logistic, softplus, stirling, tetragamma,
    trigamma_excess,
};

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

    /// This function of N variables, where each of them is a jet of others.
    pub(crate) fn of<const K: usize>(&self, inner: &[Jet<K>; N]) -> Jet<K> {
        let mut out = Jet::constant(self.value);
        for (v, a) in inner.iter().enumerate() {
            out += *a * self.first[v] - a.value * self.first[v];
        }
        for i in 0..K {
            for j in 0..K {
                for v in 0..N {
                    for w in 0..N {
                        let (a, b) = (&inner[v], &inner[w]);
                        out.second[i][j] += self.second[v][w] * a.first[i] * b.first[j];
                        for k in 0..K {
                            let mixed =
                                a.first[i] * b.second[j][k] + a.first[j] * b.second[i][k] + a.first[k] * b.second[i][j];
                            out.third[i][j][k] += self.second[v][w] * mixed;
                            for (u, c) in inner.iter().enumerate() {
                                out.third[i][j][k] += self.third[v][w][u] * a.first[i] * b.first[j] * c.first[k];
                            }
                        }
                    }
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

    /// x log x - x - lgamma(x), which grows as log(x) / 2 only.
    pub(crate) fn gamma_rest(&self) -> Self {
        let x = self.value;
        let value = 0.5 * x.ln() - HALF_LOG_TWO_PI - stirling(x);
        self.through([value, log_minus_digamma(x), -trigamma_excess(x) / x, -1.0 / (x * x) - tetragamma(x)])
    }

    /// log(1 - exp(-x)).
    pub(crate) fn log1mexp(&self) -> Self {
        let x = self.value;
        let (r, e) = (1.0 / x.exp_m1(), (-x).exp());
        // exp(x) / (exp(x) - 1) is 1 + r.
        let rest = 1.0 / (1.0 - e);
        self.through([log1mexp(x), r, -r * rest, r * rest * (rest + r)])
    }

    /// log of the normal distribution function.
    pub(crate) fn log_normal(&self) -> Self {
        self.through(log_normal(self.value))
    }

    /// Sum over i < count of log(1 + i x), for whole numbers: log of a ratio of gamma functions that keeps its digits
    /// as x approaches 0.
    pub(crate) fn log_rising(&self, count: f64) -> Self {
        let x = self.value;
        if count > MOST_TERMS {
            let size = self.recip();
            return (size + count).lgamma() - size.lgamma() + self.ln() * count;
        }
        let (mut value, mut product) = (0.0, 1.0);
        let mut sums = [0.0; 3];
        for i in 1..(count as usize) {
            let i = i as f64;
            product *= 1.0 + i * x;
            if product > 1e200 {
                value += product.ln();
                product = 1.0;
            }
            let r = i / (1.0 + i * x);
            sums[0] += r;
            sums[1] += r * r;
            sums[2] += r * r * r;
        }
        // The product has lost what lies below 1e-16 of 1.
        let value = if count * count * x < 1e-3 { rising_series(x, count) } else { value + product.ln() };
        self.through([value, sums[0], -sums[1], 2.0 * sums[2]])
    }

    /// log(1 + exp(x)).
    pub fn softplus(&self) -> Self {
        let (p, q) = logistic(self.value, (-self.value.abs()).exp());
        self.through([softplus(self.value), p, p * q, p * q * (q - p)])
    }
}

/// Terms of a sum that are added one by one.
const MOST_TERMS: f64 = 1e5;

/// Sum over i < count of log(1 + i x) where count^2 x is small: by powers of x.
fn rising_series(x: f64, count: f64) -> f64 {
    let n = count - 1.0;
    let (first, second) = (0.5 * n * (n + 1.0), n * (n + 1.0) * (2.0 * n + 1.0) / 6.0);
    let fourth = second * (3.0 * n * n + 3.0 * n - 1.0) / 5.0;
    let fifth = first * first * (2.0 * n * n + 2.0 * n - 1.0) / 3.0;
    let powers = [first, -second / 2.0, first * first / 3.0, -fourth / 4.0, fifth / 5.0];
    powers.iter().rev().fold(0.0, |sum, c| (sum + c) * x)
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
