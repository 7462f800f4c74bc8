//! Numbers as unevaluated sums of two (Dekker 1971, Numerische Mathematik 18): an exponent of -700 in one double would
//! cost a density three digits.

#[derive(Debug, Clone, Copy)]
pub(super) struct DoubleDouble {
    pub high: f64,
    pub low: f64,
}

impl DoubleDouble {
    pub fn of(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }

    /// a + b, exactly.
    pub fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let part = high - a;
        Self { high, low: (a - (high - part)) + (b - part) }
    }

    /// a b, exactly.
    pub fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    pub fn value(self) -> f64 {
        self.high + self.low
    }

    pub fn plus(self, b: f64) -> Self {
        let sum = Self::sum(self.high, b);
        Self::sum(sum.high, sum.low + self.low)
    }

    pub fn scaled(self, b: f64) -> Self {
        let product = Self::product(self.high, b);
        Self::sum(product.high, self.low.mul_add(b, product.low))
    }

    pub fn times(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        Self::sum(product.high, product.low + (self.high * other.low + self.low * other.high))
    }

    pub fn over(self, other: Self) -> Self {
        let quotient = self.high / other.high;
        let left = (-quotient).mul_add(other.high, self.high) + (-quotient).mul_add(other.low, self.low);
        Self::sum(quotient, left / other.high)
    }

    /// exp(self), to the last digit.
    pub fn exp(self) -> f64 {
        let value = self.high.exp();
        self.low.mul_add(value, value)
    }

    /// self^exponent, to the last digit while the low part is small against it.
    pub fn powf(self, exponent: f64) -> f64 {
        self.high.powf(exponent) * (exponent * self.low / self.high).exp()
    }
}

/// log(1 + u) - u + u^2 / 2, for |u| < 0.1.
pub(super) fn log1p_beyond_square(u: f64) -> f64 {
    let series = (3..=19).rev().fold(0.0, |sum, k| 1.0 / f64::from(k) - u * sum);
    u * u * u * series
}
