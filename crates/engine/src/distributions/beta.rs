//! The regularised incomplete beta function: probabilities of F.

use std::f64::consts::TAU;

use super::Tails;
use super::double_double::{DoubleDouble, log1p_beyond_square};
use super::log_concave::{FAR, Ray, integral};
use crate::family::special::{expm1_minus, log1p_minus, stirling};

/// Terms of the continued fraction after which quadrature is quicker.
const TERMS: u32 = 200;

/// Beyond this the probability of a tail is asked for itself: 1 less the other would lose digits.
pub(super) const NEARLY_ALL: f64 = 0.9;

/// A point of the beta distribution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    a: f64,
    b: f64,
    x: f64,
    y: f64,
    /// a - n x, the slope of the log-density in w.
    slope: f64,
    /// Density in w = log(x / y): x^a y^b / B(a, b).
    density: f64,
}

impl Point {
    /// Where F with `df1` and `df2` degrees of freedom is `f` > 0; all finite.
    pub fn of(df1: f64, df2: f64, f: DoubleDouble) -> Self {
        let scaled = f.scaled(df1);
        let whole = scaled.plus(df2);
        let (a, b) = (0.5 * df1, 0.5 * df2);
        // x = (1 + u) a / n
        let u = f.plus(-1.0).scaled(df2).over(whole);
        Self {
            a,
            b,
            x: scaled.over(whole).value(),
            y: df2 / whole.high,
            slope: -a * u.value(),
            density: density(df1, df2, f, whole, u),
        }
    }

    /// 1 - X in the place of X.
    fn mirrored(&self) -> Self {
        Self { a: self.b, b: self.a, x: self.y, y: self.x, slope: -self.slope, density: self.density }
    }

    /// I_x(a, b) at or below the mean by the continued fraction of Didonato and Morris (1992, ACM TOMS 18, equation 9),
    /// whose terms are positive there, with Lentz's method; None where it needs too many of them.
    pub(super) fn fraction(&self) -> Option<f64> {
        let Self { a, b, x, .. } = *self;
        let denominator = |m: f64| {
            m + if m > 0.0 { m * (b - m) * x / (a + 2.0 * m - 1.0) } else { 0.0 }
                + (a + m) * (self.slope + 1.0 + m * (1.0 + self.y)) / (a + 2.0 * m + 1.0)
        };
        let mut value = denominator(0.0);
        let (mut c, mut d) = (value, 0.0);
        for m in 1..=TERMS {
            let m = f64::from(m);
            let at = a + 2.0 * m - 1.0;
            let numerator = (m * (a + m - 1.0) / at) * ((a + b + m - 1.0) / at) * (b - m) * x * x;
            let next = denominator(m);
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

    /// I_x(a, b) by quadrature over w.
    pub(super) fn integral(&self) -> f64 {
        // Written for the smaller of x and y, the change of the log-density has no cancellation.
        let (at, sign) = if self.x <= self.y { (*self, -1.0) } else { (self.mirrored(), 1.0) };
        let n = self.a + self.b;
        let ray = Ray {
            change: |s: f64| {
                let t = sign * s;
                let grown = at.x * t.exp_m1();
                if s <= 1.0 {
                    at.slope * t - n * (at.x * expm1_minus(t) + log1p_minus(grown))
                } else {
                    at.a * t - n * grown.ln_1p()
                }
            },
            rate: |s: f64| {
                let e = (sign * s).exp();
                let x = at.x * e / (at.x * e + at.y);
                (at.a - n * x).abs() + (n * x * (1.0 - x)).sqrt()
            },
            far: FAR + (self.x / self.y).ln(),
            shape: self.a,
        };
        self.density * integral(&ray)
    }
}

impl Tails for Point {
    /// I_x(a, b), the probability below.
    fn lower(&self) -> f64 {
        if self.slope >= 0.0 {
            return self.fraction().unwrap_or_else(|| self.integral());
        }
        let mirrored = self.mirrored();
        let upper = mirrored.fraction().unwrap_or_else(|| mirrored.integral());
        if upper <= NEARLY_ALL { 1.0 - upper } else { self.integral() }
    }

    fn upper(&self) -> f64 {
        self.mirrored().lower()
    }

    fn density(&self) -> f64 {
        self.density
    }
}

/// x^a y^b / B(a, b), with u = n x / a - 1.
fn density(df1: f64, df2: f64, f: DoubleDouble, whole: DoubleDouble, u: DoubleDouble) -> f64 {
    let (a, b) = (0.5 * df1, 0.5 * df2);
    let df = DoubleDouble::sum(df1, df2);
    let n = 0.5 * df.value();
    let corrections = (stirling(n) - stirling(a) - stirling(b)).exp() * (a * (b / n) / TAU).sqrt();
    let distance = f.plus(-1.0);
    // y = (1 + v) b / n, and a u + b v = 0
    let v = distance.scaled(-df1).over(whole);
    let kernel = if u.high.abs().max(v.high.abs()) < 0.1 {
        let beyond = a * log1p_beyond_square(u.high) + b * log1p_beyond_square(v.high);
        let both = distance.times(df).over(whole);
        u.times(both).scaled(-0.5 * a).plus(beyond).exp()
    } else {
        let first = Power { base: f.times(df).over(whole), distance: u, exponent: a };
        let second = Power { base: df.over(whole), distance: v, exponent: b };
        product(&first, &second)
    };
    kernel * corrections
}

/// A power of a number whose distance from 1 is known too.
struct Power {
    base: DoubleDouble,
    distance: DoubleDouble,
    exponent: f64,
}

impl Power {
    fn log(&self) -> f64 {
        let u = self.distance.high;
        self.exponent * if u.abs() < 0.5 { u.ln_1p() } else { self.base.high.ln() }
    }

    /// The power to the power of `root`.
    fn value(&self, root: f64) -> f64 {
        let (exponent, u) = (self.exponent * root, self.distance.high);
        if u.abs() < 1e-3 {
            return self.distance.scaled(exponent).plus(exponent * log1p_minus(u)).exp();
        }
        self.base.powf(exponent)
    }
}

/// The product of two powers, where either may overflow by itself.
fn product(first: &Power, second: &Power) -> f64 {
    let logs = (first.log(), second.log());
    if logs.0 + logs.1 < -800.0 {
        return 0.0;
    }
    let doublings = (logs.0.abs().max(logs.1.abs()) / 500.0).log2().ceil().max(0.0) as i32;
    let root = 0.5_f64.powi(doublings);
    let mut value = first.value(root) * second.value(root);
    for _ in 0..doublings {
        value *= value;
    }
    value
}
