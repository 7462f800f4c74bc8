//! Special functions without cancellation, as the families need them.

pub(crate) const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// a b, where nothing times infinity is nothing.
#[inline(always)]
pub(crate) fn times(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a * b }
}

/// log(1 + x) - x, for x > -1.
pub(crate) fn log1p_minus(x: f64) -> f64 {
    if !(-0.4..=0.6).contains(&x) {
        return x.ln_1p() - x;
    }
    // log(1 + x) = 2 artanh(r) with r = x / (2 + x), and 2 r - x = -x r.
    let r = x / (2.0 + x);
    let r2 = r * r;
    let mut tail = 0.0;
    for k in (1..=15).rev() {
        tail = r2 * (1.0 / f64::from(2 * k + 1) + tail);
    }
    r * (2.0 * tail - x)
}

/// exp(x) - 1 - x.
pub(crate) fn expm1_minus(x: f64) -> f64 {
    if !(-0.5..=0.5).contains(&x) {
        return x.exp_m1() - x;
    }
    let mut tail = 0.0;
    for k in (3..=16).rev() {
        tail = x / f64::from(k) * (1.0 + tail);
    }
    0.5 * x * x * (1.0 + tail)
}

/// What Stirling's series leaves: lgamma(x + 1) - (x + 1/2) log x + x - log(2 pi) / 2, for x > 0.
pub(crate) fn stirling(x: f64) -> f64 {
    if x < 10.0 {
        // By recurrence lgamma(x + 1) = lgamma(x + 2) - log(x + 1), so that the series is asked at 10 or more only.
        let mut product = 1.0;
        let mut z = x;
        while z < 10.0 {
            z += 1.0;
            product *= z;
        }
        let shift = z - x;
        // (z + 1/2) log z - (x + 1/2) log x - log product - shift
        let ratio = if x > 0.0 { (x + 0.5) * (z / x).ln() } else { f64::INFINITY };
        return stirling_series(z) + ratio + shift * z.ln() - product.ln() - shift;
    }
    stirling_series(x)
}

fn stirling_series(x: f64) -> f64 {
    const C: [f64; 9] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
        43867.0 / 244_188.0,
    ];
    let r = 1.0 / x;
    let r2 = r * r;
    C.iter().rev().fold(0.0, |sum, c| sum * r2 + c) * r
}

/// y log y - y - lgamma(y + 1): the log-likelihood of a Poisson count at its own mean.
pub(crate) fn saturated_count(y: f64) -> f64 {
    if y > 0.0 { -stirling(y) - 0.5 * y.ln() - HALF_LOG_TWO_PI } else { 0.0 }
}
