//! What a distribution says of one row, written once over jets: `composed.rs` makes families of it, with or without a
//! predictor of its dispersion and zero inflation.

use rand::RngCore;

use super::jet::Jet;
use super::link::Link;
use super::{About, Moments, Response};

/// The mean of a row: its link, and its linear predictor as a variable.
pub(crate) struct Mean<'a, const K: usize> {
    pub link: &'a dyn Link,
    pub eta: Jet<K>,
}

impl<const K: usize> Mean<'_, K> {
    pub(crate) fn value(&self) -> Jet<K> {
        self.eta.through(self.link.derivatives(self.eta.value))
    }

    /// log mu.
    pub(crate) fn log(&self) -> Jet<K> {
        self.eta.through(self.link.log_mean(self.eta.value))
    }

    /// log(1 - mu).
    pub(crate) fn log_rest(&self) -> Jet<K> {
        self.eta.through(self.link.log_rest(self.eta.value))
    }
}

/// psi[0] is the logarithm of the dispersion parameter phi, where the distribution has one; the others are further
/// shapes. All of `About::shapes` are there, fixed ones as constants.
pub(crate) trait Law: Send + Sync + 'static {
    fn about(&self) -> &'static About;

    /// log p(y), all constants included; `weight` is 1 where weights multiply outside. NaN where there is no such
    /// density.
    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K>;

    /// Whether 0 is a value of positive probability: zero inflation then mixes, otherwise it is a hurdle.
    fn mass_at_zero(&self) -> bool;

    fn moments(&self, weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments;

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64;

    /// A mean to start from.
    fn start_mean(&self, y: f64, weight: f64) -> f64;

    /// psi to start from, given means.
    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64>;
}
