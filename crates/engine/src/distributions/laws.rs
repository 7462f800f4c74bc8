//! Tails and quantiles that callers ask for; NaN outside the domain.

use super::double_double::DoubleDouble;
use super::quantile::{LARGEST, SMALLEST, quantile};
use super::{Side, Tails, beta, gamma, normal};

/// Degrees of freedom that no double tells from infinity: a tail of 1e-300 differs by one part in 1e93.
const INFINITE: f64 = 1e100;

/// Probability that a standard normal variable lies on one side of `z`.
pub fn normal_tail(z: f64, side: Side) -> f64 {
    normal::upper(if side == Side::Lower { -z } else { z })
}

/// Where the lower tail of the standard normal distribution is `p`.
pub fn normal_quantile(p: f64) -> f64 {
    symmetric_quantile(p, normal::upper_quantile)
}

/// Probability that t lies on one side of `t`; of the normal distribution where `df` is infinite.
pub fn t_tail(t: f64, df: f64, side: Side) -> f64 {
    if df.is_nan() || df <= 0.0 || t.is_nan() {
        return f64::NAN;
    }
    if df > INFINITE {
        return normal_tail(t, side);
    }
    let outer = 0.5 * t_two_sided(t.abs(), df);
    if (t < 0.0) == (side == Side::Lower) { outer } else { 1.0 - outer }
}

/// P(|T| > t), for t >= 0: t squared is F with 1 and `df` degrees of freedom.
fn t_two_sided(t: f64, df: f64) -> f64 {
    let largest = LARGEST.sqrt();
    if t > largest {
        return t_two_sided(largest, df) * (largest / t).powf(df);
    }
    let square = DoubleDouble::product(t, t);
    if square.high < SMALLEST { 1.0 } else { beta::Point::of(1.0, df, square).upper() }
}

/// Where the lower tail of t is `p`; of the normal distribution where `df` is infinite.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df > INFINITE {
        return normal_quantile(p);
    }
    symmetric_quantile(p, |upper| f_quantile_power(1.0 - 2.0 * upper, 2.0 * upper, 1.0, df, 0.5))
}

/// The quantile of a distribution that is symmetric around 0, from where its upper tail is at most 1/2.
fn symmetric_quantile(p: f64, upper_quantile: impl Fn(f64) -> f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        f64::NAN
    } else if p == 0.5 {
        0.0
    } else if p < 0.5 {
        -upper_quantile(p)
    } else {
        upper_quantile(1.0 - p)
    }
}

/// Probability that F lies on one side of `f`; either degrees of freedom may be infinite.
pub fn f_tail(f: f64, df1: f64, df2: f64, side: Side) -> f64 {
    if !(df1 > 0.0 && df2 > 0.0 && f >= 0.0) {
        return f64::NAN;
    }
    match (df1 > INFINITE, df2 > INFINITE) {
        (true, true) => all_below(f > 1.0, side),
        (false, true) => chi_squared_at(DoubleDouble::product(f, df1), df1, side),
        (true, false) => {
            let reciprocal = DoubleDouble::of(df2).over(DoubleDouble::of(f));
            chi_squared_at(if f > 0.0 { reciprocal } else { DoubleDouble::of(f64::INFINITY) }, df2, side.other())
        }
        (false, false) => f_at(f, df1, df2, side),
    }
}

fn f_at(f: f64, df1: f64, df2: f64, side: Side) -> f64 {
    let at = |f: f64, side| beta::Point::of(df1, df2, DoubleDouble::of(f)).tail(side);
    // Beyond the edges the small tail is a power, and the other one 1.
    if f < SMALLEST {
        let lower = at(SMALLEST, Side::Lower) * (f / SMALLEST).powf(0.5 * df1);
        return if side == Side::Lower { lower } else { 1.0 - lower };
    }
    if f > LARGEST {
        let upper = at(LARGEST, Side::Upper) * (LARGEST / f).powf(0.5 * df2);
        return if side == Side::Upper { upper } else { 1.0 - upper };
    }
    at(f, side)
}

/// Where the lower tail of F is `p`, if `side` is the lower, or else the upper tail.
pub fn f_quantile(p: f64, df1: f64, df2: f64, side: Side) -> f64 {
    if !(df1 > 0.0 && df2 > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    match (df1 > INFINITE, df2 > INFINITE) {
        (true, true) => 1.0,
        (false, true) => chi_squared_quantile(p, df1, side) / df1,
        (true, false) => df2 / chi_squared_quantile(p, df2, side.other()),
        (false, false) => {
            let (lower, upper) = side.both(p);
            f_quantile_power(lower, upper, df1, df2, 1.0)
        }
    }
}

/// The power of the value of F that has these tails.
fn f_quantile_power(lower: f64, upper: f64, df1: f64, df2: f64, power: f64) -> f64 {
    let law = |f: f64| beta::Point::of(df1, df2, DoubleDouble::of(f));
    if lower <= upper {
        quantile(lower, Side::Lower, 0.5 * df1, power, law)
    } else {
        quantile(upper, Side::Upper, 0.5 * df2, power, law)
    }
}

/// Probability that chi-squared lies on one side of `x`.
pub fn chi_squared_tail(x: f64, df: f64, side: Side) -> f64 {
    if df.is_nan() || df <= 0.0 || x.is_nan() {
        return f64::NAN;
    }
    if df > INFINITE { all_below(x == f64::INFINITY, side) } else { chi_squared_at(DoubleDouble::of(x), df, side) }
}

fn chi_squared_at(x: DoubleDouble, df: f64, side: Side) -> f64 {
    if x.high <= 0.0 || x.high.is_infinite() {
        return all_below(x.high > 0.0, side);
    }
    gamma::Point::of(0.5 * df, x.scaled(0.5)).tail(side)
}

/// Where the lower tail of chi-squared is `p`, if `side` is the lower, or else the upper tail.
pub fn chi_squared_quantile(p: f64, df: f64, side: Side) -> f64 {
    if !(df > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    let (lower, upper) = side.both(p);
    if df > INFINITE || upper == 0.0 {
        return f64::INFINITY;
    }
    // In units of df the solution is near 1.
    let law = |f: f64| gamma::Point::of(0.5 * df, DoubleDouble::product(f, 0.5 * df));
    let small = if lower <= upper { Side::Lower } else { Side::Upper };
    df * quantile(lower.min(upper), small, 0.5 * df, 1.0, law)
}

/// The probability of a side when all is below the point, or else above.
fn all_below(below: bool, side: Side) -> f64 {
    if below == (side == Side::Lower) { 1.0 } else { 0.0 }
}
