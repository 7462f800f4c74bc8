//! nAGQ = 0: beta at the joint mode of beta and the random effects.

use std::sync::Arc;

use mixedmodels_engine::glmm::{Glmm, Parameter};

use super::assert_close;
use super::derivatives::{Case, several, single};
use super::optima::{fit, parameters};
use super::twin::{Twin, moved};

/// Every case of one linear predictor and of several.
fn cases() -> impl Iterator<Item = Case> {
    single().into_iter().chain(several())
}

#[test]
fn beta_is_at_the_joint_mode_and_the_gradient_knows() {
    for Case { name, family, design, at, .. } in cases() {
        let model = Glmm::new(Arc::clone(&family), &design.rows(), false).unwrap();
        let found = model.at(0, &at).unwrap_or_else(|e| panic!("{name}: {e}"));
        let there = Parameter { beta: found.beta.clone(), ..at.clone() };
        let twin = Twin::new(&family, &design, false);
        assert_close(name, &[found.criterion], &[twin.criterion(&there)], 1e-9);
        // Where beta is the joint objective is least.
        let joint = |by: f64, j: usize| {
            let unit: Vec<f64> = (0..at.theta.len() + at.beta.len() + at.psi.len())
                .map(|i| f64::from(u8::from(i == at.theta.len() + j)))
                .collect();
            let s = model.at(1, &moved(&there, &unit, by)).unwrap();
            s.penalty - 2.0 * s.conditional_loglik
        };
        let lowest = joint(0.0, 0);
        for j in 0..at.beta.len() {
            let (up, down) = (joint(1e-4, j), joint(-1e-4, j));
            assert!(up > lowest && down > lowest, "{name}: {lowest} is no minimum along beta {j}: {down}, {up}");
        }
        let size = found.gradient.len();
        let slope = |j: usize| {
            let unit: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == j))).collect();
            let value = |by: f64| model.evaluate(0, &moved(&at, &unit, by)).unwrap().criterion;
            let across = |by: f64| (value(by) - value(-by)) / (2.0 * by);
            (4.0 * across(3e-4) - across(6e-4)) / 3.0
        };
        let slopes: Vec<f64> = (0..size).map(slope).collect();
        assert_close(&format!("gradient: {name}"), &found.gradient, &slopes, 1e-6);
    }
}

#[test]
fn fits_are_certified() {
    for Case { name, family, design, .. } in single() {
        let model = Glmm::new(family, &design.rows(), false).unwrap();
        let found = fit(&model, 0);
        assert!(found.solution.certificate.holds, "{name}: {:?}", found.solution.certificate);
        let laplace = model.evaluate(1, &parameters(&found)).unwrap().criterion;
        assert_close(name, &[found.solution.criterion], &[laplace], 1e-10);
        assert!(fit(&model, 1).solution.criterion <= laplace + 1e-9, "{name}");
    }
}
