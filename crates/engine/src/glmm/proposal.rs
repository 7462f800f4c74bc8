//! What is drawn around a mode: Student's t in d dimensions, so that no weight is unbounded.
//!
//! Where data say little the integrand falls off like the random effects' own density, more slowly than the normal
//! density at the mode, and the weights of normal draws have no variance. The tails are as light as the number of
//! dimensions allows: the more there are, the closer all draws must lie to the normal ones' shell.

use libm::lgamma;
use rand::rngs::StdRng;
use rand_distr::{ChiSquared, Distribution};

/// Degrees of freedom: of one dimension, and more for every other one.
/// Found by trying: with less the normal leaves cost draws, with more the skewed ones do.
const LEAST: f64 = 7.0;
const MORE: f64 = 4.0;

pub(crate) struct Proposal {
    d: f64,
    freedom: f64,
    chi: Option<ChiSquared<f64>>,
    /// Logarithm of the normal density at zero over this one.
    constant: f64,
}

impl Proposal {
    pub(crate) fn new(dimensions: usize) -> Self {
        let d = dimensions as f64;
        let freedom = LEAST + MORE * (d - 1.0);
        let constant = lgamma(0.5 * freedom) - lgamma(0.5 * (freedom + d)) + 0.5 * d * (0.5 * freedom).ln();
        Self { d, freedom, chi: ChiSquared::new(freedom).ok(), constant }
    }

    /// What a standard normal vector is multiplied by.
    pub(crate) fn stretch(&self, rng: &mut StdRng) -> f64 {
        self.chi.map_or(1.0, |chi| (self.freedom / chi.sample(rng)).sqrt())
    }

    /// What a vector of this squared length adds to log w: minus its log density, less (d / 2) log 2 pi.
    pub(crate) fn log_weight(&self, square: f64) -> f64 {
        self.constant + 0.5 * (self.freedom + self.d) * (square / self.freedom).ln_1p()
    }
}
