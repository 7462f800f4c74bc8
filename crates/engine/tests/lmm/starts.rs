//! Starts of the user's: good, bad, and on a saddle.

use super::assert_close;
use super::data::{Data, crossed};
use super::optima::{assert_optimal, fit};
use mixedmodels_engine::lmm::{Lmm, Optimum};
use mixedmodels_engine::optimize::{Options, Status};

fn fit_from(data: &Data, start: &[f64]) -> Optimum {
    Lmm::new(&data.rows(), true).unwrap().fit(Some(start), Options::default(), &mut |_, _| true).unwrap()
}

#[test]
fn theta_zero_is_stationary_and_left() {
    for sizes in [&[(20, 1)][..], &[(20, 2)], &[(20, 3)], &[(20, 1), (12, 1)], &[(15, 2), (10, 2)]] {
        let data = crossed(20, 240, sizes);
        let zero = vec![0.0; data.n_theta()];
        let slope = Lmm::new(&data.rows(), true).unwrap().evaluate(&zero).unwrap().gradient;
        assert!(slope.iter().all(|&g| g == 0.0), "a saddle has no slope: {slope:?}");
        let (found, usual) = (fit_from(&data, &zero), fit(&data, true));
        assert_optimal("from zero", &data, true, &found);
        assert_close("criterion", &[found.solution.criterion], &[usual.solution.criterion], 1e-10);
        assert_close("theta", &found.solution.theta, &usual.solution.theta, 1e-4);
    }
}

#[test]
fn every_start_leads_to_the_same_place() {
    let data = crossed(21, 300, &[(24, 2), (14, 1)]);
    let usual = fit(&data, true);
    for start in [
        [1.0, 0.0, 1.0, 1.0],
        [0.0, 0.0, 1.0, 0.0],
        [1e-6, 0.0, 1e-6, 1e-6],
        [50.0, -20.0, 30.0, 80.0],
        [-0.8, 0.1, -0.5, -0.9],
    ] {
        let found = fit_from(&data, &start);
        assert_optimal("start", &data, true, &found);
        assert_close("criterion", &[found.solution.criterion], &[usual.solution.criterion], 1e-10);
    }
}

#[test]
fn the_optimum_as_start_stays() {
    let data = crossed(22, 200, &[(20, 2)]);
    let usual = fit(&data, true);
    let found = fit_from(&data, &usual.solution.theta);
    assert!(found.trace.len() <= 2, "{} evaluations", found.trace.len());
    assert_close("theta", &found.solution.theta, &usual.solution.theta, 1e-6);
}

#[test]
fn the_budget_of_evaluations_is_kept_and_said() {
    let data = crossed(23, 300, &[(24, 2), (14, 1)]);
    let model = Lmm::new(&data.rows(), true).unwrap();
    let options = Options { max_evaluations: 2, ..Options::default() };
    let mut calls = 0;
    let found = model.fit(Some(&[30.0, 0.0, 30.0, 30.0]), options, &mut |number, criterion| {
        calls += 1;
        number == calls && criterion.is_finite()
    });
    let found = found.unwrap();
    assert_eq!((found.status, found.trace.len(), calls), (Status::MaxEvaluations, 2, 2));
    assert!(!found.solution.certificate.holds);
}
