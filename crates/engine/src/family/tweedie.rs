//! Tweedie responses: an exact zero, or a positive number.

use rand::RngCore;
use rand_distr::{Distribution, Gamma as Jump};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::kept::Kept;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::poisson;
use crate::family::special::lgamma;
use crate::family::{About, Family, Map, Moments, Parts, Response, ShapeAbout, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "tweedie",
    links: &["log", "identity", "inverse", "sqrt"],
    shapes: &[positive("phi"), ShapeAbout { name: "power", map: Map::Between(1.0, 2.0) }],
    support: Support::NonNegative,
    weights: WeightRole::Cases,
    density: "Sums of a random number of gamma variables: exactly 0, or a positive number.

A Poisson number, of mean mu^(2 - p) / (phi (2 - p)), of gamma jumps: mean mu and variance phi mu^p with a power p
between 1 and 2. A prior weight multiplies the log-likelihood of its row. The parameters estimated are log phi and the
logit of p - 1. Source: Dunn and Smyth (2005), Statistics and Computing 15, 267-280.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 3>(Tweedie::default(), link::by_name(link)?, fixed, parts)
}

#[derive(Default)]
struct Tweedie {
    /// `log_sum` by the response, log phi and the logit of p - 1.
    sums: Kept<Jet<2>, 3>,
}

/// Numbers of jumps from which on not every one is looked at.
const MANY: f64 = 300.0;
/// Terms this far below the largest, on the log scale, add nothing.
const NEGLIGIBLE: f64 = 38.0;

/// log of the part of the density that does not depend on the mean, without 1 / y: a sum over numbers of jumps.
fn log_sum<const K: usize>(log_y: f64, log_phi: Jet<K>, logit: Jet<K>) -> Jet<K> {
    // With s = p - 1 and r = 2 - p: the shape of a jump is r / s = exp(-logit).
    let (log_s, log_r) = (-(-logit).softplus(), -logit.softplus());
    let shape = (-logit).exp();
    let slope = shape * (log_y - log_s) - log_phi * (-log_s).exp() - log_r;
    let term = |j: f64| slope * j - (shape * j).lgamma() - lgamma(j + 1.0);
    let size = |j: f64| slope.value * j - lgamma(shape.value * j) - lgamma(j + 1.0);
    let mode = (log_r.value.exp() * log_y - log_phi.value - log_r.value).exp().max(1.0).round();
    // Around a large mode terms follow a bell of this width: a sum with steps of half of it, times the step, is as good
    // as that over every number.
    let width = (mode * log_s.value.exp()).sqrt();
    let step = if mode > MANY { (0.5 * width).floor().max(1.0) } else { 1.0 };
    let top = size(mode);
    let mut sum = Jet::constant(0.0);
    let mut side = |start: f64, step: f64| {
        let mut j = start;
        while j >= 1.0 && size(j) > top - NEGLIGIBLE {
            sum += (term(j) - top).exp();
            j += step;
        }
    };
    side(mode, -step);
    side(mode + step, step);
    (sum * step).ln() + top
}

impl Law for Tweedie {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_mu = mean.log();
        let (log_s, log_r) = (-(-psi[1]).softplus(), -psi[1].softplus());
        // mu^(2 - p) / (2 - p) / phi: the number of jumps that is expected.
        let jumps = (log_r.exp() * log_mu - log_r - psi[0]).exp();
        if y == 0.0 {
            return -jumps;
        }
        // y mu^(1 - p) / (p - 1) / phi.
        let load = (y.ln() - log_s.exp() * log_mu - log_s - psi[0]).exp();
        let [log_phi, logit] = [psi[0].value, psi[1].value];
        let sum = self
            .sums
            .at([y, log_phi, logit], || log_sum(y.ln(), Jet::<2>::variable(log_phi, 0), Jet::variable(logit, 1)));
        sum.of(&[psi[0], psi[1]]) - load - jumps - y.ln()
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let power = ABOUT.shapes[1].map.value(psi[1]);
        let log_mu = mean.log().value;
        let jumps = ((2.0 - power) * log_mu - psi[0]).exp() / (2.0 - power);
        Moments { mean: log_mu.exp(), variance: (psi[0] + power * log_mu).exp(), zero: (-jumps).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let power = ABOUT.shapes[1].map.value(psi[1]);
        let (mu, phi) = (mean.value().value, psi[0].exp());
        let jumps = poisson::draw(rng, mu.powf(2.0 - power) / (phi * (2.0 - power)));
        if jumps == 0.0 {
            return 0.0;
        }
        let shape = jumps * (2.0 - power) / (power - 1.0);
        let scale = phi * (power - 1.0) * mu.powf(power - 1.0);
        Jump::new(shape, scale).map_or(f64::NAN, |law| law.sample(rng))
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y.max(0.1)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        vec![mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / mu.powf(1.5)).clamp(1e-6, 1e6).ln(), 0.0]
    }
}
