//! Priors: the value is that of the densities, gradient and second derivatives are its derivatives, the optimum is the
//! posterior's, and they go together with each other and with the soft penalty.

use std::f64::consts::PI;
use std::sync::Arc;

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::glmm::{Density, Glmm, How, Parameter, Prior};

use super::assert_close;
use super::derivatives::{Case, differences, several, single};
use super::optima::{fit, parameters};
use super::twin::moved;

fn model(case: &Case, priors: &[Prior]) -> Glmm {
    let plain = Glmm::new(Arc::clone(&case.family), &case.design.rows(), false).unwrap();
    plain.with_priors(priors.to_vec()).unwrap()
}

fn named(name: &str) -> Case {
    single().into_iter().chain(several()).find(|c| c.name == name).unwrap()
}

fn normal(v: f64, mean: f64, sd: f64) -> f64 {
    ((v - mean) / sd).powi(2) + 2.0 * sd.ln() + (2.0 * PI).ln()
}

/// Two effects (1 + x | g): standard deviations and correlation of a theta.
fn spreads(theta: &[f64]) -> (f64, f64, f64) {
    let (a, b, c) = (theta[0], theta[1], theta[2]);
    (a.abs(), b.hypot(c), a.signum() * b / b.hypot(c))
}

/// Every kind of prior on "theta, nested" (psi: none) or on a negative binomial with one term of two effects.
fn priors() -> (Case, Vec<Prior>) {
    let case = named("several terms on one factor");
    let priors = vec![
        Prior::Beta { index: 1, density: Density::Normal { mean: 0.5, sd: 0.1 } },
        Prior::Beta { index: 0, density: Density::T { mean: 2.0, sd: 0.3, df: 1.0 } },
        Prior::Spread { term: 0, effect: 1, density: Density::Gamma { mean: 0.8, shape: 2.5 } },
        Prior::Spread { term: 0, effect: 0, density: Density::Normal { mean: -0.5, sd: 0.2 } },
        Prior::Spread { term: 2, effect: 0, density: Density::Gamma { mean: 1.0, shape: 3.0 } },
        Prior::Correlations { term: 0, eta: 2.5 },
        Prior::Shape { index: 0, density: Density::Normal { mean: 0.0, sd: 0.3 } },
    ];
    (case, priors)
}

/// The same by hand, from (theta, beta, psi).
fn by_hand(at: &Parameter) -> f64 {
    let gamma = |s: f64, mean: f64, shape: f64, log_gamma: f64| {
        -2.0 * ((shape - 1.0) * s.ln() - s * shape / mean + shape * (shape / mean).ln() - log_gamma)
    };
    let (first, second, r) = spreads(&at.theta);
    let cauchy = 2.0 * (PI * 0.3 * (1.0 + ((at.beta[0] - 2.0) / 0.3).powi(2))).ln();
    normal(at.beta[1], 0.5, 0.1)
        + cauchy
        + gamma(second, 0.8, 2.5, (0.75 * PI.sqrt()).ln())
        + normal(first.ln(), -0.5, 0.2)
        + gamma(at.theta[4].abs(), 1.0, 3.0, 2f64.ln())
        - 2.0 * 1.5 * (1.0 - r * r).ln()
        + normal(at.psi[0], 0.0, 0.3)
}

#[test]
fn the_value_is_that_of_the_densities() {
    let (case, priors) = priors();
    let found = model(&case, &priors).evaluate(1, &case.at).unwrap();
    let plain = model(&case, &[]).evaluate(1, &case.at).unwrap();
    assert_close("criterion", &[found.criterion], &[plain.criterion], 1e-12);
    assert_close("added", &[found.penalised - found.criterion], &[by_hand(&case.at)], 1e-9);
}

#[test]
fn derivatives_are_those_of_the_value() {
    let (case, all) = priors();
    let three = [
        Prior::Correlations { term: 0, eta: 1.7 },
        Prior::Spread { term: 0, effect: 2, density: Density::T { mean: 0.2, sd: 0.5, df: 4.0 } },
    ];
    for (case, priors) in [(case, all), (named("three effects"), three.to_vec())] {
        let model = model(&case, &priors);
        let found = model.at(1, &case.at).unwrap();
        let size = found.gradient.len();
        let slope = |j: usize| {
            let unit: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == j))).collect();
            let value = |by: f64| model.evaluate(1, &moved(&case.at, &unit, by)).unwrap().penalised;
            let across = |by: f64| (value(by) - value(-by)) / (2.0 * by);
            (4.0 * across(3e-4) - across(6e-4)) / 3.0
        };
        let slopes: Vec<f64> = (0..size).map(slope).collect();
        assert_close(case.name, &found.gradient, &slopes, 1e-7);
        let expected = differences(&model, 1, &case.at);
        let count = case.at.theta.len();
        let rest = |h: &[f64]| -> Vec<f64> {
            (0..size * size).filter(|m| m % size >= count || m / size >= count).map(|m| h[m]).collect()
        };
        assert_close(case.name, &rest(&found.hessian), &rest(&expected), 1e-4);
    }
}

/// The lowest penalised value that a compass search meets.
fn compass(model: &Glmm, how: How, start: &Parameter, mut step: f64) -> f64 {
    let size = start.theta.len() + start.beta.len() + start.psi.len();
    let value = |at: &Parameter| model.evaluate(how, at).map_or(f64::INFINITY, |e| e.penalised);
    let (mut at, mut best) = (start.clone(), value(start));
    while step > 1e-4 {
        let mut gained = false;
        for j in 0..2 * size {
            let unit: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == j / 2))).collect();
            let trial = moved(&at, &unit, if j % 2 == 0 { step } else { -step });
            let there = value(&trial);
            if there < best {
                (best, at, gained) = (there, trial, true);
            }
        }
        if !gained {
            step *= 0.25;
        }
    }
    best
}

#[test]
fn the_optimum_is_the_posteriors() {
    let (case, priors) = priors();
    let model = model(&case, &priors);
    let found = fit(&model, 1);
    let s = &found.solution;
    assert!(s.certificate.holds, "{:?}", s.certificate);
    assert!(found.trace.len() <= 25, "{}", found.trace.len());
    let at = parameters(&found);
    assert_close("penalised", &[s.penalised - s.criterion], &[by_hand(&at)], 1e-8);
    assert!(compass(&model, How::from(1), &at, 0.05) > s.penalised - 1e-7);
    let without = fit(&self::model(&case, &[]), 1).solution;
    assert!(s.criterion > without.criterion, "priors that matter cost likelihood");
    assert_close("hessian", &s.hessian, &differences(&model, 1, &at), 1e-5);
}

#[test]
fn a_variance_of_zero_is_left() {
    // Levels that are all alike: their variance is zero, the mode under a gamma prior is not.
    let mut case = named("one effect");
    let mut seen = vec![0usize; case.design.data.groups[0].1];
    let alternate = |&code: &i32| {
        seen[code as usize] += 1;
        f64::from(u8::from(seen[code as usize] % 2 == 0))
    };
    case.design.data.y = case.design.data.groups[0].0.iter().map(alternate).collect();
    let density = Density::Gamma { mean: 0.5, shape: 2.5 };
    let found = fit(&model(&case, &[Prior::Spread { term: 0, effect: 0, density }]), 1).solution;
    assert!(found.certificate.holds && found.theta[0] > 0.05, "{:?}", found.theta);
    let without = fit(&model(&case, &[]), 1).solution;
    assert!(without.theta[0] < 1e-6, "{:?}", without.theta);
}

#[test]
fn quadrature_and_the_soft_penalty_go_with_priors() {
    let case = named("two effects");
    let priors = [Prior::Beta { index: 1, density: Density::Normal { mean: 0.5, sd: 0.1 } }];
    for how in [How { nagq: 5, penalised: false }, How { nagq: 1, penalised: true }] {
        let (with, without) = (model(&case, &priors), model(&case, &[]));
        let (a, b) = (with.evaluate(how, &case.at).unwrap(), without.evaluate(how, &case.at).unwrap());
        assert_close("both", &[a.penalised - b.penalised], &[normal(case.at.beta[1], 0.5, 0.1)], 1e-9);
        assert_close("criterion", &[a.criterion], &[b.criterion], 1e-12);
    }
}

#[test]
fn another_response_keeps_them() {
    let (case, priors) = priors();
    let first = model(&case, &priors);
    let again = first.with_response(&case.design.rows()).unwrap();
    let (a, b) = (first.evaluate(1, &case.at).unwrap(), again.evaluate(1, &case.at).unwrap());
    assert_eq!(a.penalised, b.penalised);
}

#[test]
fn what_is_refused() {
    let (case, _) = priors();
    let normal = Density::Normal { mean: 0.0, sd: 1.0 };
    let gamma = Density::Gamma { mean: 1.0, shape: 2.0 };
    let wrong = [
        Prior::Beta { index: 9, density: normal },
        Prior::Beta { index: 0, density: gamma },
        Prior::Beta { index: 0, density: Density::Normal { mean: 0.0, sd: 0.0 } },
        Prior::Beta { index: 0, density: Density::T { mean: 0.0, sd: 1.0, df: f64::NAN } },
        Prior::Spread { term: 0, effect: 2, density: normal },
        Prior::Spread { term: 7, effect: 0, density: normal },
        Prior::Spread { term: 0, effect: 0, density: Density::Gamma { mean: 1.0, shape: 1.0 } },
        Prior::Correlations { term: 1, eta: 2.0 },
        Prior::Correlations { term: 0, eta: 0.5 },
        Prior::Shape { index: 1, density: normal },
    ];
    for prior in wrong {
        let plain = Glmm::new(Arc::clone(&case.family), &case.design.rows(), false).unwrap();
        assert!(matches!(plain.with_priors(vec![prior]), Err(EngineError::Shape(_))), "{prior:?}");
    }
    let model = model(&case, &[Prior::Beta { index: 0, density: normal }]);
    assert!(matches!(model.evaluate(0, &case.at), Err(EngineError::Shape(_))));
    assert!(matches!(model.by_restricted_likelihood(), Err(EngineError::Shape(_))));
}
