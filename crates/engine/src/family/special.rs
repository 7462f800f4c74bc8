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

/// log(ratio) - (ratio - 1), given both the ratio and its distance `x` from 1.
pub(crate) fn log_minus(x: f64, ratio: f64) -> f64 {
    if (-0.4..=0.6).contains(&x) { log1p_minus(x) } else { ratio.ln() - x }
}

/// log(1 - exp(-x)), for x > 0.
pub(crate) fn log1mexp(x: f64) -> f64 {
    if x < std::f64::consts::LN_2 { (-(-x).exp_m1()).ln() } else { (-(-x).exp()).ln_1p() }
}

/// log(1 + exp(x)).
#[inline(always)]
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// 1 / (1 + exp(-x)) and 1 / (1 + exp(x)), given e = exp(-|x|).
#[inline(always)]
pub(crate) fn logistic(x: f64, e: f64) -> (f64, f64) {
    let large = 1.0 / (1.0 + e);
    let small = e * large;
    if x < 0.0 { (small, large) } else { (large, small) }
}

/// Where the asymptotic series of digamma and its derivatives are good to the last digit.
const FAR: f64 = 12.0;

/// B_2k / (2 k): log x - digamma(x) = 1 / (2 x) + sum over k of these / x^2k.
const DIGAMMA: [f64; 8] =
    [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0, -3617.0 / 8160.0];

/// log x - digamma(x).
pub(crate) fn log_minus_digamma(x: f64) -> f64 {
    let (mut z, mut sum) = (x, 0.0);
    while z < FAR {
        sum += 1.0 / z;
        z += 1.0;
    }
    let r2 = 1.0 / (z * z);
    let series = 0.5 / z + DIGAMMA.iter().rev().fold(0.0, |s, c| (s + c) * r2);
    if z > x { (x / z).ln() + sum + series } else { series }
}

/// x trigamma(x) - 1.
pub(crate) fn trigamma_excess(x: f64) -> f64 {
    let (mut z, mut sum) = (x, 0.0);
    while z < FAR {
        sum += 1.0 / (z * z);
        z += 1.0;
    }
    let series = excess_series(z);
    if z > x { x * (sum + (1.0 + series) / z) - 1.0 } else { series }
}

/// log x - digamma(x) - (x trigamma(x) - 1): for small x both are nearly 1 / x.
pub(crate) fn polygamma_gap(x: f64) -> f64 {
    if x > 1.0 {
        return log_minus_digamma(x) - trigamma_excess(x);
    }
    let z = x + 1.0;
    (x / z).ln() + 1.0 + log_minus_digamma(z) - x / z * (1.0 + trigamma_excess(z))
}

fn excess_series(z: f64) -> f64 {
    let r2 = 1.0 / (z * z);
    let (mut series, mut power) = (0.5 / z, 1.0);
    for (k, c) in DIGAMMA.iter().enumerate() {
        power *= r2;
        series += (2 * k + 2) as f64 * c * power;
    }
    series
}

pub(crate) fn lgamma(x: f64) -> f64 {
    stirling(x) + (x - 0.5) * x.ln() - x + HALF_LOG_TWO_PI
}

/// Second derivative of digamma.
pub(crate) fn tetragamma(x: f64) -> f64 {
    let (mut z, mut sum) = (x, 0.0);
    while z < FAR {
        sum += 2.0 / (z * z * z);
        z += 1.0;
    }
    let r2 = 1.0 / (z * z);
    let (mut series, mut power) = (r2 + r2 / z, r2);
    for (k, c) in DIGAMMA.iter().enumerate() {
        power *= r2;
        series += ((2 * k + 2) * (2 * k + 3)) as f64 * c * power;
    }
    -(sum + series)
}

/// digamma(x + y) - digamma(x) - log((x + y) / x), and its derivative in x, for y >= 0.
///
/// Both fall with y / x^2: taken as a difference they would have no digit left at x = 1e8.
pub(crate) fn digamma_gap(x: f64, y: f64) -> (f64, f64) {
    let (mut z, mut sum, mut slope) = (x, 0.0, 0.0);
    while z < FAR {
        let (u, v) = (1.0 / z, 1.0 / (z + y));
        sum += y * u * v;
        slope -= y * u * v * (u + v);
        z += 1.0;
    }
    let (u, v) = (1.0 / z, 1.0 / (z + y));
    let gap = y * u * v;
    // Terms c (u^2k - v^2k), the difference of powers as gap times a sum that is built up on the way.
    let (mut value, mut derivative) = (0.5 * gap, -0.5 * gap * (u + v));
    let (mut even, mut odd) = (u + v, u * u + u * v + v * v);
    let mut vp = v * v;
    for (k, c) in DIGAMMA.iter().enumerate() {
        let order = (2 * k + 2) as f64;
        value += c * gap * even;
        derivative -= order * c * gap * odd;
        even = even * u * u + vp * (u + v);
        odd = odd * u * u + vp * v * (u + v);
        vp *= v * v;
    }
    if z > x {
        // log((z + y) / z) - log((x + y) / x), and its derivative in x.
        let steps = z - x;
        value += sum + (-y * steps / (z * (x + y))).ln_1p();
        derivative += slope + y * (1.0 / (x * (x + y)) - 1.0 / (z * (z + y)));
    }
    (value, derivative)
}

/// The upper tail of the normal distribution at t.
pub(crate) enum Tail {
    /// log Phi(-t) and phi(t) / Phi(-t).
    Near { log_share: f64, ratio: f64 },
    /// log of Mills' ratio, and the first three cumulants of the density proportional to exp(-t s - s^2 / 2), s > 0.
    Far { t: f64, log_mills: f64, mean: f64, variance: f64, third: f64 },
}

pub(crate) fn normal_tail(t: f64) -> Tail {
    if t <= 2.0 {
        let share = 0.5 * libm::erfc(t * std::f64::consts::FRAC_1_SQRT_2);
        let density = (-0.5 * t * t - HALF_LOG_TWO_PI).exp();
        let log_share =
            if t < 0.0 { (-0.5 * libm::erfc(-t * std::f64::consts::FRAC_1_SQRT_2)).ln_1p() } else { share.ln() };
        return Tail::Near { log_share, ratio: density / share };
    }
    // Moments I_n = integral of s^n exp(-t s - s^2 / 2): r_n = I_n / I_(n-1) = n / (t + r_(n+1)), the continued fraction
    // of Mills' ratio, whose terms are all positive. It starts from where r_n = r_(n+1) would hold, with as many terms
    // as the third cumulant needs.
    let terms = 16 + (280.0 / (t * t)) as i32;
    let mut r = 0.5 * ((t * t + 4.0 * f64::from(terms + 1)).sqrt() - t);
    for n in (4..=terms).rev() {
        r = f64::from(n) / (t + r);
    }
    let r3 = 3.0 / (t + r);
    let r2 = 2.0 / (t + r3);
    let r1 = 1.0 / (t + r2);
    Tail::Far {
        t,
        log_mills: -(t + r1).ln(),
        mean: r1,
        variance: r1 * (r2 - r1),
        third: r1 * (r2 * r3 - 3.0 * r1 * r2 + 2.0 * r1 * r1),
    }
}

/// log Phi(x) and its derivatives.
pub(crate) fn log_normal(x: f64) -> [f64; 4] {
    match normal_tail(-x) {
        // With s of density proportional to exp(-t s - s^2 / 2) on (0, inf), t = -x, and cumulants k:
        // log Phi = -t^2 / 2 - log sqrt(2 pi) + log of the integral, so that derivatives in x are t + k1, k2 - 1, k3.
        Tail::Far { t, log_mills, mean, variance, third } => {
            [-0.5 * t * t - HALF_LOG_TWO_PI + log_mills, t + mean, variance - 1.0, third]
        }
        Tail::Near { log_share, ratio: r } => {
            let u = x + r;
            [log_share, r, -r * u, r * (u * (u + r) - 1.0)]
        }
    }
}

/// Phi^-1(p).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return if p == 0.0 {
            f64::NEG_INFINITY
        } else if p == 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        };
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    // Newton on log Phi, concave and increasing: from the left of the root it converges from any start.
    let target = p.ln();
    let mut x = -(-2.0 * target).sqrt();
    for _ in 0..60 {
        let (value, slope) = match normal_tail(-x) {
            Tail::Near { log_share, ratio } => (log_share, ratio),
            Tail::Far { t, log_mills, mean, .. } => (-0.5 * t * t - HALF_LOG_TWO_PI + log_mills, t + mean),
        };
        let step = (target - value) / slope;
        x += step;
        if step.abs() <= 4e-16 * x.abs().max(1e-300) {
            break;
        }
    }
    x
}
