//! Normal errors around a mean with any link.

use rand::RngCore;
use rand_distr::{Distribution, StandardNormal};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::link::{self, Identity, Link, Log};
use crate::family::moments::{Positive, mean_square};
use crate::family::row::Row;
use crate::family::single::Single;
use crate::family::special::HALF_LOG_TWO_PI;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, positive};

pub(crate) static ABOUT: About = About {
    name: "gaussian",
    links: &["identity", "log", "inverse", "sqrt", "1/mu^2", "logit", "probit", "cauchit", "cloglog", "loglog"],
    shapes: &[positive("sigma")],
    support: Support::Real,
    weights: WeightRole::Precision,
    density: "Normal errors around the mean.

p(y) = exp(-(y - mu)^2 / (2 sigma^2)) / (sigma sqrt(2 pi)), with mean mu and variance sigma^2, which is the dispersion.
A row of prior weight w has variance sigma^2 / w. The parameter estimated is psi = log sigma. Source: McCullagh and
Nelder (1989), Generalized Linear Models, chapter 3.",
};

pub(crate) fn make(link: &str, fixed: &[f64]) -> Option<Box<dyn Family>> {
    let sigma = Positive::new(fixed);
    Some(match link {
        "identity" => Box::new(Single(Gaussian { link: Identity, canonical: true, sigma })),
        "log" => Box::new(Single(Gaussian { link: Log, canonical: false, sigma })),
        other if ABOUT.links.contains(&other) => {
            Box::new(Single(Gaussian { link: link::by_name(other)?, canonical: false, sigma }))
        }
        _ => return None,
    })
}

struct Gaussian<L> {
    link: L,
    canonical: bool,
    sigma: Positive,
}

impl<L: Link> Row for Gaussian<L> {
    /// 1 / sigma^2 and log sigma.
    type Setting = (f64, f64);

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &self.link
    }

    fn canonical(&self) -> bool {
        self.canonical
    }

    fn shapes(&self) -> usize {
        self.sigma.free()
    }

    fn setting(&self, psi: &[f64]) -> (f64, f64) {
        let sigma = self.sigma.value(psi);
        (1.0 / (sigma * sigma), sigma.ln())
    }

    fn constant(&self, _y: f64, weight: f64) -> f64 {
        0.5 * weight.ln() - HALF_LOG_TWO_PI
    }

    #[inline(always)]
    fn row(&self, &(precision, log_sigma): &(f64, f64), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let tau = weight * precision;
        let [mu, first, second, third] = self.link.derivatives(eta);
        let r = y - mu;
        [
            -0.5 * tau * r * r - log_sigma,
            tau * r * first,
            tau * (first * first - r * second),
            tau * (3.0 * first * second - r * third),
        ]
    }

    fn shape_row(&self, at: &(f64, f64), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let r = y - self.link.mean(eta);
        let square = weight * at.0 * r * r;
        let [_, g, w, _] = self.row(at, y, weight, eta);
        [square - 1.0, -2.0 * g, -2.0 * w, -2.0 * square]
    }

    #[inline(always)]
    fn expected_row(&self, &(precision, _): &(f64, f64), weight: f64, eta: f64) -> [f64; 3] {
        let tau = weight * precision;
        let [_, first, second, _] = self.link.derivatives(eta);
        [tau * first * first, 2.0 * tau * first * second, -2.0 * tau * first * first]
    }

    fn variance(&self, _at: &(f64, f64), _mu: f64) -> f64 {
        1.0
    }

    fn dispersion(&self, at: &(f64, f64)) -> f64 {
        1.0 / at.0
    }

    fn unit_deviance(&self, _at: &(f64, f64), y: f64, mu: f64) -> f64 {
        (y - mu) * (y - mu)
    }

    fn draw(&self, at: &(f64, f64), rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64 {
        draw(rng, mu, 1.0 / (at.0 * weight).sqrt())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        link::nearest_mean(&self.link, y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_sigma(self.sigma, rows, mu)
    }
}

fn draw(rng: &mut dyn RngCore, mu: f64, sd: f64) -> f64 {
    let z: f64 = StandardNormal.sample(rng);
    mu + z * sd
}

/// The logarithm of a scale by the residuals of starting means; nothing where it is fixed.
pub(crate) fn start_sigma(sigma: Positive, rows: Response, mu: &[f64]) -> Vec<f64> {
    sigma.start(mean_square(rows, mu, |y, mu| (y - mu) * (y - mu)).sqrt(), (1e-150, 1e150))
}

/// With predictors of zeros or of sigma, or other weights.
pub(crate) fn with_parts(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(GaussianLaw, link::by_name(link)?, fixed, parts)
}

/// The same over jets.
struct GaussianLaw;

impl Law for GaussianLaw {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let z = (y - mean.value()) * (-psi[0]).exp();
        -(z * z) * (0.5 * weight) - psi[0] + (0.5 * weight.ln() - HALF_LOG_TWO_PI)
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        Moments { mean: mean.value().value, variance: (2.0 * psi[0]).exp() / weight, zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        draw(rng, mean.value().value, psi[0].exp() / weight.sqrt())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_sigma(Positive(None), rows, mu)
    }
}
