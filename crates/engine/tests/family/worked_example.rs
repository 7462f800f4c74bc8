//! The family that CONTRIBUTING.md adds; a test in Python holds that both texts are the same.

// ---- the file begins ----
//! Geometric counts.

use rand::RngCore;
use rand_distr::{Distribution, Geometric as Draws};

use crate::family::from_jet::{Density, FromJet};
use crate::family::jet::Jet;
use crate::family::link::{self, Link};
use crate::family::{About, Family, Support, WeightRole};

pub(crate) static ABOUT: About = About {
    name: "geometric",
    links: &["log", "sqrt"],
    shapes: &[],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts of failures before the first success.

P(y = k) = mu^k / (1 + mu)^(k + 1), with mean mu and variance mu + mu^2. Source: Johnson, Kemp and Kotz (2005),
Univariate Discrete Distributions, section 5.2.",
};

pub(crate) fn make(link: &str, _fixed: &[f64]) -> Option<Box<dyn Family>> {
    let link = ABOUT.links.contains(&link).then(|| link::by_name(link))??;
    Some(Box::new(FromJet::<_, 1, 1>(Geometric(link)))) // 1 predictor, 1 variable: no shapes
}

struct Geometric(Box<dyn Link>);

impl Density for Geometric {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &self.0
    }

    fn log_density<const N: usize>(&self, y: f64, _weight: f64, eta: &[Jet<N>], _psi: &[Jet<N>]) -> Jet<N> {
        let mu = eta[0].through(self.0.derivatives(eta[0].value));
        mu.ln() * y - mu.ln_1p() * (y + 1.0)
    }

    fn variance<const N: usize>(&self, mu: Jet<N>, _psi: &[Jet<N>]) -> Jet<N> {
        mu + mu * mu
    }

    fn unit_deviance(&self, y: f64, mu: f64, _psi: &[f64]) -> f64 {
        let success = if y > 0.0 { y * (y / mu).ln() } else { 0.0 };
        2.0 * (success - (y + 1.0) * ((1.0 + y) / (1.0 + mu)).ln())
    }

    fn draw(&self, rng: &mut dyn RngCore, mu: f64, _weight: f64, _psi: &[f64]) -> f64 {
        Draws::new(1.0 / (1.0 + mu)).map_or(f64::NAN, |law| law.sample(rng) as f64)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + 0.1
    }
}
// ---- the file ends ----

use crate::differences;
use crate::family::{Response, generator, registry};

#[test]
fn derivatives_are_those_of_the_density() {
    for link in ABOUT.links {
        let family = make(link, &[]).unwrap();
        let rows = Response { y: &[0.0, 1.0, 7.0], weights: Some(&[1.0, 2.0, 0.5]) };
        differences::check(family.as_ref(), rows, &[0.4, 1.3, 2.1], &[]);
    }
}

#[test]
fn it_is_the_negative_binomial_with_theta_1() {
    let family = make("log", &[]).unwrap();
    let other = registry::by_name("nbinom2", Some("log"), &[Some(1.0)]).unwrap();
    for (y, eta) in [(0.0, -2.0), (3.0, 0.5), (40.0, 3.0)] {
        let (got, expected) = (family.log_density(y, 1.0, &[eta], &[]), other.log_density(y, 1.0, &[eta], &[]));
        assert!((got - expected).abs() < 1e-12 * expected.abs(), "{got} against {expected}");
        let (got, expected) = (family.unit_deviance(y, 2.0, &[]), other.unit_deviance(y, 2.0, &[]));
        assert!((got - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{got} against {expected}");
    }
}

#[test]
fn draws_have_the_mean_and_the_variance() {
    let family = make("log", &[]).unwrap();
    let mut rng = generator(3);
    let draws: Vec<f64> = (0..20_000).map(|_| family.draw(&mut rng, 2.0, 1.0, &[])).collect();
    let mean = draws.iter().sum::<f64>() / 20_000.0;
    let variance = draws.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 20_000.0;
    // Four standard errors of each.
    assert!((mean - 2.0).abs() < 0.07 && (variance - 6.0).abs() < 0.6, "{mean}, {variance}");
}
