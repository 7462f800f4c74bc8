//! Optima: certified, on the boundary where they belong, and found in few evaluations.

use super::assert_close;
use super::data::{Data, Dice, crossed, designs};
use mixedmodels_engine::lmm::{Lmm, Optimum};
use mixedmodels_engine::optimize::{Options, Status};

pub fn fit(data: &Data, reml: bool) -> Optimum {
    let model = Lmm::new(&data.rows(), reml).unwrap();
    model.fit(None, Options::default(), &mut |_, _| true).unwrap()
}

/// Converged, certified, and nothing nearby is better.
#[track_caller]
pub fn assert_optimal(what: &str, data: &Data, reml: bool, found: &Optimum) {
    let (solution, certificate) = (&found.solution, &found.solution.certificate);
    assert_eq!(found.status, Status::Converged, "{what}");
    assert!(certificate.holds, "{what}: {certificate:?}");
    let model = Lmm::new(&data.rows(), reml).unwrap();
    let again = model.criterion(&solution.theta).unwrap();
    assert_close(what, &[again], &[solution.criterion], 1e-11);
    let mut dice = Dice::new(7);
    for size in [1e-3, 1e-2, 0.1] {
        let near: Vec<f64> = solution.theta.iter().map(|t| t + size * dice.normal()).collect();
        let there = model.criterion(&near).unwrap();
        assert!(there > solution.criterion - 1e-9 * again.abs(), "{what}: {there} at {near:?} is below {again}");
    }
}

/// Diagonal elements of T are reported without a sign.
fn diagonal(theta: &[f64], k: usize) -> Vec<f64> {
    (0..k)
        .scan(0, |at, j| {
            let here = *at;
            *at += k - j;
            Some(theta[here])
        })
        .collect()
}

#[test]
fn every_design_has_a_certified_optimum() {
    for (name, data) in designs() {
        for reml in [false, true] {
            let found = fit(&data, reml);
            let place = format!("{name}, REML {reml}");
            assert_optimal(&place, &data, reml, &found);
            let most = if data.n_theta() <= 6 { 12 } else { 25 };
            assert!(found.trace.len() <= most, "{place}: {} evaluations", found.trace.len());
            let k = data.terms[0].1.len();
            assert!(diagonal(&found.solution.theta, k).iter().all(|&t| t >= 0.0), "{place}");
        }
    }
}

/// Residuals without the mean of their level: no variance between levels is left to see.
fn centre_within(data: &mut Data, group: usize, column: Option<&[f64]>) {
    let (codes, levels) = data.groups[group].clone();
    let value = |row: usize| column.map_or(1.0, |c| c[row]);
    for level in 0..levels {
        let rows: Vec<usize> = (0..data.n()).filter(|&r| codes[r] as usize == level).collect();
        let square: f64 = rows.iter().map(|&r| value(r).powi(2)).sum();
        let along: f64 = rows.iter().map(|&r| value(r) * data.y[r]).sum::<f64>() / square;
        rows.iter().for_each(|&r| data.y[r] -= along * value(r));
    }
}

/// A balanced table: `levels` times `rows`, a covariate -1 .. 1 within each level, an intercept and that covariate in
/// X, noise for y.
fn balanced(seed: u64, levels: usize, rows: usize) -> Data {
    let n = levels * rows;
    let x: Vec<f64> = (0..n).map(|i| 2.0 * (i % rows) as f64 / (rows - 1) as f64 - 1.0).collect();
    let codes = (0..n).map(|i| (i / rows) as i32).collect();
    let mut data = Data {
        y: Dice::new(seed).normals(n),
        x: vec![None, Some(x.clone())],
        groups: vec![(codes, levels)],
        terms: vec![(0, vec![None, Some(x.clone())])],
        weights: None,
    };
    centre_within(&mut data, 0, None);
    centre_within(&mut data, 0, Some(&x));
    data
}

/// Add an effect to every level, through a column.
fn add_effects(data: &mut Data, seed: u64, sd: f64, column: Option<&[f64]>) {
    let b = Dice::new(seed).normals(data.groups[0].1);
    for (row, y) in data.y.iter_mut().enumerate() {
        *y += sd * b[data.groups[0].0[row] as usize] * column.map_or(1.0, |c| c[row]);
    }
}

#[test]
fn a_variance_that_is_not_there_is_exactly_zero() {
    for reml in [false, true] {
        let mut data = balanced(1, 10, 6);
        data.terms[0].1.truncate(1);
        let found = fit(&data, reml);
        assert_eq!(found.solution.theta, [0.0]);
        assert_optimal("no variance", &data, reml, &found);
        let certificate = &found.solution.certificate;
        assert!(certificate.min_score_eigenvalue[0] > 0.0 && certificate.escape_gain == 0.0);
        assert!(found.solution.b[0].iter().all(|&b| b.abs() < 1e-12));
    }
}

#[test]
fn all_variances_of_a_pair_may_be_zero() {
    for reml in [false, true] {
        let data = balanced(2, 12, 8);
        let found = fit(&data, reml);
        assert_eq!(found.solution.theta, [0.0; 3]);
        assert_optimal("no variances", &data, reml, &found);
        assert!(found.solution.certificate.min_score_eigenvalue[0] > 0.0);
        assert!(found.trace.len() <= 12, "{} evaluations", found.trace.len());
    }
}

#[test]
fn one_of_two_factors_may_have_no_variance() {
    let mut data = crossed(3, 240, &[(20, 1), (12, 1)]);
    let mut dice = Dice::new(4);
    data.groups[1].0 = (0..240).map(|i| i / 20).collect();
    data.groups[0].0 = (0..240).map(|i| i % 20).collect();
    data.x.truncate(1);
    data.y = dice.normals(240);
    centre_within(&mut data, 1, None);
    add_effects(&mut data, 5, 1.5, None);
    let found = fit(&data, true);
    assert!(found.solution.theta[0] > 1.0);
    assert_eq!(found.solution.theta[1], 0.0);
    assert_optimal("one of two", &data, true, &found);
    assert!(found.solution.certificate.min_score_eigenvalue.iter().all(|&v| v >= -1e-6));
}

#[test]
fn intercepts_may_not_vary_where_slopes_do() {
    // Slopes vary, intercepts do not: the first row of T is zero, and only theta_2^2 + theta_3^2 is determined.
    let mut data = balanced(6, 14, 7);
    let x = data.x[1].clone().unwrap();
    add_effects(&mut data, 7, 1.0, Some(&x));
    for reml in [false, true] {
        let found = fit(&data, reml);
        let theta = &found.solution.theta;
        assert!(theta[0].abs() < 1e-9 && theta[1].hypot(theta[2]) > 0.5, "{theta:?}");
        assert_optimal("slopes alone", &data, reml, &found);
        assert!(found.trace.len() <= 12, "{} evaluations", found.trace.len());
    }
}

#[test]
fn two_factors_that_hardly_differ_take_few_evaluations() {
    // The second factor is the first with two pairs of levels swapped in a few rows: the criterion is all but flat
    // along theta_1^2 + theta_2^2 = constant.
    let mut data = crossed(8, 300, &[(30, 1), (30, 1)]);
    data.groups[1] = data.groups[0].clone();
    for row in 0..4 {
        data.groups[1].0[row] = (data.groups[1].0[row] + 1) % 30;
    }
    for reml in [false, true] {
        let found = fit(&data, reml);
        assert_optimal("twins", &data, reml, &found);
        assert!(found.trace.len() <= 15, "{} evaluations", found.trace.len());
    }
}

#[test]
fn a_thousandfold_theta_takes_few_evaluations() {
    for reml in [false, true] {
        let mut one = balanced(9, 20, 5);
        one.terms[0].1.truncate(1);
        add_effects(&mut one, 10, 1000.0, None);
        let found = fit(&one, reml);
        assert!(found.solution.theta[0] > 300.0, "{:?}", found.solution.theta);
        assert_optimal("one variance", &one, reml, &found);
        assert!(found.trace.len() <= 15, "{} evaluations", found.trace.len());

        let mut two = crossed(11, 400, &[(25, 1), (16, 1)]);
        add_effects(&mut two, 12, 1000.0, None);
        let found = fit(&two, reml);
        assert!(found.solution.theta[0] > 300.0, "{:?}", found.solution.theta);
        assert_optimal("one of two variances", &two, reml, &found);
        assert!(found.trace.len() <= 15, "{} evaluations", found.trace.len());
    }
}

#[test]
fn twenty_theta_on_the_boundary_take_few_evaluations() {
    // Two crossed factors with four effects each, of which two vary.
    let mut dice = Dice::new(13);
    let n = 28 * 16;
    let x: Vec<Vec<f64>> =
        (0..3).map(|_| (0..n).map(|_| if dice.uniform() < 0.5 { -1.0 } else { 1.0 }).collect()).collect();
    let columns: Vec<Option<Vec<f64>>> = std::iter::once(None).chain(x.iter().cloned().map(Some)).collect();
    let groups = vec![((0..n).map(|i| (i % 28) as i32).collect(), 28), ((0..n).map(|i| (i / 28) as i32).collect(), 16)];
    let mut data = Data {
        y: dice.normals(n),
        x: columns.clone(),
        groups: groups.clone(),
        terms: vec![(0, columns.clone()), (1, columns.clone())],
        weights: None,
    };
    for (codes, levels) in &groups {
        for column in columns.iter().take(2) {
            let b = dice.normals(*levels);
            for row in 0..n {
                data.y[row] += 0.7 * b[codes[row] as usize] * column.as_ref().map_or(1.0, |c| c[row]);
            }
        }
    }
    let found = fit(&data, true);
    assert_eq!(found.solution.theta.len(), 20);
    assert_optimal("twenty theta", &data, true, &found);
    assert!(found.trace.len() <= 25, "{} evaluations", found.trace.len());
}

#[test]
fn without_random_effects_it_is_least_squares() {
    let mut data = crossed(14, 60, &[(6, 1)]);
    data.groups.clear();
    data.terms.clear();
    let found = fit(&data, true);
    assert!(found.solution.certificate.holds && found.solution.theta.is_empty());
    let model = Lmm::new(&data.rows(), true).unwrap();
    assert_eq!(model.describe().path, "no random effects");
    let rss: f64 = (0..60)
        .map(|i| {
            let x = |j: usize| data.x[j].as_ref().map_or(1.0, |c| c[i]);
            (data.y[i] - (0..3).map(|j| found.solution.beta[j] * x(j)).sum::<f64>()).powi(2)
        })
        .sum();
    assert_close("sigma", &[found.solution.sigma.powi(2)], &[rss / 57.0], 1e-10);
}

#[test]
fn derivatives_at_the_optimum_are_those_of_theta() {
    let data = crossed(15, 200, &[(20, 3), (10, 1)]);
    let found = fit(&data, true);
    let e = Lmm::new(&data.rows(), true).unwrap().evaluate(&found.solution.theta).unwrap();
    assert!(found.solution.gradient.iter().all(|g| g.abs() < 1e-3), "{:?}", found.solution.gradient);
    assert_close("gradient", &found.solution.gradient, &e.gradient, 1e-6);
}
