//! Optima of models in one to three linear predictors: certified, and nothing that the twin finds is better.

use std::sync::Arc;

use mixedmodels_engine::family::Family;
use mixedmodels_engine::glmm::{Glmm, Optimum, Parameter, Start};
use mixedmodels_engine::optimize::{Options, Status};

use super::assert_close;
use super::data::Dice;
use super::derivatives::{differences, parameter};
use super::designs::{Design, crossed, nested};
use super::families;
use super::twin::{Twin, moved};

pub fn fit(model: &Glmm, nagq: usize) -> Optimum {
    model.fit(nagq, &Start::default(), Options::default(), &mut |_, _| true).unwrap()
}

pub fn parameters(found: &Optimum) -> Parameter {
    let s = &found.solution;
    Parameter { theta: s.theta.clone(), beta: s.beta.clone(), psi: s.psi.clone() }
}

/// A compass search of the twin's criterion from a point: the lowest value that it meets.
fn polish(twin: &Twin, start: &Parameter, size: usize, mut step: f64) -> f64 {
    let (mut best, mut mode) = twin.from(start, None);
    let mut at = start.clone();
    while step > 1e-4 {
        let mut gained = false;
        for j in 0..2 * size {
            let unit: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == j / 2))).collect();
            let trial = moved(&at, &unit, if j % 2 == 0 { step } else { -step });
            let (value, there) = twin.from(&trial, Some(&mode));
            if value < best {
                (best, mode, at, gained) = (value, there, trial, true);
            }
        }
        if !gained {
            step *= 0.25;
        }
    }
    best
}

/// Certified, the twin's value, and not above what a derivative-free search of the twin reaches from nearby.
#[track_caller]
fn assert_optimal(what: &str, family: &Arc<dyn Family>, design: &Design, found: &Optimum, most: usize) {
    let s = &found.solution;
    assert_eq!(found.status, Status::Converged, "{what}");
    assert!(s.certificate.holds, "{what}: {:?}", s.certificate);
    assert!(found.trace.len() <= most, "{what}: {} evaluations", found.trace.len());
    let twin = Twin::new(family, design, false);
    let at = parameters(found);
    assert_close(what, &[s.criterion], &[twin.criterion(&at)], 1e-10);
    let size = at.theta.len() + at.beta.len() + at.psi.len();
    let mut dice = Dice::new(5);
    let away: Vec<f64> = dice.normals(size);
    for (distance, step) in [(0.0, 1e-2), (0.03, 3e-2)] {
        let best = polish(&twin, &moved(&at, &away, distance), size, step);
        assert!(best > s.criterion - 1e-7, "{what}: {best} is below {}", s.criterion);
    }
}

/// A design with responses drawn from the family.
fn drawn(
    seed: u64,
    family: &Arc<dyn Family>,
    groups: Vec<(Vec<i32>, usize)>,
    terms: &[(usize, usize, usize)],
    intercepts: &[f64],
    psi: Vec<f64>,
) -> Design {
    let mut dice = Dice::new(seed);
    let design = Design::new(&mut dice, groups, family.predictors(), terms);
    let at = parameter(&mut dice, &design, intercepts, psi);
    design.draw(&mut dice, family.as_ref(), &at)
}

pub type Problem = (&'static str, Arc<dyn Family>, Design);

pub fn problems() -> Vec<Problem> {
    let one = |seed: u64| crossed(&mut Dice::new(seed), 300, &[20]);
    let two = |seed: u64| crossed(&mut Dice::new(seed), 360, &[20, 12]);
    let (spread, zeros) = (families::mean_and_spread(), families::zero_inflated());
    let (theta, three, tails) = (families::mean_and_theta(), families::zero_inflated_theta(), families::tails());
    let shared = [(0, 0, 1), (1, 0, 1)];
    let d = drawn;
    vec![
        ("spread, shared factor", spread.clone(), d(1, &spread, one(1), &shared, &[1.0, -0.3], vec![])),
        ("spread, crossed", spread.clone(), d(2, &spread, two(2), &[(0, 0, 2), (1, 1, 1)], &[1.0, -0.3], vec![])),
        (
            "spread, nested",
            spread.clone(),
            d(3, &spread, nested(10, 2, 15), &[(0, 0, 1), (1, 1, 1), (0, 1, 1)], &[1.0, -0.3], vec![]),
        ),
        ("zeros, shared factor", zeros.clone(), d(4, &zeros, one(4), &shared, &[1.2, -1.0], vec![])),
        ("zeros, crossed", zeros.clone(), d(5, &zeros, two(5), &[(0, 0, 1), (1, 1, 1)], &[1.2, -1.0], vec![])),
        ("theta, shared factor", theta.clone(), d(6, &theta, one(6), &shared, &[1.2, 0.8], vec![])),
        ("three, crossed", three.clone(), d(7, &three, two(7), &[(0, 0, 1), (2, 1, 1)], &[1.5, 0.8, -1.0], vec![])),
        ("tails", tails.clone(), d(8, &tails, one(8), &shared, &[0.5, -0.2], vec![1.6])),
    ]
}

#[test]
fn models_in_several_linear_predictors_reach_their_optimum() {
    for (name, family, design) in problems() {
        let model = Glmm::new(Arc::clone(&family), &design.rows(), false).unwrap();
        let found = fit(&model, 1);
        assert_optimal(name, &family, &design, &found, 40);
        let singular = found.solution.vcov.iter().any(|v| v.is_nan());
        if !singular {
            let hessian = differences(&model, 1, &parameters(&found));
            assert_close(&format!("{name}: hessian"), &found.solution.hessian, &hessian, 1e-5);
        }
    }
}
