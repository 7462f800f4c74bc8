//! The regularised incomplete gamma function: probabilities of chi-squared.

use std::f64::consts::TAU;

use super::Tails;
use super::beta::NEARLY_ALL;
use super::double_double::{DoubleDouble, log1p_beyond_square};
use super::log_concave::{FAR, Ray, integral};
use crate::family::special::{expm1_minus, stirling};

/// Terms of the series or the continued fraction after which quadrature is quicker.
const TERMS: u32 = 200;

/// A point of the gamma distribution with scale 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    a: f64,
    x: f64,
    /// a - x, the slope of the log-density in w.
    slope: f64,
    /// Density in w = log x: x^a exp(-x) / Gamma(a).
    density: f64,
}

impl Point {
    /// At `x` > 0 of the distribution with shape `a`, both finite.
    pub fn of(a: f64, x: DoubleDouble) -> Self {
        let distance = x.plus(-a);
        Self { a, x: x.high, slope: -distance.value(), density: density(a, x, distance) }
    }

    fn near_lower(&self) -> f64 {
        self.series().unwrap_or_else(|| self.integral(-1.0))
    }

    fn near_upper(&self) -> f64 {
        self.fraction().unwrap_or_else(|| self.integral(1.0))
    }

    /// P(a, x) by its series of positive terms (DLMF 8.11.4).
    pub(super) fn series(&self) -> Option<f64> {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..=TERMS {
            term *= self.x / (self.a + f64::from(k));
            sum += term;
            if term <= 1e-17 * sum {
                return Some(self.density / self.a * sum);
            }
        }
        None
    }

    /// Q(a, x) by Legendre's continued fraction (DLMF 8.9.2, contracted) with Lentz's method.
    pub(super) fn fraction(&self) -> Option<f64> {
        let first = 1.0 - self.slope;
        let (mut value, mut c, mut d) = (first, first, 0.0);
        for k in 1..=TERMS {
            let k = f64::from(k);
            let numerator = k * (self.a - k);
            let next = first + 2.0 * k;
            d = 1.0 / (next + numerator * d);
            c = next + numerator / c;
            let factor = c * d;
            value *= factor;
            if (factor - 1.0).abs() <= 4e-16 {
                return Some(self.density / value);
            }
        }
        None
    }

    /// The probability on one side, above (`sign` 1) or below (-1), by quadrature over w.
    pub(super) fn integral(&self, sign: f64) -> f64 {
        let ray = Ray {
            change: |s: f64| {
                let t = sign * s;
                if s <= 1.0 { self.slope * t - self.x * expm1_minus(t) } else { self.a * t - self.x * t.exp_m1() }
            },
            rate: |s: f64| {
                let x = self.x * (sign * s).exp();
                (self.a - x).abs() + x.sqrt()
            },
            far: if sign < 0.0 { FAR + self.x.ln() } else { f64::INFINITY },
            shape: self.a,
        };
        self.density * integral(&ray)
    }
}

impl Tails for Point {
    /// P(a, x), the probability below.
    fn lower(&self) -> f64 {
        if self.slope >= 0.0 {
            return self.near_lower();
        }
        let upper = self.near_upper();
        if upper <= NEARLY_ALL { 1.0 - upper } else { self.integral(-1.0) }
    }

    /// Q(a, x), the probability above.
    fn upper(&self) -> f64 {
        if self.slope < 0.0 {
            return self.near_upper();
        }
        let lower = self.near_lower();
        if lower <= NEARLY_ALL { 1.0 - lower } else { self.integral(1.0) }
    }

    fn density(&self) -> f64 {
        self.density
    }
}

/// x^a exp(-x) / Gamma(a), with the distance x - a.
fn density(a: f64, x: DoubleDouble, distance: DoubleDouble) -> f64 {
    let u = distance.high / a;
    let kernel = if u.abs() < 0.1 {
        let square = distance.over(DoubleDouble::of(-2.0 * a)).times(distance);
        square.plus(a * log1p_beyond_square(u)).exp()
    } else {
        power_and_exponential(x.over(DoubleDouble::of(a)), a, distance)
    };
    kernel * (-stirling(a)).exp() * (a / TAU).sqrt()
}

/// r^a exp(-distance), where either may overflow by itself.
fn power_and_exponential(r: DoubleDouble, a: f64, distance: DoubleDouble) -> f64 {
    let first = a * r.high.ln();
    if first - distance.high < -800.0 {
        return 0.0;
    }
    let doublings = (first.abs().max(distance.high.abs()) / 500.0).log2().ceil().max(0.0) as i32;
    let root = 0.5_f64.powi(doublings);
    let mut value = r.powf(a * root) * distance.scaled(-root).exp();
    for _ in 0..doublings {
        value *= value;
    }
    value
}
