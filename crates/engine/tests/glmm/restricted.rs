//! REML: the mean's fixed effects are integrated out with the random ones. Criterion and gradient are a dense twin's, and
//! those of a linear mixed model where there is one; the covariance is that of joint mode and parameters.

use std::sync::Arc;

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::family::Family;
use mixedmodels_engine::glmm::{Absolute, Glmm, How, Parameter};
use mixedmodels_engine::lmm::Lmm;
use mixedmodels_engine::optimize::Options;

use super::assert_close;
use super::derivatives::{Case, differences, several, single, sparse};
use super::designs::Design;
use super::families;
use super::matrix::Matrix;
use super::optima::{fit, problems};
use super::twin::{Twin, moved};

fn model(family: &Arc<dyn Family>, design: &Design) -> Glmm {
    Glmm::new(Arc::clone(family), &design.rows(), false).unwrap().by_restricted_likelihood().unwrap()
}

/// Where the fixed effects of the mean are in (theta, beta, psi).
fn integrated(design: &Design, at: &Parameter) -> std::ops::Range<usize> {
    let flat = design.x_predictor.iter().filter(|&&r| r == 0).count();
    at.theta.len()..at.theta.len() + flat
}

fn unit(size: usize, j: usize) -> Vec<f64> {
    (0..size).map(|i| f64::from(u8::from(i == j))).collect()
}

#[test]
fn criterion_and_gradient_are_the_twins() {
    for Case { name, family, design, at, .. } in single().into_iter().chain(several()) {
        let found = model(&family, &design).evaluate(1, &at).unwrap();
        let twin = Twin::restricted(&family, &design);
        assert_close(name, &[found.criterion], &[twin.criterion(&at)], 1e-10);
        let size = found.gradient.len();
        let flat = integrated(&design, &at);
        assert!(found.gradient[flat.clone()].iter().all(|&g| g == 0.0), "{name}");
        let others: Vec<usize> = (0..size).filter(|j| !flat.contains(j)).collect();
        // Every other one where the twin is slow.
        let step = if design.n() < 200 { 1 } else { 3 };
        let some: Vec<usize> = others.into_iter().step_by(step).collect();
        let slopes: Vec<f64> = some.iter().map(|&j| twin.slope(&at, &unit(size, j), 3e-4)).collect();
        let own: Vec<f64> = some.iter().map(|&j| found.gradient[j]).collect();
        assert_close(&format!("gradient: {name}"), &own, &slopes, 1e-7);
    }
}

#[test]
fn a_sparse_tail_gives_the_twins_too() {
    for Case { name, family, design, at, .. } in sparse() {
        let found = model(&family, &design).evaluate(1, &at).unwrap();
        let twin = Twin::restricted(&family, &design);
        assert_close(name, &[found.criterion], &[twin.criterion(&at)], 1e-10);
        let slope = twin.slope(&at, &unit(found.gradient.len(), 1), 3e-4);
        assert_close(name, &[found.gradient[1]], &[slope], 1e-7);
    }
}

#[test]
fn the_covariance_is_that_of_mode_and_parameters() {
    for Case { name, family, design, at, .. } in several().into_iter().take(9).step_by(2) {
        let model = model(&family, &design);
        let found = model.at(1, &at).unwrap();
        let size = found.gradient.len();
        let flat = integrated(&design, &at);
        let rest: Vec<usize> = (0..size).filter(|j| !flat.contains(j)).collect();
        // beta follows the others as it does by differences.
        let mode = |by: f64, j: usize| model.at(1, &moved(&at, &unit(size, j), by)).unwrap().beta;
        let slope =
            |j: usize| -> Vec<f64> { mode(1e-4, j).iter().zip(mode(-1e-4, j)).map(|(u, d)| (u - d) / 2e-4).collect() };
        let hessian = Matrix::from(size, size, |i, j| found.hessian[i + j * size]);
        let count = flat.len();
        let own = Matrix::from(count, count, |i, j| hessian.at(flat.start + i, flat.start + j)).inverse();
        for &j in &rest {
            let cross = Matrix::from(count, 1, |i, _| -hessian.at(flat.start + i, j));
            let answer = own.times(&cross);
            assert_close(name, &answer.values, &slope(j)[..count], 1e-5);
        }
        // Past beta the curvature is that of the criterion; theta's own block depends on coordinates away from an optimum.
        let outer = differences(&model, 1, &at);
        for &j in rest.iter().filter(|&&j| j >= at.theta.len()) {
            let image: Vec<f64> = (0..count).map(|i| hessian.at(flat.start + i, j)).collect();
            let half = own.times(&Matrix::from(count, 1, |i, _| image[i]));
            let value = |i: usize| {
                hessian.at(i, j) - (0..count).map(|m| hessian.at(i, flat.start + m) * half.values[m]).sum::<f64>()
            };
            let past: Vec<f64> = rest.iter().map(|&i| value(i)).collect();
            let expected: Vec<f64> = rest.iter().map(|&i| outer[i + j * size]).collect();
            assert_close(name, &past, &expected, 1e-4);
        }
    }
}

#[test]
fn a_gaussian_model_is_the_linear_one() {
    for name in ["two effects", "crossed slopes", "nested"] {
        let case = single().into_iter().find(|c| c.name == name).unwrap();
        let mut design = case.design;
        design.data.y.iter_mut().for_each(|y| *y = (0.5 + *y).ln());
        let linear = Lmm::new(&design.data.rows(), true).unwrap();
        let expected = linear.fit(None, Options::default(), &mut |_, _| true).unwrap().solution;
        let found = fit(&model(&families::of("gaussian", None), &design), 1).solution;
        assert!(found.certificate.holds, "{name}: {:?}", found.certificate);
        let scale = expected.criterion.abs();
        assert_close(name, &[found.criterion / scale], &[expected.criterion / scale], 1e-9 / scale);
        assert_close(name, &found.beta, &expected.beta, 1e-6);
        // The mode of a linear model does not depend on sigma, and on theta little: the errors are those given both.
        let p = found.beta.len();
        let scaled: Vec<f64> = expected.vcov_unscaled.iter().map(|v| v * expected.sigma.powi(2)).collect();
        assert_close(name, &found.vcov_conditional, &scaled, 1e-5);
        let size = found.gradient.len();
        let first = found.theta.len();
        for j in 0..p {
            let joint = found.vcov[(first + j) * (size + 1)];
            assert!(joint.is_nan() || joint >= scaled[j * (p + 1)] * (1.0 - 1e-6), "{name}");
        }
    }
}

#[test]
fn optima_are_certified() {
    for (name, family, design) in problems() {
        let found = fit(&model(&family, &design), 1);
        assert!(found.solution.certificate.holds, "{name}: {:?}", found.solution.certificate);
        assert!(found.trace.len() <= 40, "{name}: {}", found.trace.len());
        let at = super::optima::parameters(&found);
        assert_close(name, &[found.solution.criterion], &[Twin::restricted(&family, &design).criterion(&at)], 1e-9);
    }
}

#[test]
fn what_it_does_not_go_with() {
    let case = several().swap_remove(0);
    let plain = || Glmm::new(Arc::clone(&case.family), &case.design.rows(), false).unwrap();
    let refused = |found: Result<_, EngineError>| matches!(found, Err(EngineError::Shape(_)));
    let restricted = plain().by_restricted_likelihood().unwrap();
    assert!(refused(restricted.evaluate(0, &case.at).map(|_| ())));
    assert!(refused(restricted.evaluate(How { nagq: 1, penalised: true }, &case.at).map(|_| ())));
    assert!(refused(Absolute::new(&restricted, How::from(1)).map(|_| ())));
    let mut mixed = case.design.clone();
    mixed.x_predictor.reverse();
    let mixed = Glmm::new(Arc::clone(&case.family), &mixed.rows(), false).unwrap();
    assert!(refused(mixed.by_restricted_likelihood().map(|_| ())));
    let expected = Glmm::new(Arc::clone(&case.family), &case.design.rows(), true).unwrap();
    assert!(refused(expected.by_restricted_likelihood().map(|_| ())));
}
