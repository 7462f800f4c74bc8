//! Tail probabilities and quantiles of the normal, t, F and chi-squared distributions, with full relative accuracy in
//! both tails.
//!
//! F and chi-squared are seen through w = log x. There their densities are log-concave, with exponential tails, so that
//! fractions, integrals and Newton's method behave alike for all degrees of freedom. Notation: a = df1 / 2, b = df2 / 2,
//! n = a + b; x is the share df1 f / (df1 f + df2) with distribution Beta(a, b), y = 1 - x.
//!
//! | file | holds |
//! |---|---|
//! | `laws` | what callers ask: tails and quantiles, at the edges too |
//! | `beta` | regularised incomplete beta function at a value of F |
//! | `gamma` | regularised incomplete gamma function |
//! | `normal` | normal tails and quantiles |
//! | `log_concave` | integral from a point to the end of a log-concave density |
//! | `quantile` | where a tail has a given probability |
//! | `double_double` | numbers of 32 digits, for the exponents of densities |

mod beta;
mod double_double;
mod gamma;
mod laws;
mod log_concave;
mod normal;
mod quantile;
#[cfg(test)]
mod tests;

pub use laws::{
    chi_squared_quantile, chi_squared_tail, f_quantile, f_tail, normal_quantile, normal_tail, t_quantile, t_tail,
};

/// The side of a point whose probability is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Lower,
    Upper,
}

impl Side {
    fn other(self) -> Self {
        if self == Self::Lower { Self::Upper } else { Self::Lower }
    }

    /// The lower and the upper tail, when the one on this side is `p`.
    fn both(self, p: f64) -> (f64, f64) {
        if self == Self::Lower { (p, 1.0 - p) } else { (1.0 - p, p) }
    }
}

/// A point of a distribution on the positive numbers.
trait Tails {
    fn lower(&self) -> f64;

    fn upper(&self) -> f64;

    /// Density in w = log x.
    fn density(&self) -> f64;

    fn tail(&self, side: Side) -> f64 {
        if side == Side::Lower { self.lower() } else { self.upper() }
    }
}
