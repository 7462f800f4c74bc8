//! A model written two ways, so that it takes two ways, is one model; and terms that cannot be told apart.

use std::sync::Arc;

use mixedmodels_engine::glmm::Glmm;

use super::assert_close;
use super::data::{Dice, codes};
use super::derivatives::{Case, parameter, several, single};
use super::designs::{Design, crossed};
use super::families;
use super::optima::{fit, parameters};
use super::twin::Twin;

/// One more factor, whose single effect has theta zero, in the last linear predictor.
fn with_idle_factor(case: &Case, levels: usize) -> Case {
    let (mut design, mut at) = (case.design.clone(), case.at.clone());
    let n = design.n();
    design.data.groups.push(codes(&mut Dice::new(77), n, levels));
    design.data.terms.push((design.data.groups.len() - 1, vec![None]));
    design.term_predictor.push(design.predictors() - 1);
    at.theta.push(0.0);
    Case { name: case.name, family: Arc::clone(&case.family), design, at, path: "dense tail" }
}

#[test]
fn an_idle_factor_changes_the_path_and_nothing_else() {
    for case in single().into_iter().chain(several()) {
        for levels in [1, 70] {
            let idle = with_idle_factor(&case, levels);
            for expected in [false, true] {
                let model = |c: &Case| Glmm::new(Arc::clone(&c.family), &c.design.rows(), expected).unwrap();
                let (a, b) = (model(&case), model(&idle));
                assert_eq!((a.describe().path, b.describe().path), (case.path, idle.path));
                let (one, other) = (a.evaluate(1, &case.at).unwrap(), b.evaluate(1, &idle.at).unwrap());
                assert_close(case.name, &[one.criterion], &[other.criterion], 1e-11);
                let mut rest = other.gradient.clone();
                let slope = rest.remove(case.at.theta.len());
                assert!(slope.abs() < 1e-9, "{}: {slope} at zero", case.name);
                assert_close(case.name, &one.gradient, &rest, 1e-8);
            }
        }
    }
}

#[test]
fn the_order_of_rows_and_terms_does_not_matter() {
    for case in several() {
        let (mut design, mut at) = (case.design.clone(), case.at.clone());
        let n = design.n();
        let mut dice = Dice::new(6);
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, dice.below(i + 1));
        }
        let turn = |v: &[f64]| -> Vec<f64> { order.iter().map(|&i| v[i]).collect() };
        design.data.y = turn(&design.data.y);
        for column in design.data.x.iter_mut().chain(design.data.terms.iter_mut().flat_map(|t| &mut t.1)) {
            *column = column.as_deref().map(turn);
        }
        for (codes, _) in &mut design.data.groups {
            *codes = order.iter().map(|&i| codes[i]).collect();
        }
        let sizes: Vec<usize> = design.data.terms.iter().map(|t| t.1.len() * (t.1.len() + 1) / 2).collect();
        design.data.terms.reverse();
        design.term_predictor.reverse();
        let mut first = 0;
        let parts: Vec<Vec<f64>> = sizes
            .iter()
            .map(|size| {
                first += size;
                at.theta[first - size..first].to_vec()
            })
            .collect();
        at.theta = parts.iter().rev().flatten().copied().collect();
        let of = |design: &Design, at| {
            Glmm::new(Arc::clone(&case.family), &design.rows(), false).unwrap().at(1, at).unwrap()
        };
        let (one, other) = (of(&case.design, &case.at), of(&design, &at));
        assert_close(case.name, &[one.criterion], &[other.criterion], 1e-11);
        for r in 0..design.predictors() {
            assert_close(case.name, &turn(&one.eta[r * n..(r + 1) * n]), &other.eta[r * n..(r + 1) * n], 1e-8);
        }
        let count = at.theta.len();
        assert_close(case.name, &one.gradient[count..], &other.gradient[count..], 1e-7);
    }
}

#[test]
fn terms_that_cannot_be_told_apart_share_their_variance() {
    // (1 | h) + (1 | h): only the sum of both variances is determined.
    for (name, levels) in [("one factor", &[20][..]), ("crossed", &[20, 12])] {
        let family = families::of("poisson", None);
        let mut dice = Dice::new(4);
        let groups = crossed(&mut dice, 300, levels);
        let terms = [(0, 0, 1), (0, 0, 1), (0, 1, 1)];
        let mut twice = Design::new(&mut dice, groups, 1, &terms[..levels.len() + 1]);
        let truth = parameter(&mut dice, &twice, &[1.0], vec![]);
        twice = twice.draw(&mut dice, family.as_ref(), &truth);
        let mut once = twice.clone();
        once.data.terms.remove(1);
        once.term_predictor.remove(1);
        let of = |design: &Design| {
            let model = Glmm::new(Arc::clone(&family), &design.rows(), false).unwrap();
            fit(&model, 1)
        };
        let (one, two) = (of(&once), of(&twice));
        assert_close(name, &[two.solution.criterion], &[one.solution.criterion], 1e-9);
        assert!(two.solution.certificate.holds, "{name}: {:?}", two.solution.certificate);
        let (a, b) = (&one.solution.theta, &two.solution.theta);
        assert_close(name, &[b[0].hypot(b[1])], &[a[0]], 1e-4);
        assert_close(name, &one.solution.beta, &two.solution.beta, 1e-4);
        assert_close(
            name,
            &[Twin::new(&family, &twice, false).criterion(&parameters(&two))],
            &[two.solution.criterion],
            1e-10,
        );
    }
}

#[test]
fn rows_that_say_the_same_count_as_often_as_they_are_there() {
    // Intercepts alone: few different rows, with weights and without, in one linear predictor and in several.
    let families = [
        (families::of("binomial", None), &[0.3][..], vec![]),
        (families::of("nbinom2", None), &[0.8], vec![0.9]),
        (families::zero_inflated(), &[0.8, -1.0], vec![]),
        (families::mean_and_theta(), &[0.7, 0.6], vec![]),
    ];
    for (family, intercepts, psi) in families {
        for weighted in [false, true] {
            let mut dice = Dice::new(12);
            let groups = crossed(&mut dice, 200, &[12, 5]);
            let last = family.predictors() - 1;
            let mut design = Design::new(&mut dice, groups, family.predictors(), &[(0, 0, 1), (last, 1, 1)]);
            let ones: Vec<usize> = (0..design.data.x.len()).filter(|&j| design.data.x[j].is_none()).collect();
            design.x_predictor = ones.iter().map(|&j| design.x_predictor[j]).collect();
            design.data.x = vec![None; ones.len()];
            if weighted {
                design.data.weights = Some((0..200).map(|_| 1.0 + dice.below(3) as f64).collect());
            }
            let at = parameter(&mut dice, &design, intercepts, psi.clone());
            design = design.draw(&mut dice, family.as_ref(), &at);
            let model = Glmm::new(Arc::clone(&family), &design.rows(), false).unwrap();
            let what = format!("{}, {} predictors, weighted {weighted}", family.about().name, family.predictors());
            let found = model.at(1, &at).unwrap();
            let twin = Twin::new(&family, &design, false);
            assert_close(&what, &[found.criterion], &[twin.criterion(&at)], 1e-10);
            assert_eq!(found.eta.len(), family.predictors() * design.n(), "{what}");
            let along: Vec<f64> = dice.normals(found.gradient.len());
            let slope: f64 = along.iter().zip(&found.gradient).map(|(a, g)| a * g).sum();
            assert_close(&what, &[slope], &[twin.slope(&at, &along, 3e-4)], 1e-7);
        }
    }
}
