//! Criterion and gradient against the twin: families in one to three linear predictors, over every path.

use std::sync::Arc;

use mixedmodels_engine::family::Family;
use mixedmodels_engine::glmm::{Glmm, Parameter};

use super::assert_close;
use super::data::Dice;
use super::designs::{Design, crossed, nested};
use super::families;
use super::twin::{Twin, moved};

pub struct Case {
    pub name: &'static str,
    pub family: Arc<dyn Family>,
    pub design: Design,
    pub at: Parameter,
    pub path: &'static str,
}

/// Moderate parameters: diagonals of T near a half, small slopes.
pub fn parameter(dice: &mut Dice, design: &Design, intercepts: &[f64], psi: Vec<f64>) -> Parameter {
    let mut theta = Vec::new();
    for (_, columns) in &design.data.terms {
        for j in 0..columns.len() {
            theta.push(0.4 + 0.3 * dice.uniform());
            theta.extend((j + 1..columns.len()).map(|_| 0.2 * dice.normal()));
        }
    }
    let slope = |dice: &mut Dice| 0.2 * dice.normal();
    let beta = (0..design.data.x.len())
        .map(|j| if design.data.x[j].is_none() { intercepts[design.x_predictor[j]] } else { slope(dice) })
        .collect();
    Parameter { theta, beta, psi }
}

type Terms<'a> = &'a [(usize, usize, usize)];

fn case(
    name: &'static str,
    seed: u64,
    (family, intercepts, psi): (Arc<dyn Family>, &[f64], Vec<f64>),
    groups: Vec<(Vec<i32>, usize)>,
    terms: Terms,
    path: &'static str,
) -> Case {
    let mut dice = Dice::new(seed);
    let design = Design::new(&mut dice, groups, family.predictors(), terms);
    let at = parameter(&mut dice, &design, intercepts, psi);
    let design = design.draw(&mut dice, family.as_ref(), &at);
    Case { name, family, design, at, path }
}

/// Families in several linear predictors.
pub fn several() -> Vec<Case> {
    let spread = || (families::mean_and_spread(), &[1.0, -0.3][..], vec![]);
    let zeros = || (families::zero_inflated(), &[0.8, -1.0][..], vec![]);
    let theta = || (families::mean_and_theta(), &[0.7, 0.6][..], vec![]);
    let three = || (families::zero_inflated_theta(), &[1.0, 0.6, -1.0][..], vec![]);
    let tails = || (families::tails(), &[0.5, -0.2][..], vec![1.6]);
    let one = |seed: u64| crossed(&mut Dice::new(seed), 180, &[15]);
    let two = |seed: u64| crossed(&mut Dice::new(seed), 240, &[18, 11]);
    vec![
        case("spread, one term in each", 1, spread(), one(1), &[(0, 0, 1), (1, 0, 1)], "one factor"),
        case("spread, slopes in both", 2, spread(), one(2), &[(0, 0, 2), (1, 0, 2)], "one factor"),
        case("spread, the second alone", 3, spread(), one(3), &[(1, 0, 2)], "one factor"),
        case("spread, crossed", 4, spread(), two(4), &[(0, 0, 2), (1, 1, 1)], "dense tail"),
        case("spread, both in both", 5, spread(), two(5), &[(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 2)], "dense tail"),
        case("spread, nested", 6, spread(), nested(8, 3, 10), &[(0, 0, 1), (0, 1, 1), (1, 1, 1)], "dense tail"),
        case("zeros, shared factor", 7, zeros(), one(7), &[(0, 0, 2), (1, 0, 1)], "one factor"),
        case("zeros, crossed", 8, zeros(), two(8), &[(0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)], "dense tail"),
        case("theta, shared factor", 9, theta(), one(9), &[(0, 0, 1), (1, 0, 1)], "one factor"),
        case("theta, nested", 10, theta(), nested(8, 3, 10), &[(0, 0, 1), (1, 1, 1), (0, 1, 2)], "dense tail"),
        case("three, one factor", 11, three(), one(11), &[(0, 0, 1), (1, 0, 1), (2, 0, 1)], "one factor"),
        case("three, crossed", 12, three(), two(12), &[(0, 0, 2), (2, 1, 1), (1, 1, 1), (0, 1, 1)], "dense tail"),
        case("tails, a shape", 13, tails(), one(13), &[(0, 0, 2), (1, 0, 1)], "one factor"),
        case("tails, crossed", 14, tails(), two(14), &[(0, 0, 1), (1, 1, 2)], "dense tail"),
        case(
            "three crossed factors",
            15,
            zeros(),
            crossed(&mut Dice::new(15), 260, &[14, 9, 6]),
            &[(0, 0, 1), (1, 1, 1), (0, 2, 2), (1, 2, 1)],
            "dense tail",
        ),
    ]
}

/// One linear predictor, over every path and families of every kind.
pub fn single() -> Vec<Case> {
    let bernoulli = || (families::of("binomial", None), &[0.3][..], vec![]);
    let poisson = || (families::of("poisson", None), &[0.8][..], vec![]);
    let nb = || (families::of("nbinom2", None), &[0.8][..], vec![0.9]);
    let gamma = || (families::of("Gamma", Some("log")), &[0.5][..], vec![1.1]);
    let probit = || (families::of("binomial", Some("probit")), &[0.2][..], vec![]);
    let cloglog = || (families::of("binomial", Some("cloglog")), &[-0.4][..], vec![]);
    let root = || (families::of("poisson", Some("sqrt")), &[3.0][..], vec![]);
    let one = |seed: u64| crossed(&mut Dice::new(seed), 160, &[14]);
    let two = |seed: u64| crossed(&mut Dice::new(seed), 220, &[18, 11]);
    vec![
        case("one effect", 21, bernoulli(), one(21), &[(0, 0, 1)], "one factor"),
        case("two effects", 22, poisson(), one(22), &[(0, 0, 2)], "one factor"),
        case("three effects", 23, nb(), one(23), &[(0, 0, 3)], "one factor"),
        case("four effects", 24, gamma(), one(24), &[(0, 0, 4)], "one factor"),
        case("five effects", 25, poisson(), one(25), &[(0, 0, 5)], "one factor"),
        case("several terms on one factor", 26, nb(), one(26), &[(0, 0, 2), (0, 0, 1), (0, 0, 1)], "one factor"),
        case("crossed", 27, probit(), two(27), &[(0, 0, 1), (0, 1, 1)], "dense tail"),
        case("crossed slopes", 28, gamma(), two(28), &[(0, 0, 2), (0, 1, 3)], "dense tail"),
        case("several terms, crossed", 29, nb(), two(29), &[(0, 0, 1), (0, 0, 1), (0, 1, 1), (0, 1, 2)], "dense tail"),
        case("a link that is not canonical", 30, cloglog(), two(30), &[(0, 0, 2), (0, 1, 1)], "dense tail"),
        case("a link with a domain", 31, root(), two(31), &[(0, 0, 1), (0, 1, 1)], "dense tail"),
        case("nested", 32, nb(), nested(7, 3, 9), &[(0, 0, 1), (0, 1, 2)], "dense tail"),
    ]
}

/// Tails that are wide and sparse: a nested design, with a little crossing so that fronts are not trivial.
pub fn sparse() -> Vec<Case> {
    let groups = |seed: u64| {
        let mut dice = Dice::new(seed);
        let mut groups = nested(50, 2, 3);
        let n = groups[0].0.len();
        let quarter = (0..n).map(|i| (i / 15) as i32).collect();
        for i in (0..n).step_by(11) {
            groups[1].0[i] = dice.below(50) as i32;
        }
        groups.push((quarter, n.div_ceil(15)));
        groups.push(((0..n).map(|i| (i / 7) as i32).collect(), n.div_ceil(7)));
        groups
    };
    let terms = [(0, 0, 1), (0, 1, 1), (0, 2, 2), (0, 3, 1)];
    let nb = (families::of("nbinom2", None), &[0.8][..], vec![0.9]);
    let spread = (families::mean_and_spread(), &[1.0, -0.3][..], vec![]);
    vec![
        case("sparse tail", 41, nb, groups(41), &terms, "sparse tail"),
        case(
            "sparse tail, two predictors",
            42,
            spread,
            groups(42),
            &[(0, 0, 1), (0, 1, 1), (1, 2, 1), (0, 3, 1), (1, 1, 1)],
            "sparse tail",
        ),
    ]
}

/// The criterion, and the gradient along every parameter (or along two directions, where the twin is slow).
#[track_caller]
fn check(case: &Case, expected: bool, full: bool) {
    let Case { name, family, design, at, path } = case;
    let what = format!("{name}, expected {expected}");
    let model = Glmm::new(Arc::clone(family), &design.rows(), expected).unwrap();
    assert_eq!(model.describe().path, *path, "{what}");
    let twin = Twin::new(family, design, expected);
    let e = model.evaluate(1, at).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_close(&what, &[e.criterion], &[twin.criterion(at)], 1e-10);
    let size = e.gradient.len();
    let mut dice = Dice::new(77);
    let directions: Vec<Vec<f64>> = if full {
        (0..size).map(|j| (0..size).map(|i| f64::from(u8::from(i == j))).collect()).collect()
    } else {
        (0..2).map(|_| (0..size).map(|_| 0.5 * dice.normal()).collect()).collect()
    };
    let along = |d: &[f64]| -> f64 { d.iter().zip(&e.gradient).map(|(d, g)| d * g).sum() };
    let found: Vec<f64> = directions.iter().map(|d| along(d)).collect();
    let slopes: Vec<f64> = directions.iter().map(|d| twin.slope(at, d, 3e-4)).collect();
    assert_close(&format!("gradient: {what}"), &found, &slopes, 1e-7);
}

#[test]
fn one_predictor_is_the_twins() {
    for case in single() {
        check(&case, false, true);
    }
}

#[test]
fn expected_information_is_the_twins() {
    for case in single() {
        check(&case, true, case.design.n() < 200);
    }
    // A family that gives expected weights in two predictors.
    for case in several().into_iter().filter(|c| c.name.starts_with("spread")) {
        check(&case, true, false);
    }
}

#[test]
fn several_predictors_are_the_twins() {
    for case in several() {
        check(&case, false, case.design.n() < 200);
    }
}

#[test]
fn a_sparse_tail_is_the_twins() {
    for case in sparse() {
        check(&case, false, false);
    }
}

#[test]
fn offsets_and_weights_are_the_twins() {
    for (seed, name) in [(3, "several terms on one factor"), (4, "crossed slopes"), (5, "several terms, crossed")] {
        let mut case = single().into_iter().find(|c| c.name == name).unwrap();
        let mut dice = Dice::new(seed);
        let n = case.design.n();
        case.design.offsets[0] = Some((0..n).map(|_| 0.5 * dice.normal()).collect());
        case.design.data.weights = Some((0..n).map(|_| 0.3 + 2.0 * dice.uniform()).collect());
        check(&case, false, n < 200);
        check(&case, true, false);
    }
    let mut case = several().swap_remove(4);
    let mut dice = Dice::new(6);
    let n = case.design.n();
    case.design.offsets = (0..2).map(|_| Some((0..n).map(|_| 0.3 * dice.normal()).collect())).collect();
    case.design.data.weights = Some((0..n).map(|_| 0.3 + 2.0 * dice.uniform()).collect());
    check(&case, false, false);
}

#[test]
fn rows_of_weight_zero_are_not_there() {
    for mut case in [single().swap_remove(5), single().swap_remove(8), several().swap_remove(4)] {
        let mut dice = Dice::new(9);
        let n = case.design.n();
        let keep: Vec<bool> = (0..n).map(|_| dice.uniform() < 0.8).collect();
        let cut = |v: &[f64]| -> Vec<f64> { v.iter().zip(&keep).filter(|(_, k)| **k).map(|(v, _)| *v).collect() };
        let mut without = case.design.clone();
        without.data.y = cut(&without.data.y);
        for column in without.data.x.iter_mut().chain(without.data.terms.iter_mut().flat_map(|t| &mut t.1)) {
            *column = column.as_deref().map(cut);
        }
        for (codes, _) in &mut without.data.groups {
            *codes = codes.iter().zip(&keep).filter(|(_, k)| **k).map(|(c, _)| *c).collect();
        }
        case.design.data.weights = Some(keep.iter().map(|&k| f64::from(u8::from(k))).collect());
        let of = |design: &Design| {
            let model = Glmm::new(Arc::clone(&case.family), &design.rows(), false).unwrap();
            model.evaluate(1, &case.at).unwrap()
        };
        let (a, b) = (of(&case.design), of(&without));
        assert_close(case.name, &[a.criterion], &[b.criterion], 1e-11);
        assert_close(case.name, &a.gradient, &b.gradient, 1e-8);
        check(&case, false, false);
    }
}

/// The Hessian by differences of the gradient in the user's own parameters.
pub fn differences(model: &Glmm, nagq: usize, at: &Parameter) -> Vec<f64> {
    let size = at.theta.len() + at.beta.len() + at.psi.len();
    let column = |j: usize| -> Vec<f64> {
        let unit: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == j))).collect();
        let gradient = |by: f64| model.evaluate(nagq, &moved(at, &unit, by)).unwrap().gradient;
        let across = |by: f64| -> Vec<f64> {
            gradient(by).iter().zip(gradient(-by)).map(|(u, d)| (u - d) / (2.0 * by)).collect()
        };
        across(3e-4).iter().zip(across(6e-4)).map(|(near, far)| (4.0 * near - far) / 3.0).collect()
    };
    (0..size).flat_map(column).collect()
}

#[test]
fn second_derivatives_are_those_of_the_gradient() {
    for Case { name, family, design, at, .. } in single().into_iter().chain(several()).chain(sparse()) {
        let model = Glmm::new(family, &design.rows(), false).unwrap();
        let found = model.at(1, &at).unwrap().hessian;
        let expected = differences(&model, 1, &at);
        let (size, count) = ((found.len() as f64).sqrt() as usize, at.theta.len());
        // Away from an optimum theta's own block depends on the coordinates that one differentiates in.
        let rest = |h: &[f64]| -> Vec<f64> {
            (0..size * size).filter(|m| m % size >= count || m / size >= count).map(|m| h[m]).collect()
        };
        // A step is a thousandth of a standard error, and far from an optimum third derivatives are large.
        assert_close(name, &rest(&found), &rest(&expected), 1e-4);
    }
}
