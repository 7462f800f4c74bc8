//! The normal distribution.

use super::double_double::DoubleDouble;
use crate::family::special::{self, HALF_LOG_TWO_PI, Tail};

/// P(Z > z).
pub(super) fn upper(z: f64) -> f64 {
    if z <= 2.0 {
        return 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2);
    }
    match special::normal_tail(z) {
        Tail::Near { log_share, .. } => log_share.exp(),
        Tail::Far { t, mean, .. } => density(t) / (t + mean),
    }
}

fn density(z: f64) -> f64 {
    DoubleDouble::product(z, z).scaled(-0.5).exp() * (-HALF_LOG_TWO_PI).exp()
}

/// Where the probability above is `upper`, between 0 and 1/2.
pub(super) fn upper_quantile(upper: f64) -> f64 {
    let mut z = -special::normal_quantile(upper);
    if upper > 0.25 {
        // Near the median the distance from it has the digits, not the logarithm of the tail.
        for _ in 0..2 {
            z += (0.5 - upper - 0.5 * libm::erf(z * std::f64::consts::FRAC_1_SQRT_2)) / density(z);
        }
    }
    z
}
