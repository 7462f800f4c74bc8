//! Gamma: positive responses with a constant coefficient of variation.

use rand::RngCore;
use rand_distr::{Distribution, Gamma as Draws};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::link::{Identity, Inverse, Link, Log, Powers};
use crate::family::moments::{Positive, mean_square};
use crate::family::row::Row;
use crate::family::single::Single;
use crate::family::special::{HALF_LOG_TWO_PI, log_minus, log_minus_digamma, polygamma_gap, stirling};
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "Gamma",
    links: &["inverse", "log", "identity"],
    shapes: &[positive("shape")],
    support: Support::Positive,
    weights: WeightRole::Precision,
    density: "Positive responses whose standard deviation is proportional to their mean.

p(y) = (a / mu)^a y^(a - 1) exp(-a y / mu) / Gamma(a) with shape a, mean mu and variance mu^2 / a: the dispersion is
1 / a. A row of prior weight w has shape w a. The parameter estimated is psi = log a. Source: McCullagh and Nelder
(1989), Generalized Linear Models, chapter 8.",
};

pub(crate) fn make(link: &str, fixed: &[f64]) -> Option<Box<dyn Family>> {
    let shape = Positive::new(fixed);
    Some(match link {
        "inverse" => Box::new(Single(Gamma { link: Inverse, shape })),
        "log" => Box::new(Single(Gamma { link: Log, shape })),
        "identity" => Box::new(Single(Gamma { link: Identity, shape })),
        _ => return None,
    })
}

struct Gamma<L> {
    link: L,
    shape: Positive,
}

/// a log a - a - lgamma(a): the log-density at y = mu = 1.
fn peak(a: f64) -> f64 {
    0.5 * a.ln() - HALF_LOG_TWO_PI - stirling(a)
}

/// log(y / mu) - y / mu + 1.
fn fall<L: Powers>(link: &L, y: f64, eta: f64) -> f64 {
    let ratio = y * link.power(-1.0, eta)[0];
    if (0.6..=1.6).contains(&ratio) {
        log_minus(ratio - 1.0, ratio)
    } else {
        y.ln() - link.log_mean(eta)[0] - ratio + 1.0
    }
}

impl<L: Powers> Row for Gamma<L> {
    /// The shape, and `peak` of it.
    type Setting = (f64, f64);

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &self.link
    }

    fn canonical(&self) -> bool {
        L::POWER == -1.0
    }

    fn shapes(&self) -> usize {
        self.shape.free()
    }

    fn setting(&self, psi: &[f64]) -> (f64, f64) {
        let shape = self.shape.value(psi);
        (shape, peak(shape))
    }

    fn constant(&self, y: f64, _weight: f64) -> f64 {
        -y.ln()
    }

    #[inline(always)]
    fn row(&self, &(shape, own_peak): &(f64, f64), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let a = weight * shape;
        let (inverse, log_mu) = (self.link.power(-1.0, eta), self.link.log_mean(eta));
        let peak = if weight == 1.0 { own_peak } else { peak(a) };
        let derivative = |k: usize| -a * (y * inverse[k] + log_mu[k]);
        [a * fall(&self.link, y, eta) + peak, derivative(1), -derivative(2), -derivative(3)]
    }

    fn shape_row(&self, at: &(f64, f64), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let a = weight * at.0;
        let fall = fall(&self.link, y, eta);
        let [_, g, w, _] = self.row(at, y, weight, eta);
        [a * (fall + log_minus_digamma(a)), g, w, a * (fall + polygamma_gap(a))]
    }

    #[inline(always)]
    fn expected_row(&self, &(shape, _): &(f64, f64), weight: f64, eta: f64) -> [f64; 3] {
        let [_, slope, bend, _] = self.link.log_mean(eta);
        let w = weight * shape * slope * slope;
        [w, 2.0 * weight * shape * slope * bend, w]
    }

    fn variance(&self, _at: &(f64, f64), mu: f64) -> f64 {
        mu * mu
    }

    fn dispersion(&self, at: &(f64, f64)) -> f64 {
        1.0 / at.0
    }

    fn unit_deviance(&self, _at: &(f64, f64), y: f64, mu: f64) -> f64 {
        -2.0 * log_minus((y - mu) / mu, y / mu)
    }

    fn draw(&self, at: &(f64, f64), rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64 {
        draw(rng, mu, weight * at.0)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_shape(self.shape, rows, mu)
    }
}

fn draw(rng: &mut dyn RngCore, mu: f64, shape: f64) -> f64 {
    Draws::new(shape, mu / shape).map_or(f64::NAN, |law| law.sample(rng))
}

fn start_shape(shape: Positive, rows: Response, mu: &[f64]) -> Vec<f64> {
    shape.start(1.0 / mean_square(rows, mu, |y, mu| (y / mu - 1.0).powi(2)), (1e-3, 1e6))
}

/// With predictors of zeros or of the shape, or other weights.
pub(crate) fn with_parts(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(GammaLaw, link::by_name(link)?, fixed, parts)
}

/// The same over jets.
struct GammaLaw;

impl Law for GammaLaw {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let a = psi[0].exp() * weight;
        let distance = y.ln() - mean.log();
        a * (distance - distance.exp_m1()) + a.gamma_rest() - y.ln()
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        Moments { mean: mu, variance: mu * mu / (weight * psi[0].exp()), zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        draw(rng, mean.value().value, weight * psi[0].exp())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_shape(Positive(None), rows, mu)
    }
}
