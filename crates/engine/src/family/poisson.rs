//! Poisson counts.

use rand::RngCore;
use rand_distr::{Distribution, Poisson as Draws};

use crate::family::link::{Link, Log};
use crate::family::single::{Row, Single};
use crate::family::special::{expm1_minus, saturated_count, times};
use crate::family::{About, Family, Support, WeightRole};

pub(crate) static ABOUT: About = About {
    name: "poisson",
    links: &["log"],
    shapes: &[],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts whose variance is their mean.

P(y = k) = mu^k exp(-mu) / k! with mean and variance mu; a prior weight multiplies the log-likelihood of its row
(McCullagh and Nelder 1989, chapter 6).",
};

pub(crate) fn make(link: &str, _fixed: &[f64]) -> Option<Box<dyn Family>> {
    match link {
        "log" => Some(Box::new(Single(LogLinear))),
        _ => None,
    }
}

/// Counts from which on the log-likelihood is measured from that of the saturated model.
const LARGE: f64 = 1e4;

fn constant(y: f64, weight: f64) -> f64 {
    if y <= 0.0 {
        return 0.0;
    }
    weight * (saturated_count(y) - if y > LARGE { 0.0 } else { y * y.ln() - y })
}

/// The canonical pair.
struct LogLinear;

impl Row for LogLinear {
    type Setting = ();
    const CANONICAL: bool = true;

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &Log
    }

    fn setting(&self, _psi: &[f64]) {}

    fn constant(&self, y: f64, weight: f64) -> f64 {
        constant(y, weight)
    }

    #[inline(always)]
    fn row(&self, (): &(), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let mu = eta.exp();
        let l = if y > LARGE { -y * expm1_minus(eta - y.ln()) } else { y * eta - mu };
        let w = weight * mu;
        [weight * l, weight * (y - mu), w, w]
    }

    fn variance(&self, (): &(), mu: f64) -> f64 {
        mu
    }

    fn unit_deviance(&self, (): &(), y: f64, mu: f64) -> f64 {
        deviance(y, mu)
    }

    fn draw(&self, (): &(), rng: &mut dyn RngCore, mu: f64, _weight: f64) -> f64 {
        draw(rng, mu)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + 0.1
    }
}

fn deviance(y: f64, mu: f64) -> f64 {
    2.0 * (times(y, (y / mu).ln()) - (y - mu))
}

/// A count of mean mu; NaN where there is none.
pub(crate) fn draw(rng: &mut dyn RngCore, mu: f64) -> f64 {
    if mu == 0.0 {
        return 0.0;
    }
    Draws::new(mu).map_or(f64::NAN, |law| law.sample(rng))
}
