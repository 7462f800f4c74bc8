//! Adaptive quadrature: values beside sums written out, the gradient beside differences.

use std::sync::Arc;

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::family::{Family, Response};
use mixedmodels_engine::glmm::{Glmm, Parameter};

use super::assert_close;
use super::data::Dice;
use super::derivatives::{Case, several, single};
use super::designs::{Design, crossed};
use super::families;
use super::optima::{fit, parameters};
use super::twin::moved;

fn model(family: &Arc<dyn Family>, design: &Design) -> Glmm {
    Glmm::new(Arc::clone(family), &design.rows(), false).unwrap()
}

/// -2 log-likelihood of a model with one factor by the trapezoidal rule in each of its k effects, u from -9 to 9: for a
/// smooth integrand that vanishes at both ends its error falls faster than any power of the step.
fn integrated(family: &dyn Family, design: &Design, at: &Parameter, step: f64) -> f64 {
    let n = design.n();
    let (codes, levels) = &design.data.groups[0];
    let known = design.known(&at.beta);
    let lambda = design.lambda(&at.theta);
    let k = lambda.rows / levels;
    let a = design.z().times(&lambda);
    let count = (18.0 / step) as usize + 1;
    let node = |m: usize| -9.0 + step * m as f64;
    let mut total = 0.0;
    for level in 0..*levels {
        let rows: Vec<usize> = (0..n).filter(|&i| codes[i] as usize == level).collect();
        let y: Vec<f64> = rows.iter().map(|&i| design.data.y[i]).collect();
        let response = Response { y: &y, weights: None };
        let log_terms: Vec<f64> = (0..count.pow(k as u32))
            .map(|m| {
                let u: Vec<f64> = (0..k).map(|d| node(m / count.pow(d as u32) % count)).collect();
                let along = |i: usize| (0..k).map(|d| a.at(i, level * k + d) * u[d]).sum::<f64>();
                let eta: Vec<f64> = rows.iter().map(|&i| known[i] + along(i)).collect();
                family.value(response, &eta, &at.psi) - 0.5 * u.iter().map(|u| u * u).sum::<f64>()
            })
            .collect();
        let top = log_terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = log_terms.iter().map(|l| (l - top).exp()).sum();
        let scale = k as f64 * (step.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln());
        total += top + sum.ln() + scale + family.constant(response);
    }
    -2.0 * total
}

/// Models that quadrature can do: one factor, one linear predictor.
fn cases(effects: usize) -> Vec<Case> {
    single().into_iter().filter(|c| c.path == "one factor" && c.design.z().columns == 14 * effects).collect()
}

#[test]
fn many_points_give_the_integral() {
    for Case { name, family, design, at, .. } in cases(1) {
        let (found, expected) =
            (model(&family, &design).evaluate(25, &at).unwrap(), integrated(family.as_ref(), &design, &at, 0.1));
        assert_close(name, &[found.criterion], &[expected], 1e-10);
    }
    for Case { name, family, design, at, .. } in cases(2) {
        let found = model(&family, &design).evaluate(20, &at).unwrap();
        assert_close(name, &[found.criterion], &[integrated(family.as_ref(), &design, &at, 0.1)], 1e-10);
    }
}

#[test]
fn two_points_are_near_laplace_and_not_the_same() {
    for Case { name, family, design, at, .. } in cases(1).into_iter().chain(cases(2)) {
        let model = model(&family, &design);
        let (laplace, points) = (model.evaluate(1, &at).unwrap(), model.evaluate(2, &at).unwrap());
        assert!((laplace.criterion - points.criterion).abs() < 0.05 * laplace.criterion.abs(), "{name}");
        assert_ne!(laplace.criterion, points.criterion, "{name}");
    }
}

#[test]
fn a_gaussian_response_is_integrated_exactly_by_every_rule() {
    let family = families::of("gaussian", None);
    let mut dice = Dice::new(3);
    let groups = crossed(&mut dice, 120, &[11]);
    let mut design = Design::new(&mut dice, groups, 1, &[(0, 0, 2)]);
    design.data.y = dice.normals(120);
    let at = Parameter { theta: vec![0.6, 0.2, 0.4], beta: vec![0.1, -0.2], psi: vec![0.1] };
    let model = model(&family, &design);
    let laplace = model.evaluate(1, &at).unwrap();
    for points in [2, 3, 7] {
        let found = model.evaluate(points, &at).unwrap();
        assert_close("criterion", &[found.criterion], &[laplace.criterion], 1e-11);
        assert_close("gradient", &found.gradient, &laplace.gradient, 1e-8);
    }
}

#[test]
fn the_gradient_is_that_of_the_moving_grid() {
    // Two effects, three, one, with a shape and without; few points, so that the grid's own movement counts.
    for (effects, points) in [(1, 2), (1, 3), (1, 9), (2, 3), (2, 5), (3, 3)] {
        for Case { name, family, design, at, .. } in cases(effects) {
            let model = model(&family, &design);
            let e = model.evaluate(points, &at).unwrap();
            let size = e.gradient.len();
            let slope = |j: usize| {
                let unit: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == j))).collect();
                let there = |by: f64| model.evaluate(points, &moved(&at, &unit, by)).unwrap().criterion;
                let across = |by: f64| (there(by) - there(-by)) / (2.0 * by);
                (4.0 * across(1e-3) - across(2e-3)) / 3.0
            };
            let slopes: Vec<f64> = (0..size).map(slope).collect();
            assert_close(&format!("{name}, {points} points"), &e.gradient, &slopes, 1e-7);
        }
    }
}

#[test]
fn shapes_are_among_them() {
    let shapes = |effects: usize| cases(effects).iter().filter(|c| !c.at.psi.is_empty()).count();
    assert!(shapes(3) > 0 && !cases(1).is_empty() && !cases(2).is_empty());
}

#[test]
fn a_fit_is_certified_and_stays() {
    for Case { name, family, design, .. } in cases(1).into_iter().chain(cases(2)) {
        let model = model(&family, &design);
        let found = fit(&model, 7);
        assert!(found.solution.certificate.holds, "{name}: {:?}", found.solution.certificate);
        let again = model.evaluate(7, &parameters(&found)).unwrap();
        assert_close(name, &[again.criterion], &[found.solution.criterion], 1e-11);
        assert!(again.gradient.iter().all(|g| g.abs() < 1e-3), "{name}: {:?}", again.gradient);
    }
}

#[test]
fn crossed_factors_and_several_predictors_are_refused() {
    for case in single().into_iter().filter(|c| c.path != "one factor").chain(several()) {
        let model = model(&case.family, &case.design);
        for refused in [model.evaluate(5, &case.at).err(), model.at(2, &case.at).err()] {
            match refused {
                Some(EngineError::Shape(what)) => assert!(what.contains("one grouping factor"), "{what}"),
                other => panic!("{}: {other:?}", case.name),
            }
        }
    }
}
