//! Positive responses whose logarithm is normal.

use rand::RngCore;
use rand_distr::{Distribution, StandardNormal};

use crate::family::composed::composed;
use crate::family::gaussian::start_sigma;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::Positive;
use crate::family::special::HALF_LOG_TWO_PI;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "lognormal",
    links: &["log", "identity", "inverse", "sqrt"],
    shapes: &[positive("sigma")],
    support: Support::Positive,
    weights: WeightRole::Cases,
    density: "Positive responses whose logarithm is normal, by their own mean and standard deviation.

log y is normal with variance s^2 = log(1 + (sigma / mu)^2) and mean log mu - s^2 / 2, so that y has mean mu and
variance sigma^2. A prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log sigma.
Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, chapter 14.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(LogNormal, link::by_name(link)?, fixed, parts)
}

struct LogNormal;

impl Law for LogNormal {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_mu = mean.log();
        let variance = ((psi[0] - log_mu) * 2.0).softplus();
        let z = y.ln() - log_mu + variance * 0.5;
        -(z * z / variance) * 0.5 - variance.ln() * 0.5 - (HALF_LOG_TWO_PI + y.ln())
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        Moments { mean: mean.value().value, variance: (2.0 * psi[0]).exp(), zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let log_mu = mean.log().value;
        let variance = (2.0 * (psi[0] - log_mu)).exp().ln_1p();
        let z: f64 = StandardNormal.sample(rng);
        (log_mu - 0.5 * variance + variance.sqrt() * z).exp()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_sigma(Positive(None), rows, mu)
    }
}
