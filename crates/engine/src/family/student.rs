//! Student's t errors around a mean.

use rand::RngCore;
use rand_distr::{Distribution, StudentT};

use crate::family::composed::composed;
use crate::family::gaussian::start_sigma;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::Positive;
use crate::family::special::HALF_LOG_TWO_PI;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "t",
    links: &["identity", "log", "inverse", "sqrt", "logit", "probit", "cloglog"],
    shapes: &[positive("sigma"), positive("df")],
    support: Support::Real,
    weights: WeightRole::Cases,
    density: "Errors with heavy tails around the mean.

(y - mu) / sigma has Student's t distribution with nu degrees of freedom: mean mu where nu > 1, variance
sigma^2 nu / (nu - 2) where nu > 2; sigma is a scale, not the standard deviation. A prior weight multiplies the
log-likelihood of its row. The parameters estimated are log sigma and log nu. Source: Lange, Little and Taylor (1989),
Journal of the American Statistical Association 84, 881-896.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 3>(Student, link::by_name(link)?, fixed, parts)
}

struct Student;

/// lgamma(h + 1/2) - lgamma(h) - log(h) / 2, which falls as 1 / (8 h).
fn half_step<const K: usize>(h: Jet<K>) -> Jet<K> {
    if h.value < 40.0 {
        return (h + 0.5).lgamma() - h.lgamma() - h.ln() * 0.5;
    }
    let r = h.recip();
    let r2 = r * r;
    const C: [f64; 5] = [-1.0 / 8.0, 1.0 / 192.0, -1.0 / 640.0, 17.0 / 14336.0, -31.0 / 18432.0];
    C.iter().rev().fold(Jet::constant(0.0), |sum, &c| sum * r2 + c) * r
}

impl Law for Student {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_nu = psi[1];
        let z = (y - mean.value()) * (-psi[0]).exp();
        let per = (-log_nu).exp(); // 1 / nu
        let tail = (z * z * per).ln_1p();
        // (nu + 1) / 2 log(1 + z^2 / nu), where nu times the logarithm stays finite as nu grows.
        half_step(log_nu.exp() * 0.5) - HALF_LOG_TWO_PI - psi[0] - tail * 0.5 - tail * 0.5 / per
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let (scale, nu) = (psi[0].exp(), psi[1].exp());
        let centre = if nu > 1.0 { mean.value().value } else { f64::NAN };
        let variance = if nu > 2.0 { scale * scale * nu / (nu - 2.0) } else { f64::INFINITY };
        Moments { mean: centre, variance, zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        StudentT::new(psi[1].exp()).map_or(f64::NAN, |law| mean.value().value + psi[0].exp() * law.sample(rng))
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let log_spread = start_sigma(Positive(None), rows, mu)[0];
        vec![log_spread + 0.8_f64.ln(), 5.0_f64.ln()]
    }
}
