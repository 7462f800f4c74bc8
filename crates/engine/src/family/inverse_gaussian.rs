//! Inverse Gaussian: positive responses with a long right tail.

use rand::RngCore;
use rand_distr::{Distribution, InverseGaussian as Draws};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::link::{Identity, Inverse, InverseSquare, Link, Log, Powers};
use crate::family::moments::{Positive, mean_square};
use crate::family::row::Row;
use crate::family::single::Single;
use crate::family::special::HALF_LOG_TWO_PI;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "inverse.gaussian",
    links: &["1/mu^2", "log", "inverse", "identity"],
    shapes: &[positive("lambda")],
    support: Support::Positive,
    weights: WeightRole::Precision,
    density: "Positive responses whose variance grows with the cube of their mean.

p(y) = sqrt(lambda / (2 pi y^3)) exp(-lambda (y - mu)^2 / (2 mu^2 y)), with mean mu and variance mu^3 / lambda: the
dispersion is 1 / lambda. A row of prior weight w has w lambda. The parameter estimated is psi = log lambda. Source:
Chhikara and Folks (1989), The Inverse Gaussian Distribution.",
};

pub(crate) fn make(link: &str, fixed: &[f64]) -> Option<Box<dyn Family>> {
    let lambda = Positive::new(fixed);
    Some(match link {
        "1/mu^2" => Box::new(Single(InverseGaussian { link: InverseSquare, lambda })),
        "log" => Box::new(Single(InverseGaussian { link: Log, lambda })),
        "inverse" => Box::new(Single(InverseGaussian { link: Inverse, lambda })),
        "identity" => Box::new(Single(InverseGaussian { link: Identity, lambda })),
        _ => return None,
    })
}

struct InverseGaussian<L> {
    link: L,
    lambda: Positive,
}

/// (y - mu)^2 / (2 mu^2 y), NaN where mu is not positive.
#[inline(always)]
fn distance<L: Powers>(link: &L, y: f64, eta: f64) -> f64 {
    let inverse = link.power(-1.0, eta)[0];
    let relative = y * inverse - 1.0;
    if inverse > 0.0 { 0.5 * relative * relative / y } else { f64::NAN }
}

impl<L: Powers> Row for InverseGaussian<L> {
    /// lambda and its logarithm.
    type Setting = (f64, f64);

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &self.link
    }

    fn canonical(&self) -> bool {
        L::POWER == -2.0
    }

    fn shapes(&self) -> usize {
        self.lambda.free()
    }

    fn setting(&self, psi: &[f64]) -> (f64, f64) {
        let lambda = self.lambda.value(psi);
        (lambda, lambda.ln())
    }

    fn constant(&self, y: f64, weight: f64) -> f64 {
        0.5 * weight.ln() - HALF_LOG_TWO_PI - 1.5 * y.ln()
    }

    #[inline(always)]
    fn row(&self, &(lambda, log_lambda): &(f64, f64), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let scale = weight * lambda;
        let (square, inverse) = (self.link.power(-2.0, eta), self.link.power(-1.0, eta));
        let derivative = |k: usize| scale * (inverse[k] - 0.5 * y * square[k]);
        [0.5 * log_lambda - scale * distance(&self.link, y, eta), derivative(1), -derivative(2), -derivative(3)]
    }

    fn shape_row(&self, at: &(f64, f64), y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let bend = -weight * at.0 * distance(&self.link, y, eta);
        let [_, g, w, _] = self.row(at, y, weight, eta);
        [0.5 + bend, g, w, bend]
    }

    #[inline(always)]
    fn expected_row(&self, &(lambda, _): &(f64, f64), weight: f64, eta: f64) -> [f64; 3] {
        let ([inverse, first, ..], [_, slope, bend, _]) = (self.link.power(-1.0, eta), self.link.log_mean(eta));
        let scale = weight * lambda * slope;
        let w = scale * slope * inverse;
        [w, scale * (2.0 * bend * inverse + slope * first), w]
    }

    fn variance(&self, _at: &(f64, f64), mu: f64) -> f64 {
        mu * mu * mu
    }

    fn dispersion(&self, at: &(f64, f64)) -> f64 {
        1.0 / at.0
    }

    fn unit_deviance(&self, _at: &(f64, f64), y: f64, mu: f64) -> f64 {
        let relative = (y - mu) / mu;
        relative * relative / y
    }

    fn draw(&self, at: &(f64, f64), rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64 {
        draw(rng, mu, weight * at.0)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_lambda(self.lambda, rows, mu)
    }
}

fn draw(rng: &mut dyn RngCore, mu: f64, lambda: f64) -> f64 {
    Draws::new(mu, lambda).map_or(f64::NAN, |law| law.sample(rng))
}

fn start_lambda(lambda: Positive, rows: Response, mu: &[f64]) -> Vec<f64> {
    lambda.start(1.0 / mean_square(rows, mu, |y, mu| (y / mu - 1.0).powi(2) / y), (1e-6, 1e9))
}

/// With predictors of zeros or of lambda, or other weights.
pub(crate) fn with_parts(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(InverseGaussianLaw, link::by_name(link)?, fixed, parts)
}

/// The same over jets.
struct InverseGaussianLaw;

impl Law for InverseGaussianLaw {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let mu = mean.value();
        let distance = y / mu - 1.0;
        let lambda = psi[0].exp() * weight;
        -(lambda * distance * distance) / (2.0 * y)
            + psi[0] * 0.5
            + (0.5 * weight.ln() - HALF_LOG_TWO_PI - 1.5 * y.ln())
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        Moments { mean: mu, variance: mu * mu * mu / (weight * psi[0].exp()), zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        draw(rng, mean.value().value, weight * psi[0].exp())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_lambda(Positive(None), rows, mu)
    }
}
