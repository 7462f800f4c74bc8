//! Generalised Poisson counts.

use rand::{Rng, RngCore};

use crate::family::composed::composed;
use crate::family::counts::{self, counted, log_factorial};
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "genpois",
    links: &["log", "sqrt", "identity"],
    shapes: &[positive("phi")],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts whose variance is a multiple of their mean, larger or smaller.

P(y = k) = a (a + b k)^(k - 1) exp(-a - b k) / k!, with a = mu / sqrt(phi) and b = 1 - 1 / sqrt(phi), mean mu and
variance phi mu. Below phi = 1 counts with a + b k < 0 have no probability, and what is left adds up to 1 only nearly. A
prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log phi. Source: Consul and
Famoye (1992), Communications in Statistics: Theory and Methods 21, 89-109.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(GeneralisedPoisson, link::by_name(link)?, fixed, parts)
}

pub(crate) struct GeneralisedPoisson;

impl Law for GeneralisedPoisson {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_a = mean.log() - psi[0] * 0.5;
        let a = log_a.exp();
        let b = -(psi[0] * -0.5).exp_m1();
        // a + b y over a.
        let ratio = b * y / a;
        if y > 0.0 && ratio.value <= -1.0 {
            return Jet::constant(f64::NEG_INFINITY);
        }
        let power = if y == 0.0 { Jet::constant(0.0) } else { ratio.ln_1p() * (y - 1.0) };
        counted(y, log_a) + power - a - b * y - log_factorial(y)
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        Moments { mean: mu, variance: mu * psi[0].exp(), zero: (-mu * (-0.5 * psi[0]).exp()).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        // By inversion, count after count; the sum ends where nothing is left to add.
        let psi: Vec<Jet<0>> = psi.iter().map(|&p| Jet::constant(p)).collect();
        let moments = self.moments(1.0, mean, &[psi[0].value]);
        let most = (moments.mean + 60.0 * moments.variance.sqrt() + 200.0).ceil();
        let mass = |y: f64| self.log_density(y, 1.0, mean, &psi).value.exp();
        let mut left: f64 = rng.random();
        let mut y = 0.0;
        while y < most {
            left -= mass(y);
            if left <= 0.0 {
                break;
            }
            y += 1.0;
        }
        y
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        counts::start_mean(y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        vec![mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / mu).clamp(1.05, 1e3).ln()]
    }
}
