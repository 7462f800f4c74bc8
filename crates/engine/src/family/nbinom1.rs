//! Negative binomial counts with linear variance.

use rand::RngCore;

use crate::family::composed::composed;
use crate::family::counts::{self, log_negative_binomial};
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::negative_binomial;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "nbinom1",
    links: &["log", "sqrt", "identity"],
    shapes: &[positive("phi")],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts whose variance is a multiple of their mean.

A negative binomial count of size mu / phi, with mean mu and variance mu (1 + phi); phi near 0 is nearly Poisson. A
prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log phi. Source: Hardin and
Hilbe (2007), Generalized Linear Models and Extensions, section 13.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(Linear, link::by_name(link)?, fixed, parts)
}

pub(crate) struct Linear;

impl Law for Linear {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_mu = mean.log();
        log_negative_binomial(y, log_mu, (psi[0] - log_mu).exp(), psi[0].exp().ln_1p())
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let (mu, phi) = (mean.value().value, psi[0].exp());
        Moments { mean: mu, variance: mu * (1.0 + phi), zero: (-mu * (phi.ln_1p() / phi)).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let mu = mean.value().value;
        negative_binomial::draw(rng, mu, mu / psi[0].exp())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        counts::start_mean(y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let excess = mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / mu - 1.0);
        vec![excess.clamp(0.01, 1e3).ln()]
    }
}
