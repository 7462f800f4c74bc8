//! Parameters that are held or tied: the optimum is that of the smaller model, where that can be written down.

use std::sync::Arc;

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::family::{Family, registry};
use mixedmodels_engine::glmm::{Absolute, Glmm, Held, How, Optimum, Parameter};

use super::assert_close;
use super::derivatives::{Case, differences, several, single};
use super::designs::Design;
use super::matrix::Matrix;
use super::optima::{fit, parameters};

fn plain(family: &Arc<dyn Family>, design: &Design) -> Glmm {
    Glmm::new(Arc::clone(family), &design.rows(), false).unwrap()
}

fn named(name: &str) -> Case {
    single().into_iter().chain(several()).find(|c| c.name == name).unwrap()
}

fn size(at: &Parameter) -> usize {
    at.theta.len() + at.beta.len() + at.psi.len()
}

/// Held at some numbers, tied in some sets.
fn holding(case: &Case, values: &[(usize, f64)], ties: &[&[usize]]) -> Optimum {
    let mut held = Held { values: vec![f64::NAN; size(&case.at)], ties: ties.iter().map(|t| t.to_vec()).collect() };
    values.iter().for_each(|&(j, v)| held.values[j] = v);
    let found = fit(&plain(&case.family, &case.design).holding(held).unwrap(), 1);
    assert!(found.solution.certificate.holds, "{}: {:?}", case.name, found.solution.certificate);
    found
}

fn all(found: &Optimum) -> Vec<f64> {
    let at = parameters(found);
    [at.theta, at.beta, at.psi].concat()
}

#[test]
fn a_shape_that_is_held_is_a_fixed_one() {
    let case = named("nested");
    let psi = size(&case.at) - 1;
    let found = holding(&case, &[(psi, 0.4)], &[]);
    let fixed: Arc<dyn Family> = registry::by_name("nbinom2", None, &[Some(0.4f64.exp())]).unwrap().into();
    let expected = fit(&plain(&fixed, &case.design), 1);
    assert_close("criterion", &[found.solution.criterion], &[expected.solution.criterion], 1e-9);
    assert_close("parameters", &all(&found)[..psi], &all(&expected), 1e-5);
    assert_eq!(found.solution.psi, [0.4]);
    assert!((0..=psi).all(|j| found.solution.vcov[j + psi * (psi + 1)].is_nan()));
    let cut =
        |v: &[f64]| -> Vec<f64> { (0..psi).flat_map(|j| v[j * (psi + 1)..j * (psi + 1) + psi].to_vec()).collect() };
    assert_close("vcov", &cut(&found.solution.vcov), &expected.solution.vcov, 1e-4);
}

#[test]
fn a_coefficient_that_is_held_is_an_offset() {
    for name in ["crossed slopes", "spread, crossed"] {
        let case = named(name);
        let theta = case.at.theta.len();
        let found = holding(&case, &[(theta + 1, 0.35)], &[]);
        let mut smaller = case.design.clone();
        let column = smaller.data.x.remove(1).unwrap();
        smaller.x_predictor.remove(1);
        smaller.offsets[0] = Some(column.iter().map(|x| 0.35 * x).collect());
        let expected = fit(&plain(&case.family, &smaller), 1);
        assert_close(name, &[found.solution.criterion], &[expected.solution.criterion], 1e-9);
        assert_close(name, &[found.solution.beta[1]], &[0.35], 1e-12);
        assert_close(name, &found.solution.theta, &expected.solution.theta, 1e-4);
        let size = size(&case.at);
        let (a, b) = (found.solution.vcov[theta * (size + 1)], expected.solution.vcov[theta * size]);
        assert_close(name, &[a], &[b], 1e-4);
        let (own, smaller) = (&found.solution.vcov_conditional, &expected.solution.vcov_conditional);
        assert!(own[1].is_nan() && own[case.at.beta.len() + 1].is_nan(), "{name}");
        assert_close(name, &own[..1], &smaller[..1], 1e-4);
    }
}

#[test]
fn tied_coefficients_are_one_of_the_sum() {
    let case = named("zeros, crossed");
    let theta = case.at.theta.len();
    let (a, b) = (theta + 1, theta + 3);
    let found = holding(&case, &[], &[&[a, b]]);
    assert_close("tied", &[found.solution.beta[1]], &[found.solution.beta[3]], 1e-12);
    let model = plain(&case.family, &case.design);
    let slope = model.evaluate(1, &parameters(&found)).unwrap().gradient;
    assert!((slope[a] + slope[b]).abs() < 1e-3 && slope[a].abs() > 0.1, "{slope:?}");
    let size = size(&case.at);
    let vcov = |i: usize, j: usize| found.solution.vcov[i + j * size];
    assert_close("variances", &[vcov(a, a), vcov(a, b)], &[vcov(b, b), vcov(b, b)], 1e-12);
    // One predictor: a column that is the sum of both.
    let mut case = named("crossed");
    let n = case.design.n();
    case.design.data.x.push(Some((0..n).map(|i| ((i * 37) % 11) as f64 / 5.0).collect()));
    case.design.x_predictor.push(0);
    case.at.beta.push(0.1);
    let theta = case.at.theta.len();
    let found = holding(&case, &[], &[&[theta + 1, theta + 2]]);
    let mut summed = case.design.clone();
    let last = summed.data.x.pop().unwrap().unwrap();
    summed.x_predictor.pop();
    summed.data.x[1].as_mut().unwrap().iter_mut().zip(&last).for_each(|(x, l)| *x += l);
    let expected = fit(&plain(&case.family, &summed), 1);
    assert_close("summed", &[found.solution.criterion], &[expected.solution.criterion], 1e-9);
    let vcov = |s: &Optimum, j: usize| s.solution.vcov[j * (s.solution.gradient.len() + 1)];
    assert_close("vcov", &[vcov(&found, theta + 2)], &[vcov(&expected, theta + 1)], 1e-4);
}

/// Twice the inverse of some rows and columns of the Hessian.
fn inverted(hessian: &[f64], size: usize, free: &[usize]) -> Vec<f64> {
    let cut = Matrix::from(free.len(), free.len(), |i, j| 0.5 * hessian[free[i] + free[j] * size]);
    cut.inverse().values
}

#[test]
fn covariances_are_held() {
    // One effect of two terms, and a covariance of two effects as a whole.
    for (name, values) in [("crossed", vec![(0, 0.9)]), ("several terms, crossed", vec![(3, 0.5), (4, 0.1), (5, 0.3)])]
    {
        let case = named(name);
        let found = holding(&case, &values, &[]);
        let here = all(&found);
        values.iter().for_each(|&(j, v)| assert_close(name, &[here[j]], &[v], 1e-12));
        let model = plain(&case.family, &case.design);
        let at = parameters(&found);
        let slope = model.evaluate(1, &at).unwrap().gradient;
        let size = size(&case.at);
        let free: Vec<usize> = (0..size).filter(|j| values.iter().all(|v| v.0 != *j)).collect();
        assert!(free.iter().all(|&j| slope[j].abs() < 1e-3), "{name}: {slope:?}");
        assert!(values.iter().any(|v| slope[v.0].abs() > 1e-2), "{name}: {slope:?}");
        let hessian = differences(&model, 1, &at);
        let expected = inverted(&hessian, size, &free);
        let own: Vec<f64> = free
            .iter()
            .flat_map(|&j| free.iter().map(move |&i| i + j * size))
            .map(|m| found.solution.vcov[m])
            .collect();
        let singular = own.iter().any(|v| v.is_nan());
        assert!(singular || own.len() == expected.len());
        if !singular {
            assert_close(name, &own, &expected, 1e-3);
        }
    }
}

#[test]
fn a_variance_is_held_at_zero() {
    let case = named("crossed");
    let found = holding(&case, &[(1, 0.0)], &[]);
    let mut smaller = case.design.clone();
    smaller.data.terms.pop();
    smaller.term_predictor.pop();
    smaller.data.groups.pop();
    let expected = fit(&plain(&case.family, &smaller), 1);
    assert_close("criterion", &[found.solution.criterion], &[expected.solution.criterion], 1e-8);
    assert!(found.solution.theta[1].abs() < 1e-12);
}

#[test]
fn tied_variances_are_equal() {
    let case = named("crossed");
    let found = holding(&case, &[], &[&[0, 1]]);
    let theta = &found.solution.theta;
    assert_close("tied", &[theta[0]], &[theta[1]], 1e-12);
    let model = plain(&case.family, &case.design);
    let slope = model.evaluate(1, &parameters(&found)).unwrap().gradient;
    assert!((slope[0] + slope[1]).abs() < 1e-3, "{slope:?}");
}

#[test]
fn the_rest_of_a_restricted_likelihood_is_held() {
    let case = named("spread, crossed");
    let (size, theta) = (size(&case.at), case.at.theta.len());
    let mut held = Held { values: vec![f64::NAN; size], ties: vec![] };
    held.values[theta + 3] = 0.1;
    let model = plain(&case.family, &case.design).by_restricted_likelihood().unwrap();
    let found = fit(&model.holding(held.clone()).unwrap(), 1).solution;
    assert!(found.certificate.holds && (found.beta[3] - 0.1).abs() < 1e-12);
    let mut smaller = case.design.clone();
    let column = smaller.data.x.pop().unwrap().unwrap();
    smaller.x_predictor.pop();
    smaller.offsets[1] = Some(column.iter().map(|x| 0.1 * x).collect());
    let expected = fit(&plain(&case.family, &smaller).by_restricted_likelihood().unwrap(), 1).solution;
    assert_close("criterion", &[found.criterion], &[expected.criterion], 1e-9);
    assert_close("vcov", &[found.vcov[theta * (size + 1)]], &[expected.vcov[theta * size]], 1e-4);
    held.values[theta] = 0.3;
    let model = plain(&case.family, &case.design).by_restricted_likelihood().unwrap();
    assert!(matches!(model.holding(held), Err(EngineError::Shape(_))));
}

#[test]
fn what_is_refused() {
    let case = named("several terms, crossed");
    let size = size(&case.at);
    let attempt = |values: &[(usize, f64)], ties: &[&[usize]]| {
        let mut held = Held { values: vec![f64::NAN; size], ties: ties.iter().map(|t| t.to_vec()).collect() };
        values.iter().for_each(|&(j, v)| held.values[j] = v);
        plain(&case.family, &case.design).holding(held)
    };
    let refused = |found: Result<Glmm, EngineError>| matches!(found, Err(EngineError::Shape(_)));
    assert!(refused(attempt(&[(3, 0.5)], &[])), "part of a covariance");
    assert!(refused(attempt(&[], &[&[0, 3]])), "a tie with part of a covariance");
    assert!(refused(attempt(&[], &[&[0, size - 1]])), "two kinds");
    assert!(refused(attempt(&[], &[&[0]])), "alone");
    assert!(refused(attempt(&[(0, 0.4)], &[&[0, 1]])), "held and tied");
    assert!(refused(attempt(&[(0, -0.4)], &[])), "a negative standard deviation");
    assert!(refused(attempt(&[(0, f64::INFINITY)], &[])));
    let short = Held { values: vec![f64::NAN; size - 1], ties: vec![] };
    assert!(refused(plain(&case.family, &case.design).holding(short)));
    let model = attempt(&[(6, 0.1)], &[]).unwrap();
    assert!(matches!(model.evaluate(0, &case.at), Err(EngineError::Shape(_))), "a coefficient at nAGQ = 0");
    assert!(matches!(Absolute::new(&model, How::from(1)), Err(EngineError::Shape(_))), "profiles");
}
