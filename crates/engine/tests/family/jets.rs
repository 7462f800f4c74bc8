//! Densities over jets: the same as those written by hand, with several predictors, and with functions of every kind.

use rand::RngCore;

use crate::differences;
use crate::family::from_jet::{Density, FromJet};
use crate::family::jet::Jet;
use crate::family::link::{Identity, Link, Log};
use crate::family::{About, Expected, Family, Response, Second, Support, WeightRole, positive, registry};

static ABOUT: About = About {
    name: "test",
    links: &["log"],
    shapes: &[positive("shape")],
    support: Support::Positive,
    weights: WeightRole::Precision,
    density: "",
};

/// What only the mean's side of a family needs, and these tests do not.
macro_rules! unused {
    () => {
        fn about(&self) -> &About {
            &ABOUT
        }

        fn unit_deviance(&self, _y: f64, _mu: f64, _psi: &[f64]) -> f64 {
            f64::NAN
        }

        fn draw(&self, _rng: &mut dyn RngCore, _mu: f64, _weight: f64, _psi: &[f64]) -> f64 {
            f64::NAN
        }

        fn start_mean(&self, y: f64, _weight: f64) -> f64 {
            y
        }
    };
}

struct Gamma;

impl Density for Gamma {
    unused!();

    fn link(&self) -> &dyn Link {
        &Log
    }

    fn log_density<const N: usize>(&self, y: f64, weight: f64, eta: &[Jet<N>], psi: &[Jet<N>]) -> Jet<N> {
        let a = psi[0].exp() * weight;
        a * (a.ln() - eta[0]) + (a - 1.0) * y.ln() - a * y / eta[0].exp() - a.lgamma()
    }

    fn variance<const N: usize>(&self, mu: Jet<N>, psi: &[Jet<N>]) -> Jet<N> {
        mu * mu / psi[0].exp()
    }
}

/// The sum and W, g and dW of a batch.
fn batch(family: &dyn Family, rows: Response, eta: &[f64], psi: &[f64]) -> (f64, [Vec<f64>; 6]) {
    let n = rows.y.len();
    let run = || vec![0.0; n];
    let (mut g, mut w, mut t, mut e, mut de, mut ds) = (run(), run(), run(), run(), run(), run());
    let l = family.second(rows, eta, psi, Second { g: &mut g, w: &mut w }) + family.constant(rows);
    family.third(rows, eta, psi, &mut t);
    assert!(family.expected(rows, eta, psi, Expected { w: &mut e, dw: &mut de, dw_shape: &mut ds }));
    (l, [g, w, t, e, de, ds])
}

#[test]
fn a_gamma_density_over_jets_is_the_gamma_family() {
    let rows = Response { y: &[0.3, 2.0, 9.0], weights: Some(&[1.0, 3.0, 0.5]) };
    let (eta, psi) = ([0.2, 0.9, -1.0], [0.7]);
    let (l, found) = batch(&FromJet::<_, 1, 2>(Gamma), rows, &eta, &psi);
    let (own_l, own) = batch(registry::by_name("Gamma", Some("log"), &[]).unwrap().as_ref(), rows, &eta, &psi);
    assert!((l - own_l).abs() < 1e-12 * own_l.abs());
    for (found, own) in found.iter().flatten().zip(own.iter().flatten()) {
        assert!((found - own).abs() < 1e-12 * (1.0 + own.abs()), "{found} against {own}");
    }
    differences::check(&FromJet::<_, 1, 2>(Gamma), rows, &eta, &psi);
}

/// A mean, the logarithm of a scale, and degrees of freedom 1 + exp(psi): Student's t.
struct Student;

impl Density for Student {
    unused!();

    fn link(&self) -> &dyn Link {
        &Identity
    }

    fn log_density<const N: usize>(&self, y: f64, weight: f64, eta: &[Jet<N>], psi: &[Jet<N>]) -> Jet<N> {
        let df = 1.0 + psi[0].exp();
        let z = (y - eta[0]) / eta[1].exp();
        let peak = ((df + 1.0) / 2.0).lgamma() - (df / 2.0).lgamma() - df.ln() * 0.5 - eta[1];
        (peak - (df + 1.0) * 0.5 * (z * z / df).ln_1p()) * weight
    }

    fn variance<const N: usize>(&self, mu: Jet<N>, _psi: &[Jet<N>]) -> Jet<N> {
        mu
    }
}

#[test]
fn two_predictors_and_a_shape_have_their_runs_in_place() {
    let rows = Response { y: &[0.3, 2.0, -4.0], weights: Some(&[1.0, 3.0, 0.5]) };
    differences::check(&FromJet::<_, 2, 3>(Student), rows, &[0.1, 0.9, -1.0, 0.2, -0.4, 0.6], &[0.8]);
}

#[test]
fn each_function_has_its_derivatives() {
    let at = 0.7;
    let f = |x: Jet<1>| {
        (x.softplus() + x.sqrt() * x.recip() + x.powf(2.5)).exp_m1() / (2.0 - x * 0.5) + 3.0 / x - (1.0 - x).exp() + -x
    };
    let here = f(Jet::variable(at, 0));
    let (up, down) = (f(Jet::variable(at + 1e-5, 0)), f(Jet::variable(at - 1e-5, 0)));
    let slope = |up: f64, down: f64| (up - down) / 2e-5;
    for (got, found) in [
        (here.first[0], slope(up.value, down.value)),
        (here.second[0][0], slope(up.first[0], down.first[0])),
        (here.third[0][0][0], slope(up.second[0][0], down.second[0][0])),
    ] {
        assert!((got - found).abs() < 1e-6 * got.abs(), "{got} against {found}");
    }
}
