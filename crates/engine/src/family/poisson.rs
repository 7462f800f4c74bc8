//! Poisson counts.

use rand::{Rng, RngCore};
use rand_distr::{Distribution, Poisson as Draws};

use crate::family::composed::composed;
use crate::family::counts::{counted, log_factorial};
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::link::{Identity, Link, Log, Powers, Sqrt};
use crate::family::row::Row;
use crate::family::single::Single;
use crate::family::special::{expm1_minus, log_minus, saturated_count, times};
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link};

pub(crate) static ABOUT: About = About {
    name: "poisson",
    links: &["log", "sqrt", "identity"],
    shapes: &[],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts whose variance is their mean.

P(y = k) = mu^k exp(-mu) / k!, with mean and variance mu; a prior weight multiplies the log-likelihood of its row.
Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 6.",
};

pub(crate) fn make(link: &str, _fixed: &[f64]) -> Option<Box<dyn Family>> {
    Some(match link {
        "log" => Box::new(Single(Poisson(Log))),
        "sqrt" => Box::new(Single(Poisson(Sqrt))),
        "identity" => Box::new(Single(Poisson(Identity))),
        _ => return None,
    })
}

/// With a predictor of zeros, or other weights.
pub(crate) fn with_parts(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 1>(PoissonLaw, link::by_name(link)?, fixed, parts)
}

/// Added to a count for a mean to start from, as R's.
const START: f64 = 0.1;

/// Counts from which on the log-likelihood is measured from that of the saturated model.
const LARGE: f64 = 1e4;

struct Poisson<L>(L);

impl<L: Powers> Row for Poisson<L> {
    type Setting = ();

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &self.0
    }

    fn canonical(&self) -> bool {
        L::POWER == 0.0
    }

    fn setting(&self, _psi: &[f64]) {}

    fn constant(&self, y: f64, weight: f64) -> f64 {
        if y <= 0.0 {
            return 0.0;
        }
        weight * (saturated_count(y) - if y > LARGE { 0.0 } else { y * y.ln() - y })
    }

    #[inline(always)]
    fn row(&self, (): &(), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let (mu, log_mu) = (self.0.power(1.0, eta), self.0.log_mean(eta));
        let l = if y > LARGE { -y * expm1_minus(log_mu[0] - y.ln()) } else { times(y, log_mu[0]) - mu[0] };
        // A link of a power knows means that are negative, or none at all.
        let l = if L::POWER == 0.0 || eta > 0.0 { l } else { f64::NAN };
        let derivative = |k: usize| weight * (y * log_mu[k] - mu[k]);
        [weight * l, derivative(1), -derivative(2), -derivative(3)]
    }

    // Of the canonical link.
    const LANES: bool = L::POWER == 0.0;

    #[inline(always)]
    fn lane(&self, (): &(), y: f64, weight: f64, eta: f64, mu: f64, _log1p: f64) -> [f64; 4] {
        let w = weight * mu;
        [weight * (times(y, eta) - mu), weight * (y - mu), w, w]
    }

    #[inline(always)]
    fn aside(&self, y: f64, _weight: f64) -> bool {
        y > LARGE
    }

    #[inline(always)]
    fn expected_row(&self, (): &(), weight: f64, eta: f64) -> [f64; 3] {
        let ([mu, first, ..], [_, slope, bend, _]) = (self.0.power(1.0, eta), self.0.log_mean(eta));
        [weight * mu * slope * slope, weight * slope * (first * slope + 2.0 * mu * bend), 0.0]
    }

    fn variance(&self, (): &(), mu: f64) -> f64 {
        mu
    }

    fn unit_deviance(&self, (): &(), y: f64, mu: f64) -> f64 {
        if y > 0.0 { -2.0 * y * log_minus((mu - y) / y, mu / y) } else { 2.0 * mu }
    }

    fn draw(&self, (): &(), rng: &mut dyn RngCore, mu: f64, _weight: f64) -> f64 {
        draw(rng, mu)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + START
    }
}

/// A count of mean mu; NaN where there is none.
pub(crate) fn draw(rng: &mut dyn RngCore, mu: f64) -> f64 {
    if mu == 0.0 {
        return 0.0;
    }
    Draws::new(mu).map_or(f64::NAN, |law| law.sample(rng))
}

/// A count above 0 of a Poisson variable of mean mu: its first arrival, and those after it.
pub(crate) fn draw_positive(rng: &mut dyn RngCore, mu: f64) -> f64 {
    let u: f64 = rng.random();
    let first = -(u * (-mu).exp_m1()).ln_1p();
    1.0 + draw(rng, (mu - first).max(0.0))
}

/// The same over jets.
pub(crate) struct PoissonLaw;

impl Law for PoissonLaw {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, _psi: &[Jet<K>]) -> Jet<K> {
        counted(y, mean.log()) - mean.value() - log_factorial(y)
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, _psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        Moments { mean: mu, variance: mu, zero: (-mu).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, _psi: &[f64]) -> f64 {
        draw(rng, mean.value().value)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + START
    }

    fn start_shapes(&self, _rows: Response, _mu: &[f64]) -> Vec<f64> {
        Vec::new()
    }
}
