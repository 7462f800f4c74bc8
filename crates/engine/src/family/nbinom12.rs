//! Negative binomial counts whose variance has a linear and a quadratic part.

use rand::RngCore;

use crate::family::composed::composed;
use crate::family::counts::{self, log_negative_binomial};
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::negative_binomial;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "nbinom12",
    links: &["log", "sqrt", "identity"],
    shapes: &[positive("phi"), positive("psi")],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts whose variance has a linear and a quadratic part.

A negative binomial count with mean mu and variance mu (1 + phi + mu / psi): nbinom1 for large psi, nbinom2 for phi near
0. A prior weight multiplies the log-likelihood of its row. The parameters estimated are log phi and log psi. Source:
Brooks, Kristensen, van Benthem and others (2017), The R Journal 9, 378-400.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 3>(Both, link::by_name(link)?, fixed, parts)
}

struct Both;

/// What the variance exceeds the mean by, over the mean.
fn excess(mu: f64, psi: &[f64]) -> f64 {
    psi[0].exp() + mu * (-psi[1]).exp()
}

impl Law for Both {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_mu = mean.log();
        let quadratic = (-psi[1]).exp();
        let t = (psi[0] - log_mu).exp() + quadratic;
        log_negative_binomial(y, log_mu, t, (psi[0].exp() + log_mu.exp() * quadratic).ln_1p())
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        let over = excess(mu, psi);
        Moments { mean: mu, variance: mu * (1.0 + over), zero: (-mu * (over.ln_1p() / over)).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let mu = mean.value().value;
        negative_binomial::draw(rng, mu, mu / excess(mu, psi))
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        counts::start_mean(y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let linear = mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / mu - 1.0).clamp(0.01, 1e3);
        let quadratic = mean_square(rows, mu, |y, mu| ((y - mu) * (y - mu) - mu) / (mu * mu)).clamp(0.01, 10.0);
        vec![(0.5 * linear).ln(), -(0.5 * quadratic).ln()]
    }
}
