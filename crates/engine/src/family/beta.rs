//! Proportions inside (0, 1) with a beta distribution.

use rand::RngCore;
use rand_distr::{Distribution, Gamma as Part};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "beta",
    links: &["logit", "probit", "cloglog", "loglog", "cauchit", "log"],
    shapes: &[positive("phi")],
    support: Support::OpenUnit,
    weights: WeightRole::Cases,
    density: "Proportions strictly between 0 and 1.

p(y) = y^(a - 1) (1 - y)^(b - 1) / B(a, b) with a = mu phi and b = (1 - mu) phi, mean mu and variance
mu (1 - mu) / (1 + phi). A prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log
phi. Source: Ferrari and Cribari-Neto (2004), Journal of Applied Statistics 31, 799-815.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(Beta, link::by_name(link)?, fixed, parts)
}

struct Beta;

/// log of the beta density with a = exp(log_mu + log_phi), b = exp(log_rest + log_phi).
pub(crate) fn log_beta<const K: usize>(y: f64, log_mu: Jet<K>, log_rest: Jet<K>, log_phi: Jet<K>) -> Jet<K> {
    let (a, b) = ((log_mu + log_phi).exp(), (log_rest + log_phi).exp());
    // lgamma(x) is x log x - x - rest(x): the large parts are those of a binomial entropy.
    let entropy = -(a * log_mu) - b * log_rest;
    let rests = a.gamma_rest() + b.gamma_rest() - log_phi.exp().gamma_rest();
    rests + entropy + a * y.ln() + b * (-y).ln_1p() - (y.ln() + (-y).ln_1p())
}

/// A draw of it.
pub(crate) fn draw_beta(rng: &mut dyn RngCore, mu: f64, phi: f64) -> f64 {
    let (a, b) = (mu * phi, (1.0 - mu) * phi);
    match (Part::new(a, 1.0), Part::new(b, 1.0)) {
        (Ok(first), Ok(second)) => {
            let (x, z): (f64, f64) = (first.sample(rng), second.sample(rng));
            // Kept inside: what lies nearer to a bound than any number does is the number next to it.
            (x / (x + z)).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0)
        }
        _ => f64::NAN,
    }
}

impl Law for Beta {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        log_beta(y, mean.log(), mean.log_rest(), psi[0])
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        Moments { mean: mu, variance: mu * (1.0 - mu) / (1.0 + psi[0].exp()), zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        draw_beta(rng, mean.value().value, psi[0].exp())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y.clamp(0.01, 0.99)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let ratio = mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / (mu * (1.0 - mu)));
        vec![(1.0 / ratio - 1.0).clamp(0.1, 1e4).ln()]
    }
}
