//! What cannot be fitted is refused by name, never by a panic.

use std::sync::Arc;

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::family::Family;
use mixedmodels_engine::glmm::{Glmm, Parameter, Start};
use mixedmodels_engine::optimize::{Options, Status};

use super::assert_close;
use super::data::Dice;
use super::derivatives::{several, single};
use super::designs::{Design, crossed};
use super::families;
use super::optima::fit;

fn poisson() -> (Arc<dyn Family>, Design, Parameter) {
    let case = single().swap_remove(1);
    (case.family, case.design, case.at)
}

fn refusal(family: &Arc<dyn Family>, design: &Design) -> EngineError {
    let built = Glmm::new(Arc::clone(family), &design.rows(), false);
    let found = built.and_then(|m| m.fit(1, &Start::default(), Options::default(), &mut |_, _| true));
    found.err().unwrap_or_else(|| panic!("it was fitted"))
}

#[test]
fn shapes_that_contradict_each_other() {
    let (family, design, _) = poisson();
    let mut all = vec![design; 9];
    all[0].data.x[1].as_mut().unwrap().pop();
    all[1].data.groups[0].0.pop();
    all[2].data.groups[0].0[3] = 14;
    all[3].data.groups[0].0[3] = -1;
    all[4].data.weights = Some(vec![1.0; 3]);
    all[5].offsets = vec![Some(vec![0.0; 7])];
    all[6].offsets = vec![None, None];
    all[7].x_predictor.pop();
    all[8].term_predictor = vec![1];
    for (number, design) in all.iter().enumerate() {
        match refusal(&family, design) {
            EngineError::Shape(what) => assert!(what.len() > 10, "{what}"),
            other => panic!("case {number}: {other:?}"),
        }
    }
}

#[test]
fn parameters_of_another_model() {
    for case in [single().swap_remove(2), several().swap_remove(12)] {
        let model = Glmm::new(Arc::clone(&case.family), &case.design.rows(), false).unwrap();
        for which in 0..6 {
            let mut at = case.at.clone();
            let list = [&mut at.theta, &mut at.beta, &mut at.psi].into_iter().nth(which / 2).unwrap();
            if which % 2 == 0 {
                list.push(0.1);
            } else {
                list.pop();
            }
            let start = Start { theta: Some(at.theta.clone()), beta: Some(at.beta.clone()), psi: Some(at.psi.clone()) };
            let refused = [
                model.evaluate(1, &at).err(),
                model.at(1, &at).err(),
                model.conditional_variances(&at).err(),
                model.fit(1, &start, Options::default(), &mut |_, _| true).err(),
            ];
            for refused in refused {
                assert!(matches!(refused, Some(EngineError::Shape(_))), "{}: {refused:?}", case.name);
            }
        }
    }
}

#[test]
fn numbers_that_are_none() {
    let (family, design, _) = poisson();
    for bad in [f64::NAN, f64::INFINITY] {
        let mut all = vec![design.clone(); 5];
        all[0].data.y[5] = bad;
        all[1].data.x[1].as_mut().unwrap()[9] = bad;
        all[2].data.terms[0].1[1].as_mut().unwrap()[40] = bad;
        all[3].data.weights = Some((0..design.n()).map(|i| if i == 7 { bad } else { 1.0 }).collect());
        all[4].offsets = vec![Some((0..design.n()).map(|i| if i == 7 { bad } else { 0.0 }).collect())];
        for (number, design) in all.iter().enumerate() {
            assert_eq!(refusal(&family, design), EngineError::NotFinite, "{bad}, case {number}");
        }
    }
    let (_, _, at) = poisson();
    let model = Glmm::new(family, &design.rows(), false).unwrap();
    let mut wrong = at.clone();
    wrong.beta[0] = f64::NAN;
    assert_eq!(model.evaluate(1, &wrong).err(), Some(EngineError::NoMode));
}

#[test]
fn a_watch_that_says_no_stops_the_fit() {
    let (family, design, _) = poisson();
    let model = Glmm::new(family, &design.rows(), false).unwrap();
    for last in [1, 4] {
        let mut calls = 0;
        let found = model.fit(1, &Start::default(), Options::default(), &mut |number, _| {
            calls = number;
            number < last
        });
        assert_eq!(found.err(), Some(EngineError::Interrupted));
        assert_eq!(calls, last);
    }
}

/// An identity link on positive means, with a covariate that drives a straight line below zero.
fn leaving(offset: f64) -> (Arc<dyn Family>, Design) {
    let mut dice = Dice::new(8);
    let family = families::of("poisson", Some("identity"));
    let groups = crossed(&mut dice, 200, &[12]);
    let mut design = Design::new(&mut dice, groups, 1, &[(0, 0, 1)]);
    let x: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
    design.data.y = x.iter().map(|x| (6.0 * (1.0 - x) + 1.5 * dice.uniform()).floor()).collect();
    design.data.x[1] = Some(x);
    design.offsets = vec![Some(vec![offset; 200])];
    (family, design)
}

#[test]
fn no_start_inside_the_domain() {
    // Without an intercept, and with an offset that no beta makes up for everywhere.
    let (family, mut design) = leaving(-50.0);
    design.data.x.remove(0);
    design.x_predictor.pop();
    assert_eq!(refusal(&family, &design), EngineError::OutsideDomain);
}

#[test]
fn a_domain_left_during_the_search_is_a_wall() {
    let (family, design) = leaving(0.0);
    let model = Glmm::new(Arc::clone(&family), &design.rows(), false).unwrap();
    let found = fit(&model, 1);
    assert!(found.solution.criterion.is_finite());
    assert!(found.solution.eta.iter().all(|&eta| eta > 0.0));
    // A point outside has no mode.
    let outside = Parameter { theta: vec![0.1], beta: vec![-5.0, 0.0], psi: vec![] };
    assert_eq!(model.evaluate(1, &outside).err(), Some(EngineError::NoMode));
    // From a start whose means are all inside, it ends at the same value.
    let start = Start { beta: Some(vec![8.0, 0.5]), theta: Some(vec![0.2]), psi: None };
    let again = model.fit(1, &start, Options::default(), &mut |_, _| true).unwrap();
    assert_eq!((found.status, again.status), (Status::Converged, Status::Converged));
    assert_close("criterion", &[again.solution.criterion], &[found.solution.criterion], 1e-9);
}

#[test]
fn without_random_effects_it_is_maximum_likelihood() {
    for case in [single().swap_remove(2), several().swap_remove(0), several().swap_remove(12)] {
        let mut design = case.design.clone();
        design.data.groups.clear();
        design.data.terms.clear();
        design.term_predictor.clear();
        let model = Glmm::new(Arc::clone(&case.family), &design.rows(), false).unwrap();
        assert_eq!(model.describe().path, "no random effects");
        let found = fit(&model, 1);
        assert_eq!(found.status, Status::Converged, "{}", case.name);
        assert!(found.solution.certificate.holds && found.solution.theta.is_empty());
        assert!(found.solution.gradient.iter().all(|g| g.abs() < 1e-4), "{:?}", found.solution.gradient);
        let rows = mixedmodels_engine::family::Response { y: &design.data.y, weights: None };
        let value = case.family.value(rows, &design.known(&found.solution.beta), &found.solution.psi);
        let criterion = -2.0 * (value + case.family.constant(rows));
        assert_close(case.name, &[found.solution.criterion], &[criterion], 1e-11);
        assert!(matches!(model.evaluate(5, &Parameter { theta: vec![], ..case.at }), Err(EngineError::Shape(_))));
    }
}

#[test]
fn no_parameter_at_all() {
    let (family, mut design, _) = poisson();
    design.data.x.clear();
    design.x_predictor.clear();
    let with_effects = Glmm::new(Arc::clone(&family), &design.rows(), false).unwrap();
    assert!(fit(&with_effects, 1).solution.certificate.holds);
    design.data.groups.clear();
    design.data.terms.clear();
    design.term_predictor.clear();
    let empty = Glmm::new(family, &design.rows(), false);
    assert!(matches!(empty.err(), Some(EngineError::Shape(_))));
}
