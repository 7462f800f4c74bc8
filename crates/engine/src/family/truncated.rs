//! Counts above zero: a distribution of counts without its zeros.

use rand::{Rng, RngCore};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};
use crate::family::{compois, genpois, nbinom1, negative_binomial, poisson};

/// One law of counts without zeros: its name, its module's `Law`, its shapes.
macro_rules! truncated {
    ($($module:ident: $name:literal, $law:expr, $variables:literal, [$($shape:expr),*], $density:literal;)*) => {$(
        pub(crate) mod $module {
            use super::*;

            pub(crate) static ABOUT: About = About {
                name: $name,
                links: &["log", "sqrt", "identity"],
                shapes: &[$($shape),*],
                support: Support::PositiveCounts,
                weights: WeightRole::Cases,
                density: $density,
            };

            pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
                let law = Truncated { base: $law, about: &ABOUT };
                composed::<_, $variables>(law, link::by_name(link)?, fixed, parts)
            }
        }
    )*};
}

truncated! {
    of_poisson: "truncated_poisson", poisson::PoissonLaw, 1, [],
        "Poisson counts without their zeros; mu is the mean of all counts, zeros included.";
    of_nbinom1: "truncated_nbinom1", nbinom1::Linear, 2, [positive("phi")],
        "Negative binomial counts with linear variance, without their zeros; mu is the mean of all of them.";
    of_nbinom2: "truncated_nbinom2", negative_binomial::Quadratic, 2, [positive("theta")],
        "Negative binomial counts with quadratic variance, without their zeros; mu is the mean of all of them.";
    of_genpois: "truncated_genpois", genpois::GeneralisedPoisson, 2, [positive("phi")],
        "Generalised Poisson counts without their zeros; mu is the mean of all counts, zeros included.";
    of_compois: "truncated_compois", compois::ConwayMaxwell::default(), 2, [positive("phi")],
        "Conway-Maxwell-Poisson counts without their zeros; mu is the mean of all counts, zeros included.";
}

struct Truncated<L> {
    base: L,
    about: &'static About,
}

/// Share of zeros above which counts are drawn one by one from 1 on.
const MOSTLY_ZERO: f64 = 0.9;

impl<L: Law> Law for Truncated<L> {
    fn about(&self) -> &'static About {
        self.about
    }

    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let none = self.base.log_density(0.0, weight, mean, psi);
        self.base.log_density(y, weight, mean, psi) - (-none).log1mexp()
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let Moments { mean, variance, zero } = self.base.moments(weight, mean, psi);
        let rest = 1.0 - zero;
        let centre = mean / rest;
        Moments { mean: centre, variance: (variance + mean * mean) / rest - centre * centre, zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        if self.base.moments(weight, mean, psi).zero < MOSTLY_ZERO {
            loop {
                let y = self.base.draw(rng, weight, mean, psi);
                if y != 0.0 {
                    return y;
                }
            }
        }
        let psi: Vec<Jet<0>> = psi.iter().map(|&p| Jet::constant(p)).collect();
        let mut left: f64 = rng.random();
        let mut y = 1.0;
        loop {
            let mass = self.log_density(y, weight, mean, &psi).value.exp();
            left -= mass;
            if left <= 0.0 || mass == 0.0 {
                return y;
            }
            y += 1.0;
        }
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        self.base.start_mean(y, weight)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        self.base.start_shapes(rows, mu)
    }
}
