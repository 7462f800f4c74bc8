//! What laws of counts share.

use super::jet::Jet;
use super::special::saturated_count;

/// log y!.
pub(crate) fn log_factorial(y: f64) -> f64 {
    if y > 0.0 { y * y.ln() - y - saturated_count(y) } else { 0.0 }
}

/// y x, where no count times anything is nothing.
pub(crate) fn counted<const K: usize>(y: f64, x: Jet<K>) -> Jet<K> {
    if y == 0.0 { Jet::constant(0.0) } else { x * y }
}

/// The negative binomial density, of which `t` is one over the size and `log1p` log(1 + mu t).
pub(crate) fn log_negative_binomial<const K: usize>(y: f64, log_mu: Jet<K>, t: Jet<K>, log1p: Jet<K>) -> Jet<K> {
    counted(y, log_mu - log1p) - log1p / t + t.log_rising(y) - log_factorial(y)
}

/// A mean to start from, as R's `mustart` of negative binomial counts.
pub(crate) fn start_mean(y: f64) -> f64 {
    if y == 0.0 { 1.0 / 6.0 } else { y }
}
